"""ColTran: causal in reading order, its cache against the naive loop, its likelihood against all
grids."""

from __future__ import annotations

import itertools
import math
from typing import Any

import pytest
import torch
from torch import Tensor

from colorlab.draws import Draws
from colorlab.errors import ConfigError
from colorlab.nets.axial_net import AxialBlock, positions
from colorlab.types import Batch, Condition, Hints
from tests.small_methods import stirred

SMALL = [
    "name=t", "method=coltran", "method.width=8", "method.net.heads=2", "method.net.blocks=2",
    "method.net.levels=8", "method.net.coarse=2", "trainer.max_steps=10",
]  # fmt: skip


def coltran(*overrides: str) -> Any:
    return stirred([*SMALL, *overrides], 0.2)


def image(height: int = 20, width: int = 24) -> Tensor:
    return Draws(0, [1]).uniform(1, height, width)


@pytest.mark.parametrize("place", [(0, 0), (2, 3), (3, 0), (4, 5)])
def test_a_later_colour_changes_no_earlier_logit(place: tuple[int, int]) -> None:
    net, colors = coltran().net, Draws(0, [0]).choice(8, 5, 6)
    encoding, changed = net.encode(image()), colors.clone()
    changed[0, place[0], place[1]] = (changed[0, place[0], place[1]] + 1) % 8
    moved = (net(changed, encoding) - net(colors, encoding)).abs().amax(-1)[0].flatten()
    at = place[0] * 6 + place[1]
    assert moved[: at + 1].max() == 0
    assert at == 29 or moved[at + 1 :].min() > 0  # no blind spot: every later place sees it


def test_drawing_with_what_is_kept_equals_the_naive_loop() -> None:
    built, rows = coltran(), Draws(0, [0]).candidates(3)
    encoding = built.net.encode(image())
    u, grid = rows.to("order").uniform(5, 6), torch.zeros(3, 5, 6, dtype=torch.long)
    for y, x in itertools.product(range(5), range(6)):
        p = built.net(grid, encoding)[:, y, x].softmax(-1)
        grid[:, y, x] = (p.cumsum(-1) <= u[:, y, x, None]).sum(-1)
    assert torch.equal(built.drawn(encoding, rows), grid)


def test_the_oracle_paints_true_coarse_colours() -> None:
    built, rgb = coltran(), Draws(0, [0]).uniform(3, 20, 24)
    assert torch.equal(
        built.oracle(image(), rgb), built.colored(built.symbols(built.cells(rgb)), image())
    )
    assert not torch.equal(built.oracle(image(), 1 - rgb), built.oracle(image(), rgb))


def test_the_joint_likelihood_of_all_grids_of_two_by_two_sums_to_one() -> None:
    built = coltran()
    grids = torch.tensor(list(itertools.product(range(8), repeat=4))).view(-1, 2, 2)
    p = built.log_p(grids, built.net.encode(image(8, 8))).double().sum((1, 2)).exp()
    assert float(p.sum()) == pytest.approx(1, abs=1e-4)


def test_a_block_attends_along_its_own_axis_alone() -> None:
    x = Draws(0, [0]).normal(3, 4, 8)
    changed = x.clone()
    changed[0, 1, 2] += torch.arange(8.0)
    for along, causal in itertools.product(("row", "column"), (False, True)):
        block = AxialBlock(8, 2, along, causal, told=False)
        moved = (block(changed) - block(x)).abs().amax(-1)[0] > 0
        line = moved[1] if along == "row" else moved[:, 2]
        at = 2 if along == "row" else 1
        assert (
            line[at:].all()
            and bool(line[:at].any()) != causal
            and int(moved.sum()) == int(line.sum())
        )


def test_attention_is_the_softmax_of_scaled_products() -> None:
    block, x = AxialBlock(8, 2, "column", False, told=False), Draws(0, [0]).normal(3, 1, 8)
    q, k, v = block.queries(x, None)
    seen = block.attended(q, k, v, False)[0, :, 0]
    for head in (slice(0, 4), slice(4, 8)):
        weight = torch.softmax(q[0, :, 0, head] @ k[0, :, 0, head].T / 2, dim=1)
        assert torch.allclose(seen[:, head], weight @ v[0, :, 0, head], atol=1e-5)


def test_coarse_colours_go_there_and_back() -> None:
    built = coltran("method.net.coarse=8")
    symbols = torch.arange(512).view(1, 16, 32)
    assert torch.equal(built.symbols(built.coarse(symbols)), symbols)
    assert built.symbols(torch.ones(1, 3, 1, 1)).item() == 511


def test_the_loss_is_its_parts_times_their_weights() -> None:
    built, rgb = coltran("method.net.parallel=0.25"), Draws(0, [0, 1]).uniform(3, 20, 24)
    batch = Batch(rgb, image().expand(2, -1, -1, -1), torch.arange(2), ["", ""], torch.zeros(2))
    losses = built.loss(batch, Draws(0, [0, 1]))
    joint, alone = (3 * math.log(2) * losses[key] for key in ("bits", "alone_bits"))
    total = 0.75 * joint + 0.25 * alone + losses["finer_levels"] + losses["finer_grid"]
    assert torch.allclose(losses["loss"], total, rtol=1e-5)
    symbols, encoding = built.symbols(built.cells(rgb)), built.net.encode(batch.image)
    assert torch.allclose(joint, -built.log_p(symbols, encoding).mean(), rtol=1e-5)


def test_hints_are_refused_in_one_line() -> None:
    hints = Hints(torch.rand(1, 3, 20, 24), torch.ones(1, 1, 20, 24))
    with pytest.raises(ConfigError, match="takes no guide, bias or hints"):
        coltran().sample(Condition(image(), hints), 1, Draws(0, [0]))


@pytest.mark.whole
def test_near_temperature_zero_all_candidates_are_alike() -> None:
    cold, warm = (
        coltran(f"method.net.temperature={t}").sample(Condition(image()), 3, Draws(0, [0]))[0]
        for t in (0.001, 1)
    )
    assert torch.equal(cold[0], cold[1]) and not torch.equal(warm[0], warm[1])


@pytest.mark.whole
def test_positions_are_those_of_the_places_of_a_grid_of_any_size() -> None:
    assert torch.allclose(positions(2, 4, torch.zeros(1))[0, 1, 2, :2], torch.tensor([0.5, 0.25]))
    assert coltran().sample(Condition(image(117, 31)), 1, Draws(0, [0])).shape == (1, 1, 3, 117, 31)
