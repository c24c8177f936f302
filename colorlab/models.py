"""Models that travel:  python -m colorlab.models [list]
  python -m colorlab.models save run=runs/mine out=mine [evaluation=default] [license=cc-by-4.0]
  python -m colorlab.models fetch repo=owner/name revision=<40 hexadecimal digits>
  python -m colorlab.models export run=pretrained/flats out=graphs

list: what ships, what is under runs/, what was fetched. save: a run as a folder that model hubs
    take, with its card.
fetch: such a folder from a hub, at one commit; its path is printed. export: nets as ONNX graphs."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from colorlab.cli.command import run as run_command
from colorlab.cli.messages import nearest
from colorlab.data.intake import printable
from colorlab.errors import ConfigError
from colorlab.runs.run import Run, open_run

if TYPE_CHECKING:
    from colorlab.api import TrainedRun
    from colorlab.evaluation.folder import Evaluation

WIDE = 1000  # columns where no terminal asks for fewer
#: verb -> the words that it needs, the words that it takes
VERBS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "list": ((), ()),
    "save": (("run", "out"), ("evaluation", "license")),
    "fetch": (("repo", "revision"), ()),
    "export": (("run", "out"), ()),
}


def main(argv: list[str]) -> None:
    """argv: a verb, then key=value."""
    verb, *rest = argv or ["list"]
    if verb in ("-h", "--help"):
        print(__doc__)
        return
    words = words_of(verb, rest)
    if verb == "list":
        print_list()
    elif verb == "save":
        print(
            printable(
                save_pretrained(
                    words["run"],
                    words["out"],
                    words.get("evaluation"),
                    license=words.get("license", ""),
                )
            )
        )
    elif verb == "fetch":
        from colorlab.travel.hub import fetched

        print(fetched(words["repo"], words["revision"]))
    else:
        from colorlab.travel.graphs import write_graphs

        print(
            *map(printable, write_graphs(open_run(words["run"]).method(), Path(words["out"]))),
            sep="\n",
        )


def words_of(verb: str, rest: list[str]) -> dict[str, str]:
    """key -> value. ConfigError for a verb or a key that is none, or one that is missing."""
    if verb not in VERBS:
        raise ConfigError(
            f"{verb} is nothing that is done with models (choose from {', '.join(VERBS)})"
        )
    needed, taken = VERBS[verb]
    words = {key: value for key, _, value in (word.partition("=") for word in rest)}
    for key in words:
        if key not in needed + taken:
            raise ConfigError(f"{key} is not a key of {verb}{nearest(key, [*needed, *taken])}")
    for key in needed:
        if not words.get(key):
            raise ConfigError(
                f"{key} is not set (give it: python -m colorlab.models {verb} {key}=...)"
            )
    return words


def print_list() -> None:
    """A table of the models that are here."""
    from rich.console import Console
    from rich.table import Table

    from colorlab.travel.shelf import models

    table = Table(box=None, header_style="bold", padding=(0, 2, 0, 0))
    for title in ("model", "method", "data", "weights", "licence", "command"):
        table.add_column(title, overflow="fold")
    for model in models():
        table.add_row(*(printable(Path(said)) if said else "" for said in model))
    width = None if sys.stdout.isatty() else WIDE
    Console(width=width, highlight=False, markup=False).print(table)


def save_pretrained(
    run: str | Path | TrainedRun,
    folder: str | Path,
    evaluation: str | Path | Evaluation | None = None,
    *,
    license: str = "",
) -> Path:
    """Write a finished run as a folder that model hubs take: config.yaml, model.safetensors,
    README.md, the model's card, and sheet.png if there are pictures. -> the folder.

    run: a run's path, or what ``open_run`` gave. folder: a new or empty one. evaluation: what
    ``TrainedRun.evaluate`` gave, its folder, or its name in the run: the card's numbers; by default
    the run's only one, if there is one.
    license: of the weights, an identifier such as "cc-by-4.0". ConfigError: the run cannot travel,
    or the folder is not empty.

    >>> folder = colorlab.save_pretrained("pretrained/gpic-openmoji-c8", "given away",
    ...                                   license="apache-2.0")
    >>> sorted(path.name for path in folder.iterdir())
    ['README.md', 'config.yaml', 'model.safetensors']
    """
    from colorlab.api import TrainedRun
    from colorlab.travel.folder import write_folder

    if isinstance(run, TrainedRun):
        if len(run.runs) > 1:
            raise ConfigError(f"{run.name} is a mix of two runs (save each of them)")
        run = run.path
    given = open_run(run)
    return write_folder(given, Path(folder), judged(given, evaluation), license)


def from_pretrained(folder: str | Path, *, revision: str | None = None) -> TrainedRun:
    """Open a model of ``save_pretrained``, or of a model hub: what ``open_run`` gives.

    folder: a folder here, or "owner/name" on a hub. revision: of one on a hub, the commit, 40
    hexadecimal digits; it is fetched once, and nothing in it is run. Without a network all else
    works as ever. ConfigError: there is no such folder and the commit is not named.
    CheckpointError: the hub does not give it, or it is no run that can be opened.

    >>> folder = colorlab.save_pretrained("pretrained/gpic-openmoji-c8", "taken along")
    >>> colorlab.from_pretrained(folder).name
    'gpic-openmoji-c8'
    """
    from colorlab import api
    from colorlab.storage.cache import shipped

    if not shipped(folder).is_dir():
        from colorlab.travel.hub import fetched

        folder = fetched(str(folder), revision)
    return api.open_run(folder)


def judged(run: Run, evaluation: str | Path | Evaluation | None) -> Evaluation | None:
    """The evaluation that is meant. None: none is named, and the run has none or several."""
    from colorlab.evaluation.folder import RESULT, Evaluation, located, read_evaluation

    if isinstance(evaluation, Evaluation):
        return evaluation
    if evaluation is None:
        there = list(run.home.glob(f"evaluation/*/{RESULT}"))
        return read_evaluation(there[0].parent) if len(there) == 1 else None
    here = Path(evaluation) / RESULT
    return read_evaluation(
        here.parent if here.is_file() else located(str(run.home), str(evaluation))
    )


if __name__ == "__main__":
    run_command(main, sys.argv[1:])
