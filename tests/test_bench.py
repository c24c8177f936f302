"""The bench: turns are taken, ratios are of one run, every part fills its rows; what it measures is
for people."""

from __future__ import annotations

import pytest
import torch

from colorlab.bench import __main__ as bench
from colorlab.bench import nets, timing, training
from colorlab.cli.completion import VERBS
from colorlab.errors import ConfigError


def test_works_take_turns_after_a_warm_up() -> None:
    calls: list[str] = []
    took = timing.medians({"a": lambda: calls.append("a"), "b": lambda: calls.append("b")}, 3)
    assert "".join(calls) == "ab" * 4 and set(took) == {"a", "b"}


def test_the_middle_repetition_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    spent = iter([1.0, 100.0, 2.0])
    monkeypatch.setattr(timing, "once", lambda work: next(spent))
    assert timing.medians({"a": lambda: None}, 3) == {"a": 2.0}


def test_a_ratio_says_how_many_times_longer_the_other_takes(
    capsys: pytest.CaptureFixture[str],
) -> None:
    table = timing.Table()
    table.compare("work", "64 px", "naive loop", 0.02, 3.0, "note")
    table.compare("alone", "64 px", "", 0.5, float("nan"))
    rows = [
        [cell.strip() for cell in line.split("|")[1:-1]]
        for line in capsys.readouterr().out.splitlines()
    ]
    assert rows[2] == ["work", "64 px", "naive loop", "20 ms", "3 s", "150 x", "note"]
    assert rows[3][:6] == ["alone", "64 px", "", "500 ms", "", ""]


@pytest.mark.parametrize(
    ("value", "words"),
    [(0.00123, "1.23 ms"), (0.5, "500 ms"), (12.345, "12.3 s"), (1234, "1,234 s")],
)
def test_seconds_have_three_figures(value: float, words: str) -> None:
    assert timing.seconds(value) == words


def test_the_bound_is_a_matrix_product(monkeypatch: pytest.MonkeyPatch) -> None:
    """A work that is the product itself reaches it; one that takes twice as long for as much, half
    of it."""
    product = timing.matrix_product()
    assert timing.flops(product) == 2 * timing.SIDE**3
    assert timing.share_of_bound(product, 2.0, 1.0).startswith("50 %")


def test_the_naive_loop_is_the_net_itself() -> None:
    x, image = nets.inputs(2, 32)
    with torch.inference_mode():
        here = nets.gpic(8).denoiser(image)(x, nets.LEVEL)
        there = nets.naive(nets.gpic(8).net)(x, image)
    torch.testing.assert_close(here, there, rtol=1e-4, atol=1e-4 * float(there.abs().max()))


@pytest.mark.whole
def test_a_peer_is_of_the_size_that_is_asked_for() -> None:
    net = nets.gpic(8).net
    x, image = nets.inputs(1, 64)
    target = timing.flops(lambda: nets.naive(net)(x, image))
    for step, measured in ((nets.peer(nets.operations, target), target),):
        assert 0.7 < timing.flops(lambda step=step: step(x, image)) / measured < 1.4  # type: ignore[misc]


def test_a_part_that_is_not_known_is_named() -> None:
    with pytest.raises(ConfigError, match="speed is no part of the bench"):
        bench.main(["speed"])
    assert VERBS["bench"] == ("quick", *bench.PARTS)


@pytest.mark.slow
@pytest.mark.parametrize("part", bench.PARTS)
def test_every_part_of_a_quick_bench_fills_its_rows(
    part: str, capsys: pytest.CaptureFixture[str], monkeypatch
) -> None:
    monkeypatch.setattr(training, "METHODS", training.METHODS[:1])
    bench.main(["quick", part])
    rows = capsys.readouterr().out.splitlines()[2:]
    assert (
        rows and all(row.count("|") == 8 for row in rows) and not any("nan" in row for row in rows)
    )
