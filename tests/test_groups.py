"""Candidate k is the same bits in whatever groups n candidates are drawn; few cost little, many are
drawn together."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from colorlab.draws import Draws
from colorlab.methods.base import Method
from colorlab.methods.pixel_diffusion import PixelDiffusion
from colorlab.runs.run import open_run
from colorlab.samplers.candidates import group_sizes, in_groups, in_groups_of
from colorlab.samplers.guides import Flat, Guide, Inpaint, Repulsion
from colorlab.types import Condition, Hints

SIZES = ((1, 1), (17, 31), (131, 117))  # px


def drawing(height: int, width: int) -> Tensor:
    y, x = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    ring = ((y - height / 2).square() + (x - width / 2).square()).sqrt() - min(height, width) / 3
    return (ring.abs() > 1).float()[None, None]


@pytest.fixture(scope="module")
def flats() -> Method:
    return open_run("pretrained/flats").method()


@pytest.fixture
def c8() -> PixelDiffusion:
    return open_run("pretrained/gpic-openmoji-c8").method(steps=1)


def counts(size: tuple[int, int]) -> tuple[int, ...]:
    """Numbers of candidates; many at one size."""
    return (1, 2, 5, 8, 64, 216) if size == (17, 31) else (1, 5, 9)


def groups_of(method: PixelDiffusion, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The sizes of the groups that a method draws from now on."""
    drawn, group = [], PixelDiffusion.group
    monkeypatch.setattr(
        PixelDiffusion, "group", lambda self, *a: drawn.append(len(a[2])) or group(self, *a)
    )
    return drawn


@pytest.mark.whole
@pytest.mark.parametrize("size", SIZES)
def test_gpic_draws_a_candidate_to_the_same_bits_whatever_n_is(
    c8: PixelDiffusion, size: tuple[int, int]
) -> None:
    *few, most = counts(size)
    many = c8.sample(Condition(drawing(*size)), most, Draws(3, [5]))
    for n in few:
        assert torch.equal(c8.sample(Condition(drawing(*size)), n, Draws(3, [5])), many[:, :n])


def test_groups_that_fit_draw_the_same_bits_as_groups_of_a_fixed_size(c8: PixelDiffusion) -> None:
    c8.sampler.steps, condition = 2, Condition(drawing(48, 48))
    fitting = c8.sample(condition, 9, Draws(3, [5]))
    c8._same_bits = dict.fromkeys(c8._same_bits, False)
    assert torch.equal(c8.sample(condition, 9, Draws(3, [5])), fitting)


@pytest.mark.parametrize(
    "guide",
    [Flat(0.5), Inpaint("noised", 1, 0.04), Repulsion(0.5, 0.2, 4)],
    ids=lambda g: type(g).__name__,
)
def test_guided_candidates_are_the_same_bits_whatever_n_is(
    c8: PixelDiffusion, guide: Guide
) -> None:
    mask = torch.zeros(1, 1, 32, 32)
    mask[..., 4:8, 4:8] = 1
    condition = Condition(drawing(32, 32), Hints(torch.full((1, 3, 32, 32), 0.3), mask))
    c8.sampler.steps = 2
    nine = c8.sample(condition, 9, Draws(1, [2]), [guide])
    for n in (1, 5):
        assert torch.equal(c8.sample(condition, n, Draws(1, [2]), [guide]), nine[:, :n])


@pytest.mark.whole
@pytest.mark.parametrize("size", SIZES)
def test_flats_colour_a_candidate_to_the_same_bits_whatever_n_is(
    flats: Method, size: tuple[int, int]
) -> None:
    *few, most = counts(size)
    many = flats.sample(Condition(drawing(*size)), most, Draws(3, [5]))
    for n in few:
        assert torch.equal(flats.sample(Condition(drawing(*size)), n, Draws(3, [5])), many[:, :n])


def test_as_many_are_drawn_as_are_asked_for(
    c8: PixelDiffusion, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(c8, "is_row_alone", lambda *_: True)
    drawn = groups_of(c8, monkeypatch)
    c8.sample(Condition(drawing(32, 32)), 3, Draws(0, [0]))
    assert drawn == [3]


def test_where_a_row_depends_on_its_group_every_group_is_full(
    c8: PixelDiffusion, monkeypatch: pytest.MonkeyPatch
) -> None:
    condition, denoiser = Condition(drawing(32, 32)), c8.denoiser
    monkeypatch.setattr(
        c8, "denoiser", lambda image: lambda x, level: denoiser(image)(x, level) + 1e-7 * len(x)
    )
    drawn = groups_of(c8, monkeypatch)
    nine = c8.sample(condition, 9, Draws(0, [0]))
    assert torch.equal(c8.sample(condition, 1, Draws(0, [0])), nine[:, :1])
    assert drawn == [8, 8, 8]


def test_a_row_is_alone_where_no_other_changes_it(c8: PixelDiffusion) -> None:
    def alone(denoise) -> bool:
        return c8.is_row_alone(denoise, Condition(drawing(8, 8)), Draws(3, [5]), 2)

    assert alone(lambda x, level: x * level) and not alone(lambda x, level: x + len(x))
    last = torch.arange(c8.micro_batch)[:, None, None, None] == c8.micro_batch - 1
    assert not alone(lambda x, level: x + last[: len(x)])


def test_groups_hold_few_large_and_many_small_pictures() -> None:
    def sizes(n: int, side: int) -> list[int]:
        return group_sizes(n, 8, side**2, lambda m: True)

    assert (
        sizes(1, 64) == [2]
        and sizes(5, 64) == [5]
        and sizes(8, 64) == [8]
        and sizes(12, 64) == [12]
    )
    assert sizes(216, 64) == 6 * [32] + [24] and sizes(33, 64) == [32, 2]
    assert sizes(12, 256) == [8, 4] and sizes(3, 2048) == [3]
    assert group_sizes(5, 1, 64**2, lambda m: True) == 5 * [1]
    assert group_sizes(216, 8, 64**2, lambda m: m < 8) == 27 * [8]
    assert group_sizes(9, 8, 64**2, lambda m: m < 8) == [8, 2]


def test_groups_of_any_sizes_draw_the_candidates_in_order() -> None:
    draws, draw = Draws(0, [4]), lambda rows: rows.uniform(3)
    expected = draws.candidates(7).uniform(3)
    assert torch.equal(in_groups_of(draw, draws, 7, [4, 1, 2]), expected)
    assert torch.equal(in_groups(draw, draws, 7, 3), expected)
    assert torch.equal(in_groups(draw, draws, 7, 3, first=2), expected[2:])
