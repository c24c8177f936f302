"""The net of ``cic_net`` with capsules in the middle: parts of the picture vote for a few objects,
and hear from them.

In the spirit of UCapsNet (Pucci, Micheloni and Martinel, "Collaborative Image and Object Level
Features for Image Colourisation", 2021) with the routing by agreement of Sabour, Frosst and Hinton
(2017). Two things differ from it: the matrices are shared by all places, so that pictures of any
size pass, and there are several objects, without which there is nothing to route. conv5 stays;
conv6 and conv7 make room, so that at one width it has a little fewer weights than CICNet."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from colorlab.nets.cic_net import CICNet

OBJECTS, POSE = 8, 8  # object capsules, and the length of each capsule's vector
ROUNDS = 3  # of routing


class CapsuleNet(CICNet):
    """See ``CICNet``."""

    def __init__(self, width: int, stride: int, shortcuts: bool) -> None:
        super().__init__(width, stride, shortcuts)
        del self.conv6, self.conv7
        deep = 8 * width
        self.primary = nn.Conv2d(deep, deep, 5, padding=2)
        self.capsules = Capsules(deep // POSE)
        self.back = nn.Sequential(
            nn.Conv2d(deep, deep, 5, padding=2), nn.ReLU(), nn.BatchNorm2d(deep)
        )

    def middle(self, conv4: Tensor) -> Tensor:
        """conv4 -> what takes the place of conv7, (B, 8 width, H/8, W/8)."""
        conv5 = self.conv5(conv4)
        return conv5 + self.back(self.capsules(self.primary(conv5)))


class Capsules(nn.Module):
    """(B, types * POSE, h, w) -> the same: each place and type votes for the objects, and gets back
    the poses of those that it voted for."""

    def __init__(self, types: int) -> None:
        super().__init__()
        self.votes = nn.Parameter(torch.empty(types, POSE, OBJECTS, POSE))
        self.replies = nn.Parameter(torch.empty(types, OBJECTS, POSE, POSE))
        nn.init.normal_(self.votes, std=POSE**-0.5)
        nn.init.normal_(self.replies, std=POSE**-0.5)

    def forward(self, x: Tensor) -> Tensor:
        parts = squashed(x.unflatten(1, (-1, POSE)).flatten(3), 2)  # (B, T, POSE, P), P places
        votes = torch.einsum("btdp,tdje->btpje", parts, self.votes)
        share = routed(votes.detach())  # (B, T, P, J)
        objects = squashed(torch.einsum("btpj,btpje->bje", share, votes), 2)
        replies = torch.einsum("bje,tjed->btjd", objects, self.replies)
        return (
            torch.einsum("btpj,btjd->btdp", share, replies).flatten(1, 2).unflatten(2, x.shape[-2:])
        )


def routed(votes: Tensor) -> Tensor:
    """votes (B, T, P, J, E) -> (B, T, P, J), over J summing to 1: how much each part goes to each
    object."""
    logits = torch.zeros_like(votes[..., 0])
    for _ in range(ROUNDS - 1):
        objects = squashed(torch.einsum("btpj,btpje->bje", torch.softmax(logits, 3), votes), 2)
        logits = logits + torch.einsum("btpje,bje->btpj", votes, objects)
    return torch.softmax(logits, 3)


def squashed(v: Tensor, dim: int) -> Tensor:
    """Vectors along ``dim``, their lengths brought below 1: |v|^2 / (1 + |v|^2) v / |v|
    (Sabour et al., Eq. 1)."""
    square = v.square().sum(dim, keepdim=True)
    return v * (square / (1 + square)) / (square + 1e-8).sqrt()
