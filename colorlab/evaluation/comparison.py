"""From several evaluations to the figures, tables and page that compare them."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from colorlab import __version__
from colorlab.color import lab_of
from colorlab.errors import ConfigError, DataError
from colorlab.evaluation.folder import (
    DISTANCES,
    Evaluation,
    located,
    read_evaluation,
    read_pictures,
    read_sample,
)
from colorlab.evaluation.judging import as_pictures
from colorlab.evaluation.naming import distinct_names, given_names, with_jobs
from colorlab.evaluation.options import ComparisonOptions
from colorlab.evaluation.ranking import notes as ranking_notes
from colorlab.evaluation.ranking import ranking
from colorlab.evaluation.rows import OTHER_PROTOCOL, check_protocols, compared
from colorlab.evaluation.selection import error_key, worst
from colorlab.evaluation.settings import additions, sampler_word
from colorlab.metrics.diversity import BINS, hue_variance
from colorlab.report import figure, table
from colorlab.report.curves import curve_of, curves
from colorlab.report.figure import INK, STROKES, VARIABLES, looks
from colorlab.report.frontier import Point, frontier
from colorlab.report.grid import mixture
from colorlab.report.histogram import Distances, histogram
from colorlab.report.page import Case, Chart, Key, Page, Strip, rendered
from colorlab.report.table import Row, coverage, headline
from colorlab.storage.files import write_bytes, write_text

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FAINT = 5.0  # chroma in Lab below which a hue is hardly seen
OUTLINE = "other true colourings"  # the trivial row that histograms show as an outline


def compare_runs(
    given: Sequence[str], out: Path, wanted: ComparisonOptions
) -> tuple[Page, dict[str, Path]]:
    """The page that compares runs, and the files written for it, name -> path. given: folders of
    runs, of evaluations or of sweeps."""
    folders, labels = with_jobs(given)
    evaluations = [read_evaluation(located(each, wanted.evaluation)) for each in folders]
    if wanted.baseline >= len(evaluations):
        raise ConfigError(
            f"baseline={wanted.baseline} (there are {len(evaluations)} runs, counted from 0)"
        )
    names = given_names(wanted.names, evaluations) or distinct_names(evaluations, labels)
    notes = [
        f"{OTHER_PROTOCOL} {n}"
        for n in check_protocols(evaluations, names, wanted.baseline, wanted.mixed)
    ]
    base = evaluations[wanted.baseline].document
    have = set(base["values"])
    rows = compared(
        evaluations, names, wanted.baseline, headline(base["protocol"]["n"], have) + coverage(have)
    )
    lines = ranking(evaluations, names, wanted.baseline)
    notes += ranking_notes(lines, base["protocol"]["count"])
    page = composed(wanted, evaluations, names, rows, notes)._replace(ranking=lines)
    return page, write(out, page, figures(wanted, evaluations, names, rows))


def figures(
    wanted: ComparisonOptions,
    evaluations: Sequence[Evaluation],
    names: Sequence[str],
    table: Sequence[Row],
) -> dict[str, Figure]:
    """histogram, frontier, and curves for each error: as far as there is something to draw."""
    base = evaluations[wanted.baseline].document
    made = {
        "histogram": histogram_of(evaluations, names),
        "frontier": frontier_of(table, wanted.quality),
    }
    errors = {"lpips": "LPIPS", "delta_e": "CIEDE2000", "mae": "ab MAE / 128"}
    present = [error for error in errors if error in base["curves"]["best_of_k"]]
    for error in [present[0], present[-1]]:
        lines = [
            curve_of(row, f"truth/best_of_{{k}}_{error}", base["protocol"]["n"]) for row in table
        ]
        lines = [
            line for line, row in zip(lines, table, strict=True) if line.cells and covers(row, base)
        ]
        made[f"curves_{error}"] = curves(lines, f"{errors[error]} of the best of k")
    return {name: figure for name, figure in made.items() if figure is not None}


def covers(row: Row, base: dict[str, Any]) -> bool:
    """Whether a row is about all the drawings; a trivial one may be about those with several true
    colourings only."""
    return not row.trivial or row.cells["validity/share"].n == base["protocol"]["count"]


def histogram_of(evaluations: Sequence[Evaluation], names: Sequence[str]) -> Figure:
    """Distances between candidates: of the runs, and of other true colourings as an outline."""
    kind, edges, axis = binning(evaluations)
    found = [
        (name, each.distances[kind], False) for name, each in zip(names, evaluations, strict=True)
    ]
    key = f"trivial/others/{kind}"
    found += [
        (OUTLINE, each.distances[key], True) for each in evaluations[:1] if key in each.distances
    ]
    rows = [
        Distances(name, np.histogram(d, edges)[0], float(np.mean(d)), outline)
        for name, d, outline in found
    ]
    return histogram(rows, edges, axis)


def binning(evaluations: Sequence[Evaluation]) -> tuple[str, Any, str]:
    """The distance that all have, its fixed bins (65 edges, never from the data), and its name on
    the axis."""
    if all("lpips" in each.distances for each in evaluations):
        return "lpips", BINS, "LPIPS between two candidates of a drawing"
    for each in evaluations:
        if "delta_e" not in each.distances:
            raise DataError(
                f"{each.path / DISTANCES} holds no delta_e (evaluate again, the samples are kept)"
            )
    return "delta_e", 64 * BINS, "CIEDE2000 between two candidates of a drawing"


def frontier_of(table: Sequence[Row], quality: str) -> Figure | None:
    """None if no row has both measures."""
    across = (
        "diversity/lpips"
        if any("diversity/lpips" in row.cells for row in table)
        else "diversity/delta_e"
    )
    having = [
        row
        for row in table
        if all(key in row.cells and row.cells[key].mean is not None for key in (across, quality))
    ]
    if not having:
        known = sorted(
            {
                key
                for row in table
                for key in row.cells
                if key.endswith(("share", "_lpips", "psnr", "ssim"))
            }
        )
        raise ConfigError(
            f"quality={quality} is not measured (choose from {', '.join(known[:12])}, ...)"
        )
    points = [
        Point(row.name + row.mark, row.cells[across], row.cells[quality], row.trivial)
        for row in having
    ]
    units = {
        "diversity/lpips": "diversity (mean LPIPS of pairs)",
        "validity/share": "share of valid candidates",
    }
    return frontier(
        points,
        units.get(across, "diversity (mean CIEDE2000 of pairs)"),
        units.get(quality, quality),
    )


def composed(
    wanted: ComparisonOptions,
    evaluations: Sequence[Evaluation],
    names: Sequence[str],
    table: list[Row],
    notes: list[str],
) -> Page:
    """The page, its charts still to come."""
    base = evaluations[wanted.baseline].document
    protocol, have = base["protocol"], set(base["values"])
    several = sum(count > 1 for count in base["truths"])
    shown = {"lines": "line drawings", "gray": "gray pictures"}[protocol["condition"]]
    facts = [
        f"{protocol['data']}, {protocol['size']} px, {shown}",
        f"{protocol['split']} split, {protocol['count']} drawings",
        *([f"{several} of them with several true colourings"] if several else []),
        f"{protocol['n']} candidates each",
        f"protocol {base['protocol_id']}",
    ]
    date = datetime.datetime.now(datetime.UTC).date().isoformat()
    pairs = zip(names, evaluations, strict=True)
    return Page(
        wanted.title or title_of(names), facts, notes, [], headline(protocol["n"], have), table,
        names[wanted.baseline], legend_of(table), [], coverage(have) if several else [],
        same_drawings(wanted.sheet, evaluations, names),
        {name: worst_cases(wanted.worst, each) for name, each in pairs} if wanted.worst else {},
        settings_table(evaluations, names), protocol_table(protocol),
        f"Made with colorlab {__version__} on {date}.",
    )  # fmt: skip


def legend_of(table: Sequence[Row]) -> list[Key]:
    """The charts' legend: runs by colour, trivial rows by dash, other true colourings as the
    outline that they are."""
    styles = looks([row.trivial for row in table])
    keys = [
        Key(row.name + row.mark, VARIABLES[s.color], STROKES[s.dash])
        for row, s in zip(table, styles, strict=True)
    ]
    return [
        key._replace(color=VARIABLES[INK], dash="") if key.name == OUTLINE else key for key in keys
    ]


def title_of(names: Sequence[str]) -> str:
    """What is compared."""
    if len(names) == 1:
        return f"Evaluation of {names[0]}"
    shown = [*names[:3], f"{len(names) - 3} more"] if len(names) > 4 else names
    return f"{', '.join(shown[:-1])} and {shown[-1]} compared"


def same_drawings(
    count: int, evaluations: Sequence[Evaluation], names: Sequence[str]
) -> list[Case]:
    """Drawings that all evaluations have, in the mixture of contact sheets, with every run's
    candidates."""
    base = evaluations[0]
    kept, drawings = read_pictures(base.path), base.document["drawings"]
    common = set(drawings).intersection(*(each.document["drawings"] for each in evaluations))
    among = [i for i, name in enumerate(drawings) if name in common and f"{i}/drawing" in kept]
    cases = []
    for i in mixture(base.document["truths"], among, count):
        pairs = zip(names, evaluations, strict=True)
        strips = [strip_of(name, read_sample(each.path, drawings[i])) for name, each in pairs]
        cases.append(Case(drawings[i], "", kept[f"{i}/drawing"], kept[f"{i}/truths"], strips))
    return cases


def strip_of(name: str, candidates: np.ndarray) -> Strip:
    """A row's candidates for a drawing, (n, H, W, 3) uint8, and where they are undecided about the
    hue: the circular variance of all of them, fading to none where there is hardly any colour."""
    ab = lab_of(as_pictures(candidates))[:, 1:]
    color = (ab.norm(dim=1).mean(0) / FAINT).clamp(max=1)
    return Strip(name, candidates, (hue_variance(ab)[1] * color).numpy())


def worst_cases(count: int, evaluation: Evaluation) -> list[Case]:
    """The drawings with the largest error of the best candidate, the worst first."""
    document, kept = evaluation.document, read_pictures(evaluation.path)
    errors, valid = (
        document["per_drawing"][key] for key in (error_key(document), "validity/share")
    )
    cases = []
    for i in worst(document, count):
        if f"{i}/drawing" in kept:
            name = document["drawings"][i]
            candidates = read_sample(evaluation.path, name)
            share = f"{round(valid[i] * len(candidates))} of {len(candidates)} valid"
            note, strips = f"error {errors[i]:.3g}, {share}", [strip_of("", candidates)]
            cases.append(Case(name, note, kept[f"{i}/drawing"], kept[f"{i}/truths"], strips))
    return cases


def settings_table(evaluations: Sequence[Evaluation], names: Sequence[str]) -> list[list[str]]:
    """A heading and a line for each run: how its samples were made."""
    heading = [
        "run", "method", "sampler", "steps", "seed", "precision", "added", "weights",
        "s per drawing", "folder",
    ]  # fmt: skip
    return [
        heading,
        *(settings_line(each, name) for name, each in zip(names, evaluations, strict=True)),
    ]


def settings_line(evaluation: Evaluation, name: str) -> list[str]:
    """How a run's samples were made, as the headings of ``settings_table`` have it."""
    document = evaluation.document
    made = document["settings"]
    sampler = made["sampler"] or document["configured"].get("sampler", {})
    seconds = document["timing"].get("seconds_per_drawing")
    return [
        name,
        document["method"],
        sampler_word(sampler) if sampler else "–",
        str(made["steps"] or sampler.get("steps", "–")),
        str(made["seed"]),
        made["precision"],
        ", ".join(additions(made)) or "–",
        ", ".join(sha[:10] for sha in made["weights"].values()),
        f"{seconds:.2g} ({document['timing'].get('device', 'cpu')})" if seconds else "–",
        str(evaluation.path),
    ]


def protocol_table(protocol: dict[str, Any]) -> dict[str, str]:
    """The protocol in words."""
    flat = {key: value for key, value in protocol.items() if not isinstance(value, dict)}
    weights = ", ".join(protocol["weights"].values()) or "none"
    versions = ", ".join(f"{name} {number}" for name, number in protocol["versions"].items())
    return {key: str(value) for key, value in flat.items()} | {
        "weights": weights,
        "versions": versions,
    }


CAPTIONS = {
    "histogram": "Distances between candidates of one drawing, the same bins for all runs; "
    "strokes on the axis are means. Bars that reach the top are cut. An outline shows what other "
    "true colourings of a drawing differ by.",
    "frontier": "Quality against diversity, with 95 % intervals. Up and to the right is better, "
    "up to the diversity of true colourings.",
    "curves": "Error of the best of k candidates, with 95 % bands: how much is gained by being "
    "shown more of them.",
}


def write(out: Path, page: Page, charts: dict[str, Figure]) -> dict[str, Path]:
    """All files of the report. -> name -> path."""
    saved = {name: out / f"{name}.png" for name in ("histogram", "frontier")}
    for name, path in saved.items():
        write_bytes(path, figure.png(charts[name]))
    captions = {name: CAPTIONS[name.split("_")[0]] for name in charts}
    inline = [
        Chart(figure.svg(each, name, captions[name]), captions[name])
        for name, each in charts.items()
    ]
    tables = [table.listed(page.ranking), table.markdown(page.columns, page.rows)]
    texts = {
        "page": ("index.html", rendered(page._replace(charts=inline))),
        "markdown": ("table.md", "\n".join(filter(None, tables))),
        "csv": ("table.csv", table.comma_separated(page.rows)),
        "latex": ("table.tex", table.latex(page.columns, page.rows)),
    }
    for name, text in texts.values():
        write_text(out / name, text)
    return {key: out / name for key, (name, _) in texts.items()} | saved
