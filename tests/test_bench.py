"""The benchmark runs to its end; what it measures is for people to read."""

from __future__ import annotations

import pytest

from colorlab import bench


@pytest.mark.slow
def test_the_short_benchmark_fills_every_table(capsys: pytest.CaptureFixture[str]) -> None:
    bench.main(["quick"])
    said = capsys.readouterr().out
    for table in (
        "one sampling step",
        "peak memory",
        "10 of DPM-Solver++",
        "216 candidates",
        "images/s",
        "quantile_field",
        "LPIPS (Alex)",
        "judging a drawing",
        "first candidate",
        "processor seconds",
    ):
        assert table in said
    assert "nan" not in said
