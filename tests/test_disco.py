"""DisCo: superpixels as tokens, anchors drawn in turn, hints as anchors."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from colorlab.color import AB, lab_of
from colorlab.draws import Draws
from colorlab.errors import ConfigError
from colorlab.methods.disco import anchors_of
from colorlab.nets.token_net import region_means
from colorlab.samplers.guides import Bias, Inpaint
from colorlab.types import Batch, Condition, Hints
from tests.small_methods import image, stirred

SMALL = [
    "name=t", "method=disco", "data.condition=gray", "method.width=2",
    "method.anchors.superpixels=9", "method.anchors.count=3", "method.net.channels=8",
    "method.net.heads=2", "method.net.layers=1", "method.refiner_width=4", "trainer.max_steps=10",
]  # fmt: skip


def disco(*overrides: str) -> Any:
    return stirred([*SMALL, *overrides])


def test_a_regions_mean_is_that_of_its_pixels_and_missing_regions_are_told() -> None:
    x = Draws(0, [0]).normal(2, 3, 4)
    label = torch.tensor([[[0, 0, 1, 1], [0, 0, 1, 3], [3, 3, 3, 3]]])
    means, there = region_means(x, label, 4)
    assert there.tolist() == [[True, True, False, True]]
    for region in (0, 1, 3):
        assert torch.allclose(means[0, region], x[0][:, label[0] == region].mean(1), atol=1e-6)
    assert means[0, 2].abs().max() == 0


def test_missing_superpixels_change_nothing() -> None:
    built = disco()
    label = torch.arange(16).view(1, 4, 4).repeat_interleave(8, 1).repeat_interleave(8, 2)
    tokens, there = built.net.tokens(image(), label, 16)
    wide, some = built.net.tokens(image(), label, 20)
    known = torch.full((1, 20), len(built.bins))
    found = built.net(wide, some, known)[:, :16]
    assert torch.allclose(found, built.net(tokens, there, known[:, :16]), atol=1e-5)


def test_anchors_are_far_from_one_another() -> None:
    tokens = torch.tensor([[0.0, 0.0], [0.1, 0.0], [5.0, 0.0], [0.0, 5.0], [5.1, 0.0]])
    assert set(anchors_of(tokens, 3).tolist()) in ({0, 3, 4}, {1, 3, 4})
    assert len(anchors_of(tokens, 9)) == 5


def test_anchors_keep_what_was_drawn_and_the_others_take_an_annealed_mean() -> None:
    built = disco("method.anchors.rest=1000000")
    tokens, there = torch.randn(1, 6, 8), torch.ones(1, 6, dtype=torch.bool)
    known = torch.full((1, 6), len(built.bins))
    known[0, 2] = 7
    ab = built.colored(tokens, there, known, Draws(0, [0]).candidates(2))
    assert torch.equal(ab[:, 2], built.bins.table[7].expand(2, -1))
    anchors = anchors_of(tokens[0], 3).tolist()
    mean = built.bins.table.mean(0)
    for token in range(6):
        if token in anchors and token != 2:
            assert (built.bins.table == ab[0, token]).all(1).any()
        elif token != 2:
            assert torch.allclose(ab[:, token], mean.expand(2, -1), atol=0.01)


def test_a_later_anchor_hears_of_an_earlier_one() -> None:
    built = disco()
    tokens, there = torch.randn(1, 6, 8), torch.ones(1, 6, dtype=torch.bool)
    known = torch.full((1, 6), len(built.bins))
    before = built.net(tokens, there, known)
    known[0, 0] = 3
    assert (built.net(tokens, there, known) - before)[0, 5].abs().max() > 0


def test_at_most_so_many_superpixels_are_shown_in_training() -> None:
    built, there = disco(), torch.ones(400, 9, dtype=torch.bool)
    there[:, 6:] = False
    shown = built.shown(there, Draws(0, range(400)))
    assert not shown[:, 6:].any()
    assert torch.equal(shown.sum(1).unique(), torch.arange(4))


def test_hints_come_back_exactly_in_hue_and_reach_beyond() -> None:
    mask = torch.zeros(1, 1, 32, 32)
    mask[..., 8:12, 20:24] = 1
    hints = Hints(torch.tensor([0.8, 0.1, 0.1]).view(1, 3, 1, 1) * mask, mask)
    picture = torch.full((1, 1, 32, 32), 0.4)
    picture[..., 16:] = 0.6
    drawn = disco().sample(Condition(picture, hints), 2, Draws(0, [0]), [Inpaint("noised", 1, 0.1)])
    free = disco().sample(Condition(picture), 2, Draws(0, [0]))
    expected = AB().decode(AB().encode(hints.rgb), picture)
    assert torch.allclose(
        drawn[0, :, :, 8:12, 20:24], expected[:, :, 8:12, 20:24].expand(2, -1, -1, -1), atol=1e-5
    )
    assert (drawn - free)[..., :6, 20:24].abs().max() > 0
    assert (lab_of(drawn)[:, :, 0] - lab_of(picture.expand(-1, 3, -1, -1))[:, 0]).abs().max() < 0.5


def test_guides_and_hints_of_another_size_are_refused_in_one_line() -> None:
    with pytest.raises(ConfigError, match="takes hints, but no guide"):
        disco().sample(Condition(image()), 1, Draws(0, [0]), [Bias("#ff0000")])
    wrong = Hints(torch.zeros(1, 3, 8, 8), torch.zeros(1, 1, 8, 8))
    with pytest.raises(ConfigError, match="make them equal"):
        disco().sample(Condition(image(), wrong), 1, Draws(0, [0]))


def test_the_loss_is_its_parts_and_a_colour_that_is_shown_is_not_asked_for() -> None:
    built, rgb = disco(), Draws(0, [0, 1]).uniform(3, 32, 32)
    batch = Batch(rgb, image().expand(2, -1, -1, -1), torch.arange(2), ["", ""], torch.zeros(2))
    losses = built.loss(batch, Draws(0, [0, 1]))
    assert torch.allclose(losses["loss"], losses["classes"] + 10 * losses["refined"])
    built.shown = lambda there, draws: there  # all are shown
    assert built.loss(batch, Draws(0, [0, 1]))["classes"] == 0
