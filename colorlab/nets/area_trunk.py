"""What a drawing shows, as seen by a net that learned to name photographs: its features, averaged
over the areas.

EfficientNet-lite0's early stages stay as they are, later ones learn. What comes of it is added to a
reading of the drawing that needs none of it, and begins at zero, so that training may begin from
weights without it."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from colorlab.nets.imagenet.efficientnet_lite import LITE0, EfficientNetLite0
from colorlab.weights.store import backbone

SEEN = 160  # px; drawings are enlarged to this, nearer to the 224 px of the photographs
FROZEN = 4  # stages that do not learn
READ = (2, 4, 6)  # stages whose features are averaged over areas, at SEEN / 8, / 16 and / 32 pixels
HEAD = 1280  # channels of the last, from which photographs are named


class Trunk(nn.Module):
    """The net. d: width of what it gives. Weights start random, see ``load``."""

    def __init__(self, d: int) -> None:
        super().__init__()
        self.net = EfficientNetLite0()
        self.net._fc = nn.Identity()  # type: ignore[assignment]  # names of photographs are of no use
        self.norms = nn.ModuleList(nn.LayerNorm(LITE0[stage][-1]) for stage in READ)
        self.area = from_zero(sum(LITE0[stage][-1] for stage in READ), d)
        self.view = nn.Sequential(nn.LayerNorm(HEAD), *from_zero(HEAD, d))
        early = sum(stage[0] for stage in LITE0[:FROZEN])
        for part in (self.net._conv_stem, self.net._bn0, *self.net._blocks[:early]):
            part.requires_grad_(False)
        self.net.to(memory_format=torch.channels_last).eval()

    def load(self) -> None:
        """Take what was learned from photographs. DataError if the weights are nowhere."""
        # it lacks counts of batches, and holds ``_fc``
        self.net.load_state_dict(backbone("lite0"), strict=False)

    def train(self, mode: bool = True) -> Trunk:
        """Batch norms always keep to the means and variances of the photographs."""
        super().train(mode)
        self.net.eval()
        return self

    def learning(self) -> list[nn.Parameter]:
        """What learns of the photographs' net."""
        return [p for p in self.net.parameters() if p.requires_grad]

    def forward(self, image: Tensor, member: Tensor) -> tuple[Tensor, Tensor]:
        """image (B, 1, S, S) in [0, 1]; member (B, R, s, s): how much of each pixel is an area's ->
        for each area (B, R, d), and for the drawing's four quarters and the whole of it
        (B, 5, d)."""
        enlarged = F.interpolate(image, (SEEN, SEEN), mode="bilinear").expand(-1, 3, -1, -1)
        stages = self.net.stages(enlarged.contiguous(memory_format=torch.channels_last))
        read = [
            norm(average(stages[stage], F.adaptive_avg_pool2d(member, stages[stage].shape[-1])))
            for norm, stage in zip(self.norms, READ, strict=True)
        ]
        last = self.net.head(stages[-1])
        quarters = F.adaptive_avg_pool2d(last, 2).flatten(2).transpose(1, 2)
        views = torch.cat([quarters, last.mean((2, 3))[:, None]], 1)
        return self.area(torch.cat(read, -1)), self.view(views)


def from_zero(a: int, b: int) -> nn.Sequential:
    """(..., a) -> (..., b), all 0 until it has learned."""
    last = nn.Linear(b, b)
    nn.init.zeros_(last.weight)
    nn.init.zeros_(last.bias)
    return nn.Sequential(nn.Linear(a, b), nn.SiLU(), last)


def average(features: Tensor, weights: Tensor) -> Tensor:
    """(B, C, h, w), (B, R, h, w) -> (B, R, C): weighted means, 0 for an area without pixels."""
    weights = weights.flatten(2)
    total = weights.sum(-1, keepdim=True).clamp(min=1e-8)
    return torch.bmm(weights / total, features.flatten(2).transpose(1, 2))
