"""The card of a model: what it is, how to use it, its data and licence, its cost, its numbers with
intervals, limits, pictures. Written from the run's configuration, the headers of the yaml files and
evaluation.json; nothing by hand."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import yaml

from colorlab.cli.help import described
from colorlab.cli.yaml_files import group_files
from colorlab.evaluation.folder import Evaluation
from colorlab.evaluation.rows import row_of, trivial_rows
from colorlab.report.table import headline, markdown
from colorlab.runs.run import Run

CARD, SHEET = "README.md", "sheet.png"
OPEN = "The licence of the weights is not stated: ask whom you have them from."


def card_of(run: Run, evaluation: Evaluation | None, license: str, pictured: bool) -> str:
    """The card as Markdown. evaluation: None if nothing was measured. license: of the weights, ""
    for not stated.
    pictured: whether SHEET lies beside it."""
    parts = [front(license), f"# {run.name}\n", *about(run), *use(run)]
    parts += [f"![Drawings and their colourings]({SHEET})\n"] * pictured
    parts += [
        "## Data and licence\n",
        *data(run),
        f"Weights: {license}.\n" if license else f"{OPEN}\n",
    ]
    parts += ["## Cost\n", *cost(run, evaluation), "## Numbers\n", *numbers(evaluation)]
    parts += ["## Limits\n", *limits(run, evaluation)]
    return "\n".join(parts)


def front(license: str) -> str:
    """What a hub reads."""
    fields: dict[str, Any] = {
        "library_name": "colorlab",
        "pipeline_tag": "image-to-image",
        "tags": ["colorization"],
    }
    fields |= {"license": license} if license else {}
    return f"---\n{yaml.safe_dump(fields, sort_keys=False)}---\n"


def about(run: Run) -> Iterator[str]:
    """What the method's yaml file says on top."""
    method = described_by("method", run.config["method"]["_target_"])
    yield f"{method or run.config['method']['_target_']}\n"
    yield (
        "One picture in, many different colourings out, by colorlab (`pip install "
        "colorlab-suite`).\n"
    )


def use(run: Run) -> Iterator[str]:
    """From Python and on the command line."""
    picture = "drawing.png" if run.config["data"]["condition"] == "lines" else "gray.png"
    yield "```python\nimport colorlab\n"
    yield 'run = colorlab.from_pretrained("path/of/this/folder")'
    yield f'pictures = run.sample("{picture}", n=8, seed=0)\n```\n'
    yield (
        f"```\npython -m colorlab.sample run=path/of/this/folder input={picture} n=8 seed=0\n```\n"
    )


def data(run: Run) -> Iterator[str]:
    """What the data set's yaml file says of it, and what of it was used."""
    node = run.config["data"]
    yield f"{described_by('data', node['_target_']) or node['_target_']}\n"
    shown = "line drawings" if node["condition"] == "lines" else "gray pictures"
    yield f"Trained on {shown} of {node['size']} px.\n"


def cost(run: Run, evaluation: Evaluation | None) -> Iterator[str]:
    """Steps and size of training, what it was made with, seconds of sampling."""
    steps, batch = run.config.get("trainer", {}).get("max_steps"), run.config.get("batch_size")
    if steps and batch:
        yield f"- training: {steps:,} steps of {batch} pictures, {steps * batch:,} in all"
    if made := run.config.get("made"):
        with_ = ", ".join(
            f"{key} {value}"
            for key, value in made.items()
            if isinstance(value, str) and key != "date"
        )
        yield f"- made {str(made.get('date', ''))[:10]} with {with_}"
    seconds = evaluation and evaluation.document["timing"].get("seconds_per_drawing")
    if evaluation and seconds:
        n = evaluation.document["protocol"]["n"]
        device = evaluation.document["timing"].get("device", "cpu")
        yield f"- sampling: {seconds:.2g} s for {n} colourings of a drawing ({device})"
    yield ""


def numbers(evaluation: Evaluation | None) -> Iterator[str]:
    """The main table beside its trivial rows, and the protocol."""
    if evaluation is None:
        yield "Not measured yet: `python -m colorlab.evaluate run=path/of/this/folder n=8`\n"
        return
    document = evaluation.document
    protocol = document["protocol"]
    drawings = f"{protocol['count']} held-out drawings of {protocol['data']}, {protocol['size']} px"
    judged = (
        f"measures of version {protocol['metrics']}, means with "
        f"{protocol.get('interval', '95 % intervals')}"
    )
    yield f"{drawings}, {protocol['n']} candidates each; {judged}.\n"
    columns = headline(protocol["n"], set(document["values"]))
    yield markdown(columns, [row_of(evaluation, document["run"]), *trivial_rows(evaluation)])
    weights = ", ".join(f"`{name[:24]}`" for name in protocol["weights"].values())
    yield (
        f"Weights of the judges: {weights}. Protocol `{document['protocol_id']}`.\n"
        if weights
        else ""
    )


def limits(run: Run, evaluation: Evaluation | None) -> Iterator[str]:
    """What is known to go wrong: by construction, and as it was measured."""
    node = run.config["data"]
    shown = "line drawings" if node["condition"] == "lines" else "gray pictures"
    yield "- Colours are plausible, not true: nothing here knows what colour a thing had."
    yield (
        f"- It has seen nothing but {shown} of the data above; others are coloured, and nothing "
        "was measured of them."
    )
    if evaluation is not None:
        yield from measured_limits(evaluation.document)
    else:
        yield "- Nothing was measured: how often it breaks a drawing is not known."
    yield ""


def measured_limits(document: dict[str, Any]) -> Iterator[str]:
    """The share that is broken, the drawings with the most broken candidates, what no candidate
    finds."""
    values, rows = document["values"], document["per_drawing"]
    if "validity/share" in values:
        yield (
            f"- {percent(1 - values['validity/share']['mean'])} of its candidates break the "
            "drawing."
        )
    ranked = sorted(
        (share, name)
        for share, name in zip(rows.get("validity/share", ()), document["drawings"], strict=False)
        if share is not None and share < 1
    )
    if ranked:
        yield (
            "- Most often broken: "
            f"{', '.join(f'{name} ({percent(1 - share)})' for share, name in ranked[:4])}."
        )
    modes = [key for key in values if re.fullmatch(r"modes/coverage_(lpips_0.05|delta_e_10)", key)]
    found = next((key for key in modes if values[key]["mean"] is not None), None)
    if found:
        yield (
            f"- Of several true colourings of a drawing, {percent(1 - values[found]['mean'])} are "
            "not among its own."
        )


def percent(share: float) -> str:
    """'7 %'."""
    return f"{100 * share:.0f} %"


def described_by(group: str, target: str) -> str:
    """The words on top of the yaml file of a class, "" for a class that has none."""
    for path in group_files(group).values():
        if f"_target_: {target}\n" in path.read_text(encoding="utf-8"):
            words = " ".join(described(path)[0].split())
            return re.sub(r"\s*(Needs [\w.]+=\w+\.|data\.simplify: .*$)", "", words)
    return ""
