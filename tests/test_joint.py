"""Why draw place by place: where a whole picture is of one colour or another, each place alone
cannot know which."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from colorlab.cli.config import compose
from colorlab.cli.targets import build
from colorlab.color import AB, luma
from colorlab.draws import Draws
from colorlab.types import Batch, Condition
from tests.two_colors import descend

FEW = {
    "pixcolor": [
        "data.condition=gray",
        "method.order.blocks=2",
        "method.order.causal_width=16",
        "method.levels=8",
    ],
    "coltran": [
        "method.width=16",
        "method.net.heads=2",
        "method.net.blocks=2",
        "method.net.coarse=2",
    ],
}
STEPS = 120


def pictures(step: int) -> Batch:
    """Eight pictures of 16 px, each all red or all green, of one luma."""
    red = Draws(0, range(8), [step] * 8, "toy").uniform() < 0.5
    colors = AB().decode(
        torch.tensor([[0.5, 0.3], [-0.5, 0.3]]).view(2, 2, 1, 1), torch.full((2, 1, 1, 1), 0.5)
    )
    rgb = colors[red.long()].expand(-1, -1, 16, 16).contiguous()
    return Batch(rgb, luma(rgb) * 0 + 0.5, torch.arange(8), [""] * 8, torch.zeros(8))


def trained(name: str) -> Any:
    torch.manual_seed(0)
    words = ["name=t", f"method={name}", "method.width=4", *FEW[name], "method.optimizer.lr=1e-2"]
    method = build(compose("train", [*words, f"trainer.max_steps={STEPS}"]).method)
    ((optimizer, schedule),) = method.optimizers()
    for step in range(STEPS):
        descend(optimizer, method.loss(pictures(step), Draws(0, range(8), [step] * 8))["loss"])
        schedule.step()
    return method.eval()


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(FEW))
def test_a_joint_needs_one_bit_a_picture_where_marginals_need_one_a_place(name: str) -> None:
    method = trained(name)
    with torch.no_grad():
        losses = method.loss(pictures(999), Draws(0, range(8)))
    numbers = 16 * (2 if name == "pixcolor" else 3)
    assert float(losses["bits"]) * numbers < 4  # a picture's: 1 in the limit
    assert float(losses["alone_bits"]) * numbers > 12  # 16 in the limit
    drawn = method.sample(Condition(pictures(0).image[:1]), 8, Draws(0, [0]))[0]
    warm = AB().encode(drawn)[:, 0]  # (8, 16, 16): a
    pure = (warm.mean((1, 2)).abs() > 0.2) & (warm.std((1, 2)) < 0.15)
    assert pure.sum() >= 6  # of one colour each; by marginals, one of 30,000 would be
    assert (warm[pure].mean((1, 2)) > 0).any() and (warm[pure].mean((1, 2)) < 0).any()
