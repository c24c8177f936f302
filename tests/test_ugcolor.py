"""User-guided colorization: hints as the paper makes them, obeyed exactly, and spread by a net
shown them."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from colorlab.color import AB, lab_of
from colorlab.conditions.revealed import MOST, patches, revealed, span
from colorlab.draws import Draws
from colorlab.errors import ConfigError
from colorlab.samplers.guides import Bias, Flat, Inpaint
from colorlab.types import Batch, Condition, Hints
from tests.small_methods import image, stirred

SMALL = [
    "name=t",
    "method=ugcolor",
    "data.condition=gray",
    "method.width=2",
    "trainer.max_steps=10",
]


def ugcolor(*overrides: str) -> Any:
    return stirred([*SMALL, *overrides])


def red_square() -> Hints:
    mask = torch.zeros(1, 1, 32, 32)
    mask[..., 8:12, 20:24] = 1
    return Hints(torch.tensor([0.8, 0.1, 0.1]).view(1, 3, 1, 1) * mask, mask)


@pytest.mark.whole
def test_how_many_hints_are_shown_is_geometric_and_one_picture_in_so_many_is_shown_whole() -> None:
    places = Draws(0, range(4000)).to("revealed").uniform(3)[:, 0]
    ab = torch.ones(4000, 2, 1, 1)
    none = (revealed(ab, 0.125, 1, 0.0, Draws(0, range(4000)))[:, 2] == 0).float().mean()
    assert float(none) == pytest.approx(1 / 8, abs=0.02)  # P(no hint) of a geometric count
    count = (torch.log1p(-places) / torch.log(torch.tensor(7 / 8))).floor()
    assert float(count.clamp(max=MOST).mean()) == pytest.approx(7, abs=0.4)
    whole = (
        revealed(torch.ones(4000, 2, 12, 12), 0.999, 1, 0.1, Draws(0, range(4000)))[:, 2].mean(
            (1, 2)
        )
        == 1
    )
    assert float(whole.float().mean()) == pytest.approx(0.1, abs=0.02)


def test_a_patch_shows_the_mean_of_the_pixels_that_it_covers() -> None:
    ab = Draws(0, [0]).normal(2, 10, 12)[0]
    hints = patches(ab, torch.tensor([[0.5, 0.5]]), torch.tensor([3]))
    assert hints[2].sum() == 9 and hints[2, 4:7, 5:8].all()
    assert torch.allclose(
        hints[:2, 4:7, 5:8], ab[:, 4:7, 5:8].mean((1, 2), keepdim=True).expand(-1, 3, 3)
    )
    assert hints[:2][:, hints[2] == 0].abs().max() == 0


@pytest.mark.parametrize(
    ("center", "side", "length"), [(-0.4, 9, 32), (1.7, 9, 32), (0.5, 9, 4), (0.99, 1, 1)]
)
def test_a_patch_lies_inside_of_the_picture(center: float, side: int, length: int) -> None:
    rows = span(center, side, length)
    assert 0 <= rows.start < rows.stop <= length and rows.stop - rows.start == min(side, length)


def test_hints_come_back_exactly_in_hue_and_lightness_stays() -> None:
    hints, picture = red_square(), torch.full((1, 1, 32, 32), 0.4)
    drawn = ugcolor().sample(
        Condition(picture, hints), 2, Draws(0, [0]), [Inpaint("noised", 1, 0.1)]
    )
    expected = AB().decode(AB().encode(hints.rgb), picture)
    assert torch.allclose(
        drawn[0, :, :, 8:12, 20:24], expected[:, :, 8:12, 20:24].expand(2, -1, -1, -1), atol=1e-5
    )
    assert (lab_of(drawn)[:, :, 0] - lab_of(picture.expand(-1, 3, -1, -1))[:, 0]).abs().max() < 0.5


def test_a_hint_reaches_beyond_its_pixels() -> None:
    built, plain = ugcolor("method.suggested=0"), Condition(image())
    free, led = (
        built.sample(c, 1, Draws(0, [0])) for c in (plain, plain._replace(hints=red_square()))
    )
    assert (free - led)[..., :6, :].abs().max() > 0


@pytest.mark.whole
def test_without_suggestions_one_picture_is_painted_and_with_them_candidates_differ() -> None:
    one, many = (
        ugcolor(f"method.suggested={s}").sample(Condition(image()), 2, Draws(0, [0]))[0]
        for s in (0, 4)
    )
    assert torch.equal(one[0], one[1]) and not torch.equal(many[0], many[1])


def test_suggested_hints_are_colours_of_the_classes_and_leave_the_users_alone() -> None:
    built = ugcolor("method.suggested=20")
    hints = torch.zeros(2, 3, 32, 32)
    hints[:, :, 10:22] = 1.0
    logits = torch.full((2, len(built.bins), 8, 8), -30.0)
    logits[:, 7] = 30
    shown = built.with_own(hints, logits, Draws(0, [0, 1]))
    added = (shown[:, 2] == 1) & (hints[:, 2] == 0)
    assert added.any() and torch.equal(shown[:, :, 10:22], hints[:, :, 10:22])
    assert torch.allclose(
        110 * shown.movedim(1, -1)[added][:, :2], built.bins.table[7].expand(int(added.sum()), -1)
    )


def test_a_histogram_has_the_shares_of_the_bins_and_the_saturation() -> None:
    built = ugcolor()
    rgb = torch.zeros(1, 3, 2, 2)
    rgb[0, :, 0, 0] = torch.tensor([1.0, 0.0, 0.0])
    told = built.histogram(rgb)[0]
    red, black = built.bins.nearest(110 * AB().encode(rgb).movedim(1, -1))[0, 0].tolist()[0:2]
    assert told[red] == 0.25 and told[black] == 0.75 and told[:-3].sum() == 1
    assert torch.allclose(told[-3:], torch.tensor([0.25, 1.0, 1.0]))


@pytest.mark.whole
def test_a_picture_named_as_bias_is_a_global_hint_and_other_guides_are_refused() -> None:
    built, condition = ugcolor(), Condition(image())
    plain, biased = (
        built.sample(condition, 1, Draws(0, [0]), g) for g in ([], [Bias(torch.rand(3, 8, 8))])
    )
    assert not torch.equal(plain, biased)
    for method, guide in (
        (built, Flat(1.0)),
        (ugcolor("method.reveal.histogram=0"), Bias("#ff0000")),
    ):
        with pytest.raises(ConfigError, match="takes hints, and no guide="):
            method.sample(condition, 1, Draws(0, [0]), [guide])


def test_hints_of_another_size_are_told_in_one_line() -> None:
    with pytest.raises(ConfigError, match="make them equal"):
        ugcolor().sample(Condition(image(16, 16), red_square()), 1, Draws(0, [0]))


def test_the_classes_teach_their_own_head_alone_and_the_distance_is_hubers_in_lab_units() -> None:
    built = ugcolor("method.reveal.histogram=0").requires_grad_()
    rgb = Draws(0, [0, 1]).uniform(3, 16, 16)
    batch = Batch(
        rgb, image(16, 16).expand(2, -1, -1, -1), torch.arange(2), ["", ""], torch.zeros(2)
    )
    losses = built.loss(batch, Draws(0, [0, 1]))
    hints = revealed(AB().encode(rgb), 0.125, 9, 0.01, Draws(0, [0, 1]))
    off = (built.net(batch.image, hints)[1] * 110 - lab_of(rgb)[:, 1:]).abs()
    assert torch.allclose(
        losses["huber"], torch.where(off < 1, off.square() / 2, off - 0.5).mean(), rtol=1e-4
    )
    assert torch.allclose(losses["loss"], losses["huber"] + losses["classes"])
    logits = built.net(batch.image, hints)[0]
    logits.sum().backward()
    assert built.net.conv1[0].weight.grad is None and built.net.classes.weight.grad is not None
