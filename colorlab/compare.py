"""Put evaluated runs on one page:  python -m colorlab.compare runs=[runs/a,runs/b]  (--help lists the keys).

A sweep's folder stands for all its finished jobs."""

from __future__ import annotations

import datetime
import itertools
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from omegaconf import DictConfig, ListConfig

from colorlab import __version__
from colorlab.command import hydra_command
from colorlab.errors import ConfigError

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.figure import Figure

    from colorlab.evaluation import Evaluation
    from colorlab.report.page import Case, Key, Page, Strip
    from colorlab.report.table import Row


FAINT = 5.0  # chroma in Lab below which a hue is hardly seen
OUTLINE = "other true colourings"  # the trivial row that histograms show as an outline


def compare(cfg: DictConfig) -> None:
    """Read the evaluations, refuse what is not comparable, write page, tables and charts, print where they are."""
    from colorlab import rows
    from colorlab.evaluation import located, read_evaluation
    from colorlab.report.table import coverage, headline
    from colorlab.wandb_report import log_comparison, wanted

    logged = wanted(cfg.logger)
    given = list(cfg.runs) if isinstance(cfg.runs, ListConfig) else [cfg.runs]
    folders, labels = with_jobs([str(each) for each in given])
    evaluations = [read_evaluation(located(each, cfg.evaluation)) for each in folders]
    if not evaluations or cfg.baseline >= len(evaluations):
        raise ConfigError(f"baseline={cfg.baseline} (there are {len(evaluations)} runs, counted from 0)")
    names = given_names(cfg, evaluations) or distinct_names(evaluations, labels)
    notes = rows.check_protocols(evaluations, names, cfg.baseline, cfg.mixed)
    base = evaluations[cfg.baseline].document
    have = set(base["values"])
    table = rows.compared(evaluations, names, cfg.baseline, headline(base["protocol"]["n"], have) + coverage(have))
    page = composed(cfg, evaluations, names, table, notes)
    written = write(Path(cfg.out), page, figures(cfg, evaluations, names, table))
    if logged:
        log_comparison(cfg.logger, page.title, written)
    print(written["page"])


def with_jobs(given: Sequence[str]) -> tuple[list[str], list[str]]:
    """Folders, a sweep's replaced by those of its finished jobs; and for each job what sets it apart, else ""."""
    from colorlab.sweeps import SWEEP

    found = [jobs_of(Path(each)) if (Path(each) / SWEEP).is_file() else [(each, "")] for each in given]
    several = sum(bool(jobs[0][1]) for jobs in found) > 1
    named = [
        (folder, f"{Path(each).name} {label}" if label and several else label)
        for each, jobs in zip(given, found, strict=True)
        for folder, label in jobs
    ]
    return [folder for folder, _ in named], [label for _, label in named]


def jobs_of(sweep: Path) -> list[tuple[str, str]]:
    """Folder and label of a sweep's finished jobs; ConfigError unless there are some and all have been evaluated."""
    from colorlab.evaluation import RESULT
    from colorlab.sweeps import finished_jobs, read

    jobs = finished_jobs(sweep)
    if not jobs:
        raise ConfigError(f"{sweep} has no finished job yet (start the sweep again, it goes on)")
    if left := len(read(sweep).jobs) - len(jobs):
        print(f"note: {left} jobs of {sweep} are not finished and left out")
    lacking = [str(folder) for folder, _ in jobs if not any(folder.glob(f"evaluation/*/{RESULT}"))]
    if lacking:
        raise ConfigError(
            f"{len(lacking)} of {len(jobs)} jobs of {sweep} have not been evaluated "
            f"(python -m colorlab.evaluate -m run={','.join(lacking)})"
        )
    return [(str(folder), label) for folder, label in jobs]


def shared_words(lists: Sequence[list[str]]) -> int:
    """How many words all lists begin with in common."""
    columns = zip(*lists, strict=False)
    return len(list(itertools.takewhile(lambda words: len(set(words)) == 1, columns)))


def given_names(cfg: DictConfig, evaluations: Sequence[Evaluation]) -> list[str]:
    """names=[...], or an empty list; ConfigError unless there is a different one for each run."""
    from colorlab.evaluation import titled

    names, count = [str(name) for name in cfg.names] if isinstance(cfg.names, ListConfig) else [], len(evaluations)
    if cfg.names is not None and (len(names) != count or len(set(names)) < count):
        raise ConfigError(f"names={cfg.names} (give {count} different names, one for each run)")
    return [titled(name, each.document["settings"]) for name, each in zip(names, evaluations, strict=False)]


def distinct_names(evaluations: Sequence[Evaluation], labels: Sequence[str] = ()) -> list[str]:
    """The jobs' labels and the runs' names; where two are equal, with the words in which the names of their evaluations
    differ."""
    from colorlab.evaluation import titled

    words = [each.path.name.split("-") for each in evaluations]
    documents = [each.document for each in evaluations]
    labels = labels or [""] * len(evaluations)
    runs = [titled(label or each["run"], each["settings"]) for label, each in zip(labels, documents, strict=True)]
    names = []
    for run, own in zip(runs, words, strict=True):
        alike = [other for name, other in zip(runs, words, strict=True) if name == run]
        own = own[shared_words(alike) :] if len(alike) > 1 else []
        plain = [word for word in own if not re.fullmatch(r"[0-9a-f]{6}", word)]
        names.append((" ".join([run, *plain]), " ".join([run, *own])))
    short = [name for name, _ in names]
    found = [full if short.count(name) > 1 else name for name, full in names]
    if len(set(found)) < len(found):
        raise ConfigError(f"runs={', '.join(found)} (give each evaluation once)")
    return found


def figures(
    cfg: DictConfig, evaluations: Sequence[Evaluation], names: Sequence[str], table: Sequence[Row]
) -> dict[str, Figure]:
    """histogram, frontier, and curves for each error: as far as there is something to draw."""
    from colorlab.report.curves import curve_of, curves

    base = evaluations[cfg.baseline].document
    made = {"histogram": histogram_of(evaluations, names), "frontier": frontier_of(table, cfg.quality)}
    errors = {"lpips": "LPIPS", "delta_e": "CIEDE2000", "mae": "ab MAE / 128"}
    present = [error for error in errors if error in base["curves"]["best_of_k"]]
    for error in [present[0], present[-1]]:
        lines = [curve_of(row, f"truth/best_of_{{k}}_{error}", base["protocol"]["n"]) for row in table]
        lines = [line for line, row in zip(lines, table, strict=True) if line.cells and covers(row, base)]
        made[f"curves_{error}"] = curves(lines, f"{errors[error]} of the best of k")
    return {name: figure for name, figure in made.items() if figure is not None}


def covers(row: Row, base: dict[str, Any]) -> bool:
    """Whether a row is about all the drawings; a trivial one may be about those with several true colourings only."""
    return not row.trivial or row.cells["validity/share"].n == base["protocol"]["count"]


def histogram_of(evaluations: Sequence[Evaluation], names: Sequence[str]) -> Figure:
    """Distances between candidates: of the runs, and of other true colourings as an outline."""
    import numpy as np

    from colorlab.report.histogram import Distances, histogram

    kind, edges, axis = binning(evaluations)
    found = [(name, each.distances[kind], False) for name, each in zip(names, evaluations, strict=True)]
    key = f"trivial/others/{kind}"
    found += [(OUTLINE, each.distances[key], True) for each in evaluations[:1] if key in each.distances]
    rows = [Distances(name, np.histogram(d, edges)[0], float(np.mean(d)), outline) for name, d, outline in found]
    return histogram(rows, edges, axis)


def binning(evaluations: Sequence[Evaluation]) -> tuple[str, Any, str]:
    """The distance that all have, its fixed bins (65 edges, never from the data), and its name on the axis."""
    from colorlab.metrics.diversity import BINS

    if all("lpips" in each.distances for each in evaluations):
        return "lpips", BINS, "LPIPS between two candidates of a drawing"
    return "delta_e", 64 * BINS, "CIEDE2000 between two candidates of a drawing"


def frontier_of(table: Sequence[Row], quality: str) -> Figure | None:
    """None if no row has both measures."""
    from colorlab.report.frontier import Point, frontier

    across = "diversity/lpips" if any("diversity/lpips" in row.cells for row in table) else "diversity/delta_e"
    having = [row for row in table if across in row.cells and quality in row.cells]
    if not having:
        known = sorted({key for row in table for key in row.cells if key.endswith(("share", "_lpips", "psnr", "ssim"))})
        raise ConfigError(f"quality={quality} is not measured (choose from {', '.join(known[:12])}, ...)")
    points = [Point(row.name + row.mark, row.cells[across], row.cells[quality], row.trivial) for row in having]
    units = {"diversity/lpips": "diversity (mean LPIPS of pairs)", "validity/share": "share of valid candidates"}
    return frontier(points, units.get(across, "diversity (mean CIEDE2000 of pairs)"), units.get(quality, quality))


def composed(
    cfg: DictConfig, evaluations: Sequence[Evaluation], names: Sequence[str], table: list[Row], notes: list[str]
) -> Page:
    """The page, its charts still to come."""
    from colorlab.report.page import Page
    from colorlab.report.table import coverage, headline

    base = evaluations[cfg.baseline].document
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
    date = datetime.datetime.now(datetime.timezone.utc).date().isoformat()
    pairs = zip(names, evaluations, strict=True)
    return Page(
        cfg.title or title_of(names), facts, notes, headline(protocol["n"], have), table, names[cfg.baseline],
        legend_of(table), [], coverage(have) if several else [], same_drawings(cfg.sheet, evaluations, names),
        {name: worst_cases(cfg.worst, each) for name, each in pairs} if cfg.worst else {},
        settings_table(evaluations, names), protocol_table(protocol), f"Made with colorlab {__version__} on {date}.",
    )  # fmt: skip


def legend_of(table: Sequence[Row]) -> list[Key]:
    """The charts' legend: runs by colour, trivial rows by dash, other true colourings as the outline that they are."""
    from colorlab.report.figure import INK, STROKES, VARIABLES, looks
    from colorlab.report.page import Key

    styles = looks([row.trivial for row in table])
    keys = [Key(row.name + row.mark, VARIABLES[s.color], STROKES[s.dash]) for row, s in zip(table, styles, strict=True)]
    return [key._replace(color=VARIABLES[INK], dash="") if key.name == OUTLINE else key for key in keys]


def title_of(names: Sequence[str]) -> str:
    """What is compared."""
    shown = [*names[:3], f"{len(names) - 3} more"] if len(names) > 4 else list(names)
    return (
        " and ".join([", ".join(shown[:-1]), shown[-1]]) + " compared"
        if len(shown) > 1
        else f"Evaluation of {shown[0]}"
    )


def same_drawings(count: int, evaluations: Sequence[Evaluation], names: Sequence[str]) -> list[Case]:
    """Drawings that all evaluations have, in the mixture of contact sheets, with every run's candidates."""
    from colorlab.evaluation import PICTURES, mixture, read_arrays, read_sample
    from colorlab.report.page import Case

    base = evaluations[0]
    kept, drawings = read_arrays(base.path / PICTURES), base.document["drawings"]
    common = set(drawings).intersection(*(each.document["drawings"] for each in evaluations))
    among = [i for i, name in enumerate(drawings) if name in common and f"{i}/drawing" in kept]
    cases = []
    for i in mixture(base.document["truths"], among, count):
        pairs = zip(names, evaluations, strict=True)
        strips = [strip_of(name, read_sample(each.path, drawings[i])) for name, each in pairs]
        cases.append(Case(drawings[i], "", kept[f"{i}/drawing"], kept[f"{i}/truths"], strips))
    return cases


def strip_of(name: str, candidates: np.ndarray) -> Strip:
    """A row's candidates for a drawing, (n, H, W, 3) uint8, and where they are undecided about the hue: the circular
    variance of all of them, fading to none where there is hardly any colour."""
    from colorlab.color import lab_of
    from colorlab.judging import as_pictures
    from colorlab.metrics.diversity import hue_variance
    from colorlab.report.page import Strip

    ab = lab_of(as_pictures(candidates))[:, 1:]
    colour = (ab.norm(dim=1).mean(0) / FAINT).clamp(max=1)
    return Strip(name, candidates, (hue_variance(ab)[1] * colour).numpy())


def worst_cases(count: int, evaluation: Evaluation) -> list[Case]:
    """The drawings with the largest error of the best candidate, the worst first."""
    from colorlab.evaluation import PICTURES, error_key, read_arrays, read_sample, worst
    from colorlab.report.page import Case

    document, kept = evaluation.document, read_arrays(evaluation.path / PICTURES)
    errors, valid = (document["per_drawing"][key] for key in (error_key(document), "validity/share"))
    cases = []
    for i in worst(document, count):
        if f"{i}/drawing" in kept:
            name = document["drawings"][i]
            candidates = read_sample(evaluation.path, name)
            note = f"error {errors[i]:.3g}, {round(valid[i] * len(candidates))} of {len(candidates)} valid"
            cases.append(Case(name, note, kept[f"{i}/drawing"], kept[f"{i}/truths"], [strip_of("", candidates)]))
    return cases


def settings_table(evaluations: Sequence[Evaluation], names: Sequence[str]) -> list[list[str]]:
    """A heading and a line for each run: how its samples were made."""
    from colorlab.evaluation import additions, sampler_word

    lines = [["run", "method", "sampler", "steps", "seed", "precision", "added", "weights", "s a drawing", "folder"]]
    for name, evaluation in zip(names, evaluations, strict=True):
        document = evaluation.document
        made, sampler = document["settings"], document["configured"].get("sampler", {})
        sampler = made["sampler"] or sampler
        steps, added = made["steps"] or sampler.get("steps", "–"), ", ".join(additions(made)) or "–"
        seconds = document["timing"].get("seconds_per_drawing")
        lines.append([
            name, document["method"], sampler_word(sampler) if sampler else "–", str(steps), str(made["seed"]),
            made["precision"], added, ", ".join(sha[:10] for sha in made["weights"].values()),
            f"{seconds:.2g} ({document['timing']['device']})" if seconds else "–", str(evaluation.path),
        ])  # fmt: skip
    return lines


def protocol_table(protocol: dict[str, Any]) -> dict[str, str]:
    """The protocol in words."""
    flat = {key: value for key, value in protocol.items() if not isinstance(value, dict)}
    weights = ", ".join(protocol["weights"].values()) or "none"
    versions = ", ".join(f"{name} {number}" for name, number in protocol["versions"].items())
    return {key: str(value) for key, value in flat.items()} | {"weights": weights, "versions": versions}


CAPTIONS = {
    "histogram": "Distances between candidates of one drawing, the same bins for all runs; strokes on the axis are "
    "means. Bars that reach the top are cut. An outline shows what other true colourings of a drawing differ by.",
    "frontier": "Quality against diversity, with 95 % intervals. Up and to the right is better, up to the diversity of "
    "true colourings.",
    "curves": "Error of the best of k candidates, with 95 % bands: how much is gained by being shown more of them.",
}


def write(out: Path, page: Page, charts: dict[str, Figure]) -> dict[str, Path]:
    """All files of the report. -> name -> path."""
    from colorlab.report import figure, table
    from colorlab.report.page import Chart, rendered

    out.mkdir(parents=True, exist_ok=True)
    saved = {name: figure.save(charts[name], out / f"{name}.png") for name in ("histogram", "frontier")}
    captions = {name: CAPTIONS[name.split("_")[0]] for name in charts}
    inline = [Chart(figure.svg(each, name, captions[name]), captions[name]) for name, each in charts.items()]
    texts = {
        "page": ("index.html", rendered(page._replace(charts=inline))),
        "markdown": ("table.md", table.markdown(page.columns, page.rows)),
        "csv": ("table.csv", table.comma_separated(page.rows)),
        "latex": ("table.tex", table.latex(page.columns, page.rows)),
    }
    for name, text in texts.values():
        (out / name).write_text(text, encoding="utf-8", errors="backslashreplace")
    return {key: out / name for key, (name, _) in texts.items()} | saved


def main() -> None:
    """The command."""
    hydra_command(compare, "compare")


if __name__ == "__main__":
    main()
