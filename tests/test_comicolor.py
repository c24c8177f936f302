"""Comicolorization: palettes of pictures, and candidates in the colours of a reference."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from colorlab.draws import Draws
from colorlab.errors import ConfigError
from colorlab.methods.comicolor import palette_of
from colorlab.samplers.area_guides import OnlyColors
from colorlab.samplers.guides import Bias
from colorlab.types import Batch, Condition
from tests.small_methods import image, stirred

SMALL = ["name=t", "method=comicolor", "method.width=4", "method.critic.width=4",
         "method.net.colors=3", "method.net.remembered=5", "trainer.max_steps=10"]  # fmt: skip


class Pictures:
    """Five flat pictures, of 0.1, 0.3, ... gray."""

    splits = {"train": torch.arange(5).numpy()}

    def __getitem__(self, which: list[int]) -> Batch:
        rgb = (0.1 + 0.2 * torch.tensor(which, dtype=torch.float32))[:, None, None, None].expand(
            -1, 3, 16, 16
        )
        return Batch(
            rgb, rgb[:, :1], torch.tensor(which), [""] * len(which), torch.full((len(which),), -1)
        )


def comicolor() -> Any:
    built = stirred(SMALL)
    built.prepare(Pictures())
    return built


def test_a_palette_is_a_pictures_colours_by_their_shares() -> None:
    rgb = torch.zeros(3, 8, 8)
    rgb[0], rgb[:, :, 6:] = 1, torch.tensor([0.0, 0.5, 1.0])[:, None, None]
    found = palette_of(rgb, 3).view(3, 4)
    assert torch.allclose(found[0], torch.tensor([1.0, -1, -1, 0.75])) and found[2].abs().max() == 0
    assert torch.allclose(found[1], torch.tensor([-1.0, 0, 1, 0.25]), atol=1e-6)


def test_palettes_of_training_pictures_are_kept_and_drawn() -> None:
    built = comicolor()
    kept = built.palettes.view(5, 3, 4)
    assert torch.allclose(kept[:, 0, 0], torch.tensor([-0.8, -0.4, 0.0, 0.4, 0.8]), atol=1e-5)
    drawn = built.drawn(Draws(0, [0]).candidates(200), None)
    assert len(drawn.unique(dim=0)) == 5 and (drawn[:, None] == built.palettes).all(2).any(1).all()


def test_wanted_colours_are_the_palette_in_orders_of_the_candidates_own() -> None:
    wanted = torch.tensor([[1.0, 0, 0], [0, 0, 1.0]])
    drawn = comicolor().drawn(Draws(0, [0]).candidates(50), wanted).view(50, 3, 4)
    seen = (drawn[:, :2, :3] + 1) / 2
    # each of both comes before one comes again
    assert (seen.sum(1) == torch.tensor([1.0, 0, 1])).all()
    assert 10 < seen[:, 0, 0].sum() < 40


def test_a_palette_changes_the_pictures_and_other_guides_are_refused() -> None:
    built, shown, draws = comicolor(), Condition(image()), Draws(0, [0])
    free, red, blue = (built.sample(shown, 2, draws, guides) for guides in
                       ([], [OnlyColors(["#ff0000"])], [OnlyColors(["#0000ff"])]))  # fmt: skip
    assert min((a - b).abs().max() for a, b in ((free, red), (red, blue))) > 1e-3
    with pytest.raises(ConfigError, match="comicolor takes palette="):
        built.sample(shown, 1, draws, [Bias("#ff0000")])


def test_the_losses_are_their_formulas() -> None:
    built, rgb = comicolor(), Draws(0, [0, 1]).uniform(3, 32, 32)
    batch = Batch(
        rgb, image().expand(2, -1, -1, -1), torch.arange(2), [""] * 2, torch.full((2,), -1)
    )
    made = built.made(batch, Draws(0, [0, 1]))
    fake, real = (built.discriminator(batch.image, x)[0] for x in (made["painted"], 2 * rgb - 1))
    found = built.generator_loss(batch, made)
    l2 = (made["painted"] - (2 * rgb - 1)).square().mean()
    assert found["loss"].item() == pytest.approx(
        ((fake - 1).square().mean() + 100 * l2).item(), rel=1e-4
    )
    judged = built.discriminator_loss(batch, made, Draws(0, [0, 1]))["loss"]
    assert judged.item() == pytest.approx(
        (((real - 1).square().mean() + fake.square().mean()) / 2).item(), rel=1e-4
    )
