"""Evaluations and comparisons in Weights & Biases: scalars, histograms on fixed bins that overlay
from run to run, sheets, and a workspace built from code.

Offline unless the user is logged in and the server in reach, and never a prompt. Each evaluation is
a W&B run of its own, finished when it is logged, so that every job of a sweep has its own. The
files of the evaluation folder remain the record."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from colorlab.cli import wandb_access
from colorlab.cli.wandb_access import stays_offline, wandb_errors
from colorlab.evaluation.folder import Evaluation, read_pictures, read_sample
from colorlab.evaluation.settings import titled
from colorlab.metrics.diversity import BINS, histogram
from colorlab.report.grid import drawn_sheet, mixture, sheet_of

# the same key in every run, so that one panel shows them all
HISTOGRAM = "diversity/lpips_histogram"
COLUMNS = [
    "bin_left",
    "bin_right",
    "bin_center",
    "count",
    "density",
    "method",
    "seed",
    "n_images",
    "k",
]
QUANTILES = (10, 50, 90)
SHEET = 12  # drawings on the logged sheet


@contextmanager
def logged_run(
    logger: Any, folder: Path, name: str, job: str, group: str | None, config: dict[str, Any]
) -> Iterator[Any]:
    """A W&B run that is finished in any case, as failed if the block fails. logger:
    conf/logger/wandb.yaml; job: what kind of run."""
    import wandb

    offline = stays_offline(logger.mode, folder)
    os.environ.setdefault("WANDB_SILENT", "true")
    with wandb_errors():
        run = wandb.init(
            project=logger.project, entity=logger.entity, group=logger.group or group, name=name,
            job_type=job, config=config, dir=folder, mode="offline" if offline else "online",
            reinit="finish_previous",
            settings=wandb.Settings(console="off", silent=True, init_timeout=wandb_access.START),
        )  # fmt: skip
    ended_well = False
    try:
        yield run
        ended_well = True
    finally:
        run.finish(exit_code=0 if ended_well else 1)


def log_evaluation(logger: Any, evaluation: Evaluation) -> None:
    """All values as scalars, the histogram as a table and a line, a contact sheet."""
    import wandb

    document = evaluation.document
    config = {
        key: document[key]
        for key in ("run", "method", "protocol_id", "protocol", "settings", "configured")
    }
    name = titled(f"{document['run']} {evaluation.path.name}", document["settings"])
    with logged_run(logger, evaluation.path, name, "evaluation", document["run"], config) as run:
        logged: dict[str, Any] = scalars(evaluation)
        if "lpips" in evaluation.distances:
            table = wandb.Table(columns=[*COLUMNS], data=histogram_rows(evaluation))
            logged[f"{HISTOGRAM}_table"] = table
            logged[HISTOGRAM] = wandb.plot.line(
                table, "bin_center", "density", title="LPIPS between candidates"
            )
        run.log(logged | {"samples": wandb.Image(contact_sheet(evaluation))})


def log_comparison(logger: Any, title: str, written: dict[str, Path]) -> None:
    """The page and its charts, under one run; and where W&B's workspaces can be written, a
    workspace."""
    import wandb

    folder = written["page"].parent
    with logged_run(logger, folder, title, "comparison", None, {}) as run:
        run.log({"report": wandb.Html(str(written["page"]), inject=False)})
        run.log({name: wandb.Image(str(written[name])) for name in ("histogram", "frontier")})
    if importlib.util.find_spec("wandb_workspaces") is None:
        print("W&B: no workspace was built (pip install 'colorlab-suite[workspaces]' to have one)")
    elif run.offline:
        print("W&B: no workspace was saved (it needs an account and a connection)")
    else:
        with wandb_errors():
            entity = logger.entity or wandb.Api().default_entity or ""
            print(f"W&B: {workspace(entity, logger.project).save().url}")


def scalars(evaluation: Evaluation) -> dict[str, float]:
    """Means under the measures' own names with `_low` and `_high`, and quantiles over drawings of
    diversity."""
    found: dict[str, float] = {}
    for key, value in evaluation.document["values"].items():
        parts = {key: value["mean"], f"{key}_low": value["low"], f"{key}_high": value["high"]}
        found |= {name: number for name, number in parts.items() if number is not None}
    for key in (
        "diversity/lpips",
        "diversity/delta_e",
        "diversity/vendi_lpips",
        "diversity/ab_variance",
    ):
        if key in evaluation.document["per_drawing"]:
            column = np.array(evaluation.document["per_drawing"][key], np.float64)
            found |= {f"{key}_p{q}": float(np.nanquantile(column, q / 100)) for q in QUANTILES}
    timing = evaluation.document["timing"]
    return found | {
        f"timing/{name}": value for name, value in timing.items() if isinstance(value, float)
    }


def histogram_rows(evaluation: Evaluation) -> list[list[Any]]:
    """A row for each of the 64 fixed bins of LPIPS, of COLUMNS."""

    document, distances = evaluation.document, evaluation.distances["lpips"]
    counts = histogram(distances)[0]
    density = counts / max(counts.sum(), 1) / np.diff(BINS)
    protocol, name = document["protocol"], titled(document["run"], document["settings"])
    constant = [name, protocol["seed"], protocol["count"], protocol["n"]]
    bins = zip(BINS[:-1], BINS[1:], (BINS[:-1] + BINS[1:]) / 2, counts, density, strict=True)
    return [
        [float(left), float(right), float(center), int(c), float(d), *constant]
        for left, right, center, c, d in bins
    ]


def contact_sheet(evaluation: Evaluation) -> Any:
    """A PIL picture: drawing, candidates, true colourings."""

    document, kept = evaluation.document, read_pictures(evaluation.path)
    among = [i for i in range(len(document["drawings"])) if f"{i}/drawing" in kept]
    shown = mixture(document["truths"], among, SHEET)
    drawings = [np.repeat(kept[f"{i}/drawing"][..., None], 3, 2) for i in shown]
    candidates = [read_sample(evaluation.path, document["drawings"][i])[:8] for i in shown]
    return drawn_sheet(
        sheet_of(drawings, candidates, [list(kept[f"{i}/truths"]) for i in shown]), 96
    )


def workspace(entity: str, project: str) -> Any:
    """A wandb_workspaces.workspaces.Workspace of evaluations: histograms laid over each other,
    quality against diversity, sheets; runs grouped by method."""
    import wandb_workspaces.reports.v2 as wr
    import wandb_workspaces.workspaces as ws
    from wandb_workspaces.expr import Config

    overlay = wr.CustomChart(
        query={"summaryTable": {"tableKey": f"{HISTOGRAM}_table"}}, chart_name="wandb/line/v0",
        chart_fields={"x": "bin_center", "y": "density"},
        chart_strings={"title": "LPIPS between candidates"},
    )  # fmt: skip
    panels: list[Any] = [
        overlay,
        wr.ScatterPlot(x="diversity/lpips", y="validity/share", title="quality against diversity"),
        wr.BarPlot(metrics=["diversity/lpips"]),
        wr.BarPlot(metrics=["validity/earned_lpips"]),
        wr.MediaBrowser(media_keys=["samples"]),
        wr.RunComparer(),
    ]
    settings = ws.RunsetSettings(groupby=[Config("method")])
    section = ws.Section(name="Diversity and quality", panels=panels, is_open=True)
    return ws.Workspace(
        entity=entity,
        project=project,
        name="colorlab",
        sections=[section],
        runset_settings=settings,
    )
