"""Methods that draw in reading order: the exact likelihood, the cache against the naive loop, what
is refused."""

from __future__ import annotations

import itertools
import math
from typing import Any

import pytest
import torch

from colorlab.draws import Draws
from colorlab.errors import ConfigError
from colorlab.samplers.guides import Inpaint
from colorlab.types import Batch, Condition, Hints
from tests.small_methods import image, stirred

SMALL = ["name=t", "data.condition=gray", "method.width=4", "trainer.max_steps=10"]
FEW = {
    "pic": ["method=pic", "method.order.blocks=2", "method.order.causal_width=8",
            "method.components=3"],
    "pixcolor": ["method=pixcolor", "method.order.blocks=2", "method.order.causal_width=8",
                 "method.refiner_width=4"],
}  # fmt: skip


@pytest.fixture(params=sorted(FEW))
def name(request) -> str:
    return request.param


def method(name: str, *overrides: str) -> Any:
    return stirred([*SMALL, *FEW[name], *overrides])


def test_the_joint_likelihood_of_all_grids_of_two_by_two_sums_to_one(name: str) -> None:
    built = method(name, "method.levels=2")
    grids = torch.tensor(list(itertools.product(range(2), repeat=8))).view(256, 2, 2, 2)
    embedding = built.trunk(image(8, 8))
    p = built.log_p(grids, embedding.expand(256, -1, -1, -1)).double().sum((1, 2)).exp()
    assert float(p.sum()) == pytest.approx(1, abs=1e-4)
    m = 4000
    drawn = built.drawn(built.net.embed(embedding), (2, 2), Draws(0, [0]).candidates(m))
    share = (drawn.flatten(1)[:, None] == grids.flatten(1)).all(2).float().mean(0)
    assert (share - p).abs().max() < 5 * math.sqrt(float(p.max()) / m)


def test_the_oracle_paints_the_true_grid_of_each_picture(name: str) -> None:
    built, rgb = method(name), Draws(0, [0, 1]).uniform(3, 20, 24)
    found = built.oracle(image(20, 24).expand(2, -1, -1, -1), rgb)
    for one, truth in zip(found, rgb, strict=True):
        assert torch.equal(one, built.colored(built.colors_of(truth[None]), image(20, 24))[0])
    flat = torch.full_like(rgb, 0.5)
    assert not torch.equal(built.oracle(image(20, 24).expand(2, -1, -1, -1), flat), found)


def test_drawing_with_what_is_kept_equals_the_naive_loop(name: str) -> None:
    built, rows = method(name), Draws(0, [0]).candidates(3)
    told = built.net.embed(built.trunk(image(20, 24)))
    found = built.drawn(told, (5, 6), rows)
    u = rows.to("order").uniform(built.head.draws, 5, 6)
    grid = torch.zeros(3, 2, 5, 6, dtype=torch.long)
    for y, x in itertools.product(range(5), range(6)):
        # what is not drawn yet is 0, and must not matter
        features = built.net(built.seen(grid), told)
        grid[..., y, x] = built.head.drawn(features, u, 1.0)[..., y, x]
    assert torch.equal(found, grid)


def test_the_loss_is_the_joints_nats_and_those_of_the_trunk_alone(name: str) -> None:
    built = method(name, "method.order.alone=0.25")
    rgb = Draws(0, [0, 1]).uniform(3, 32, 32)
    batch = Batch(rgb, image().expand(2, -1, -1, -1), torch.arange(2), ["", ""], torch.zeros(2))
    losses = built.loss(batch, Draws(0, [0, 1]))
    nats = 2 * math.log(2) * torch.stack([losses["bits"], losses["alone_bits"]])
    refined = losses.get("refined", torch.zeros(()))
    assert torch.allclose(losses["loss"], nats[0] + 0.25 * nats[1] + 10 * refined, rtol=1e-5)
    colors = built.colors_of(rgb)
    assert torch.allclose(nats[0], -built.log_p(colors, built.trunk(batch.image)).mean(), rtol=1e-5)


def test_what_draws_in_reading_order_takes_no_hints_and_says_so_in_one_line(name: str) -> None:
    hints = Hints(torch.rand(1, 3, 32, 32), torch.ones(1, 1, 32, 32))
    for condition, guides in (
        (Condition(image(), hints), ()),
        (Condition(image()), [Inpaint("clean", 1, 0.1)]),
    ):
        with pytest.raises(
            ConfigError, match=r"takes no guide, bias or hints \(leave them out"
        ) as told:
            method(name).sample(condition, 1, Draws(0, [0]), guides)
        assert "\n" not in str(told.value)


@pytest.mark.whole
def test_near_temperature_zero_all_candidates_are_the_likeliest(name: str) -> None:
    cold = method(name, "method.order.temperature=0.001").sample(
        Condition(image()), 3, Draws(0, [0])
    )[0]
    warm = method(name).sample(Condition(image()), 3, Draws(0, [0]))[0]
    assert (cold[0] - cold[1]).abs().mean() < 0.1 * (warm[0] - warm[1]).abs().mean()
    with pytest.raises(ConfigError, match="temperature"):
        method(name, "method.order.temperature=0")


@pytest.mark.whole
def test_a_picture_of_odd_size_is_drawn_on_a_grid_that_covers_it(name: str) -> None:
    assert method(name).sample(Condition(image(117, 31)), 1, Draws(0, [0])).shape == (
        1,
        1,
        3,
        117,
        31,
    )


def test_pics_grid_holds_the_ab_of_every_fourth_pixel_to_half_a_level() -> None:
    from colorlab.color import lab_of

    built, rgb = method("pic"), Draws(0, [0]).uniform(3, 32, 32)
    colors = built.colors_of(rgb)
    ab = 110 * built.head.scaled(colors.float())
    assert colors.shape == (1, 2, 8, 8)
    assert (ab - lab_of(rgb)[:, 1:, ::4, ::4]).abs().max() <= 110 / 255 + 1e-3


def test_pic_paints_a_picture_of_one_colour_in_that_colour_to_half_a_level() -> None:
    from colorlab.color import lab_of, luma

    built = method("pic")
    rgb = torch.tensor([0.6, 0.5, 0.45])[None, :, None, None].expand(1, 3, 32, 32)
    ab = lab_of(built.oracle(luma(rgb), rgb))[:, 1:]
    assert (ab - lab_of(rgb)[:, 1:]).abs().max() <= 110 / 255 + 0.1


def test_pixcolors_grid_holds_the_mean_cb_and_cr_of_each_cell() -> None:
    built, rgb = method("pixcolor"), Draws(0, [0]).uniform(3, 30, 32)
    grid = built.head.scaled(built.colors_of(rgb).float()) / 2
    assert grid.shape == (1, 2, 8, 8)
    red, green, blue = rgb[0, :, 28:, 4:8].mean((1, 2))  # the last row of cells is cut in half
    y = 0.299 * red + 0.587 * green + 0.114 * blue
    expected = torch.stack([0.564 * (blue - y), 0.713 * (red - y)])
    assert torch.allclose(grid[0, :, 7, 1], expected, atol=0.5 / 31 + 1e-3)


def test_pixcolors_refiner_learns_from_true_chroma_what_it_paints_of_drawn_chroma() -> None:
    built, rgb = method("pixcolor"), Draws(0, [0]).uniform(3, 32, 32)
    batch = Batch(rgb, image(), torch.arange(1), [""], torch.zeros(1))
    painted = built.colored(built.colors_of(rgb), image())
    losses = built.loss(batch, Draws(0, [0]))
    chroma = built.refiner(image(), built.head.scaled(built.colors_of(rgb).float()))
    assert torch.allclose(losses["refined"], (chroma - built.target(rgb)).abs().mean())
    from colorlab.color import AB

    assert torch.allclose(painted, AB().decode(chroma, image()))
