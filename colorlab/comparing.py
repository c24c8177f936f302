"""Runs that were evaluated, on one page: ``colorlab.compare``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from colorlab.cli.clauses import check_words
from colorlab.cli.yaml_files import conf_dir
from colorlab.evaluation.folder import Evaluation
from colorlab.evaluation.options import ComparisonOptions

if TYPE_CHECKING:
    from colorlab.api import TrainedRun


class Comparison(NamedTuple):
    """A page on which runs are compared. title: its own. files: name -> path of what was written,
    "page" the HTML page, "markdown", "csv" and "latex" the table, "histogram" and "frontier" the
    charts. ``compare`` makes it.

    >>> colorlab.Comparison("a and b compared", {}).title
    'a and b compared'
    """

    title: str
    files: dict[str, Path]

    def _repr_markdown_(self) -> str:
        """The table, as notebooks show it."""
        return self.files["markdown"].read_text(encoding="utf-8")


def compare(
    runs: Sequence[str | Path | TrainedRun | Evaluation],
    *,
    out: str | Path = "report",
    names: Sequence[str] | None = None,
    evaluation: str | None = None,
    baseline: int = 0,
    mixed: bool = False,
    quality: str = "validity/share",
    sheet: int = 8,
    worst: int = 4,
    title: str | None = None,
) -> Comparison:
    """Put evaluated runs on one page: table, charts, pictures. Nothing is sampled or judged again.

    runs: run folders, evaluation folders, a sweep's folder for all its finished jobs, or what
        ``open_run`` and ``TrainedRun.evaluate`` gave.
    out: folder to write to.
    names: of the rows, one for each.
    evaluation: which one of each run, if it has several.
    baseline: the row, from 0, that differences are taken to.
    mixed: allow rows of different protocols in one table, marked.
    quality: the measure against diversity.
    sheet, worst: how many drawings, and how many worst cases of each run, are shown.
    ConfigError: nothing was evaluated, or it is not comparable.

    >>> run = colorlab.open_run("pretrained/gpic-openmoji-c8")
    >>> few = {"n": 2, "limit": 2, "lpips": "none", "features": "none"}
    >>> found = [run.evaluate(steps=steps, out=f"{steps} steps", **few) for steps in (2, 3)]
    >>> page = colorlab.compare(found, out="report", names=["two", "three"])
    >>> page.files["page"].name
    'index.html'
    """
    words = {
        "baseline": baseline,
        "mixed": mixed,
        "quality": quality,
        "sheet": sheet,
        "worst": worst,
    }
    check_words(words, conf_dir() / "compare.yaml")
    rows = None if names is None else tuple(map(str, names))
    wanted = ComparisonOptions(rows, evaluation, baseline, mixed, quality, sheet, worst, title)
    from colorlab.evaluation.comparison import compare_runs

    paths = [getattr(each, "path", each) for each in runs]
    page, files = compare_runs([str(path) for path in paths], Path(out), wanted)
    return Comparison(page.title, files)
