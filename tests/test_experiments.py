"""experiments/show.py on evaluations made up in a moment."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

from colorlab.diffusion import alpha_bar_at
from colorlab.samplers.ancestral import grid
from tests.evaluations import evaluated

EXPERIMENTS = Path(__file__).parent.parent / "experiments"
SHOW = runpy.run_path(str(EXPERIMENTS / "show.py"))


def cells(table: str) -> dict[str, list[str]]:
    """A Markdown table: the first cell of each row -> the others."""
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()]
    return {row[0]: row[1:] for row in rows}


def test_a_table_has_a_column_an_evaluation_and_ends_with_the_trivial_rows(tmp_path: Path) -> None:
    named = [
        f"{name}={evaluated(tmp_path / name[0], shift=shift)}"
        for name, shift in (("a", 0.0), ("b=c", 0.5))
    ]
    found = cells(SHOW["table"]("diversity/lpips:3,seconds:1,realism/kid:2", [*named, "+trivial"]))
    assert found[""] == ["a", "b=c", "nearest training drawing"]
    assert [each.split()[0] for each in found["diversity/lpips"]] == ["0.250", "0.750", "0.260"]
    assert found["seconds"] == ["1.5", "1.5", "-"] and found["realism/kid"] == ["-", "-", "-"]


def test_without_the_word_there_are_no_trivial_rows(tmp_path: Path) -> None:
    found = cells(SHOW["table"]("diversity/lpips:2", [f"a={evaluated(tmp_path)}"]))
    mean, low, high = (
        found["diversity/lpips"][0].replace("[", "").replace("]", "").replace(",", "").split()
    )
    assert found[""] == ["a"] and float(low) < float(mean) == 0.25 < float(high)


def test_differences_are_taken_from_the_first(tmp_path: Path) -> None:
    named = [
        f"{name}={evaluated(tmp_path / name, shift=shift)}"
        for name, shift in (("a", 0.0), ("b", 0.5))
    ]
    assert cells(SHOW["differences"]("diversity/lpips:2", named))["diversity/lpips"] == [
        "+0.50 [+0.50, +0.50]"
    ]


def test_fig_12_takes_equally_many_steps_whenever_it_switches() -> None:
    script = (EXPERIMENTS / "gpic_fig12_switch/run.sh").read_text()
    (steps,) = re.findall(r"steps=(\d+)", script)
    times = re.search(r"for t in ([\d ]+)", script)[1].split()
    counts = {len(grid(int(steps), "trailing", float(alpha_bar_at(int(t) / 1000)))) for t in times}
    assert counts == {int(steps) + 1}


def test_pages_of_few_drawings_rank_nothing() -> None:
    few = {}
    for page in sorted(EXPERIMENTS.glob("*/README.md")):
        text = page.read_text(encoding="utf-8")
        counts = [
            int(count)
            for count in re.findall(r"(\d+) (?:evenly spread )?held-out (?:gray )?drawings", text)
        ]
        few |= {page.parent.name: "**No ranking.**" in text} if counts and min(counts) < 100 else {}
    assert len(few) > 10 and all(few.values()), [name for name, said in few.items() if not said]
