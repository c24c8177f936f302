"""Colours for areas, one after another in any order: each is a distribution over a palette, given
those before it.

Pannier et al. (2024), "sigma-GPTs: A new approach to autoregressive models": a token knows the area
whose colour was just told and the area whose colour is asked for, so one causal transformer serves
every order. All colours of a drawing are learned in one pass; drawing them takes one token per
step, with the keys and values of the steps before kept."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from colorlab.nets.area_encoder import Drawn, Layer

# half waves of the sines that a colour is shown by, over 100 Lab units
SCALES = (1.0, 2.0, 4.0, 8.0)


class ColorDecoder(nn.Module):
    """Distributions of the areas' colours.

    d, layers, heads: of the transformer. colors: of the palette."""

    def __init__(self, d: int, layers: int, heads: int, colors: int) -> None:
        super().__init__()
        self.asked: nn.Module = nn.Linear(d, d)
        self.told: nn.Module = nn.Linear(d, d)
        self.color = color_embedding(d)
        self.first = nn.Parameter(torch.zeros(d))
        self.heads, self.layers = heads, nn.ModuleList(Layer(d, heads) for _ in range(layers))
        self.norm, self.head = nn.LayerNorm(d), nn.Linear(d, colors)
        nn.init.zeros_(self.head.weight)

    def forward(self, drawn: Drawn, lab: Tensor, order: Tensor) -> Tensor:
        """lab (B, R, 3): the areas' colours; order (B, R): a permutation, areas that are not there
        last. -> logits (B, R, colors), the i-th of area order[i], given the colours of
        order[:i]."""
        areas, lab = (
            x.gather(1, order[..., None].expand(-1, -1, x.shape[-1])) for x in (drawn.areas, lab)
        )
        told = self.told(areas[:, :-1]) + self.color(waves(lab[:, :-1]))
        x = self.asked(areas) + torch.cat([self.first.expand(areas.shape[0], 1, -1), told], 1)
        bias = in_order(drawn.relations, order)
        ahead = torch.ones(x.shape[1], x.shape[1], dtype=torch.bool, device=x.device).triu(1)
        bias = bias.masked_fill(ahead, -math.inf)
        for layer in self.layers:
            x = layer(x, bias)
        logits: Tensor = self.head(self.norm(x))
        return logits

    def steps(self, drawn: Drawn, order: Tensor) -> Steps:
        """n candidates of one drawing, to be coloured area by area, each in its own order,
        (n, R)."""
        return Steps(self, drawn, order)


class Steps:
    """The decoder with what it remembers: R calls, each with the colours of the area before,
    (n, 3), None at first.

    Of one drawing (B = 1), n candidates at a time."""

    def __init__(self, net: ColorDecoder, drawn: Drawn, order: Tensor) -> None:
        self.net, self.at, self.order, self.relations = net, 0, order, drawn.relations[0]
        areas = drawn.areas[0, order]  # (n, R, d)
        self.asked, self.told = net.asked(areas), net.told(areas)
        n, R, d = areas.shape
        empty = areas.new_empty(len(net.layers), n, net.heads, R, d // net.heads)
        self.keys, self.values, self.n = empty, empty.clone(), n

    def __call__(self, lab: Tensor | None) -> Tensor:
        """-> logits (n, colors) of the next area."""
        at = self.at
        x = (
            self.net.first.expand(self.n, -1)
            if lab is None
            else self.told[:, at - 1] + self.net.color(waves(lab))
        )
        x = (x + self.asked[:, at])[:, None]
        bias = self.bias()
        for layer, keys, values in zip(self.net.layers, self.keys, self.values, strict=True):
            query, keys[:, :, at : at + 1], values[:, :, at : at + 1] = layer.heads_of(x)  # type: ignore[operator]
            known = keys[:, :, : at + 1], values[:, :, : at + 1]
            x = layer.joined(x, F.scaled_dot_product_attention(query, *known, attn_mask=bias))  # type: ignore[operator]
        self.at += 1
        logits: Tensor = self.net.head(self.net.norm(x[:, 0]))
        return logits

    def bias(self) -> Tensor:
        """(n, heads, 1, steps so far): a row of ``in_order``. All rows together would be n R^2
        heads numbers."""
        asked, told = self.order[:, self.at, None], self.order[:, : self.at]
        return F.pad(self.relations[asked, told], (0, 0, 1, 0)).movedim(-1, 1)[:, :, None]


def in_order(relations: Tensor, order: Tensor) -> Tensor:
    """(B, R, R, heads), (B, R) -> (B, heads, R, R): from the area asked for at step i to the area
    told at step j, which is the one before j's; 0 for the first step, that is told nothing."""
    R = order.shape[1]
    rows = relations.gather(1, order[:, :, None, None].expand(-1, -1, R, relations.shape[-1]))
    told = order[:, None, :-1, None].expand(-1, R, -1, relations.shape[-1])
    return F.pad(rows.gather(2, told), (0, 0, 1, 0)).movedim(3, 1)


def color_embedding(d: int) -> nn.Sequential:
    """Waves of a colour -> (..., d)."""
    return nn.Sequential(nn.Linear(3 * (1 + 2 * len(SCALES)), d), nn.SiLU(), nn.Linear(d, d))


def waves(lab: Tensor) -> Tensor:
    """Lab (..., 3) in hundreds -> (..., 27): the values, and sines and cosines at four scales."""
    phase = lab[..., None] * math.pi * lab.new_tensor(SCALES)
    return torch.cat([lab[..., None], phase.sin(), phase.cos()], -1).flatten(-2)
