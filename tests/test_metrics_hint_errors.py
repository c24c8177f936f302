"""Errors inside of hints and leaks outside, on pictures whose answers are known."""

from __future__ import annotations

import pytest
import torch

from colorlab.color import lab_of
from colorlab.metrics.delta_e import delta_e
from colorlab.metrics.drawing import Shown
from colorlab.metrics.judge import Judge

SIDE = 16
RED, BLUE = torch.tensor([0.8, 0.1, 0.1]), torch.tensor([0.1, 0.2, 0.8])


def plain(color: torch.Tensor) -> torch.Tensor:
    return color[:, None, None].expand(3, SIDE, SIDE).clone()


def judged(samples: torch.Tensor, truth: torch.Tensor, *shown: Shown) -> dict[str, float]:
    judge = Judge("none", "none", "lines")
    judge.update(samples[None], torch.ones(1, 1, SIDE, SIDE), [truth[None]], [0], shown)
    return judge.compute()


def left_half() -> torch.Tensor:
    mask = torch.zeros(1, SIDE, SIDE)
    mask[..., : SIDE // 2] = 1
    return mask


def apart(one: torch.Tensor, other: torch.Tensor) -> float:
    return delta_e(*(lab_of(c[:, None, None])[:, 0, 0] for c in (one, other))).item()


def test_obeyed_hints_have_no_error_and_what_is_beside_them_is_judged_by_the_truth() -> None:
    half, mask = plain(BLUE), left_half()
    half[..., : SIDE // 2] = RED[:, None, None]
    found = judged(torch.stack([half, half]), plain(RED), Shown(plain(RED) * mask, mask, None))
    assert found["hints/inside"] == pytest.approx(0, abs=1e-4)
    assert (
        found["hints/beside"] == pytest.approx(apart(BLUE, RED), rel=1e-4)
        and "hints/leak" not in found
    )


def test_a_hint_that_is_not_heard_errs_by_the_distance_of_the_two_colours() -> None:
    mask = left_half()
    found = judged(
        torch.stack([plain(BLUE), plain(RED)]), plain(BLUE), Shown(plain(RED) * mask, mask, None)
    )
    assert found["hints/inside"] == pytest.approx(apart(BLUE, RED) / 2, rel=1e-4)


def test_a_leak_is_what_changes_where_no_hint_is_candidate_by_candidate() -> None:
    mask = left_half()
    without = torch.stack([plain(RED), plain(BLUE)])
    same = judged(without, plain(RED), Shown(plain(RED) * mask, mask, without))
    turned = judged(without.flip(0), plain(RED), Shown(plain(RED) * mask, mask, without))
    assert same["hints/leak"] == pytest.approx(0, abs=1e-4)
    assert turned["hints/leak"] == pytest.approx(apart(BLUE, RED), rel=1e-4)


def test_without_hints_there_are_no_such_numbers() -> None:
    assert not [
        key
        for key in judged(torch.stack([plain(RED), plain(BLUE)]), plain(RED))
        if key.startswith("hints/")
    ]
