"""Picture files in, colourings of the same size out."""

from __future__ import annotations

import functools
import json
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from PIL import Image

from colorlab.cli.processes import all_gather, broadcast, is_first, own_share
from colorlab.data.intake import Opened, open_picture, open_rgba, open_whole, printable
from colorlab.data.names import check_apart, output_names, pictures_of
from colorlab.errors import ConfigError, DataError
from colorlab.exports.kinds import endings_of
from colorlab.progress import with_progress
from colorlab.report.grid import drawn_sheet, sheet_of, thumbnail
from colorlab.runs.run import Run
from colorlab.sampling.edits import typed
from colorlab.sampling.exports import FILES, exported, sources_of, write_exports
from colorlab.sampling.notes import kind_note, plain_note
from colorlab.sampling.options import PictureOptions, SamplingOptions
from colorlab.sampling.pictures import Shown, check_hints, colorings, understood
from colorlab.sampling.record import (
    Record,
    check_free,
    is_finished,
    is_free,
    is_ours,
    paths_of,
    record_of,
    sha256_of,
    start_of,
    write_png,
)  # fmt: skip
from colorlab.sampling.setup import data_of, guides_of, method_of
from colorlab.sampling.varied import likes_of
from colorlab.storage.files import write_text
from colorlab.storage.plain import content, json_of

WORDS = "sample.json"  # the command's words, beside the pictures
CELL = 192  # px; width of a picture on a file's sheet


class Task(NamedTuple):
    """A picture to be coloured. source: its file; paths: of its colourings, and of their sheet
    last; plain, endings: what they are made of."""

    source: Path
    paths: list[Path]
    record: Record
    plain: Path
    endings: list[str]


class Tools(NamedTuple):
    """What all pictures are coloured with. data: of the run's configuration; known: (4, H, W),
    reference: (3, h, w), uint8, or None."""

    method: Any
    guides: list[Any]
    data: dict[str, Any]
    known: np.ndarray | None
    reference: np.ndarray | None


def color_files(
    runs: Sequence[Run],
    source: Path,
    out: Path,
    options: SamplingOptions,
    wanted: PictureOptions,
    words: dict[str, Any],
    say: Callable[[str], Any],
    distinct: bool = False,
) -> Iterator[Path]:
    """n colourings and a sheet of every picture in a file or a folder. words: of the command, which
    are kept with them.
    say: is given lines for the user. distinct: names carry seed and settings in any case, as in a
    sweep.

    -> the sheets' paths, each when it is there, in each of several processes those of its share.
    One that cannot be used does not end a batch: DataError at its end."""
    tasks = tasks_of(runs, source, out, options, wanted, distinct)
    left = (
        tasks
        if wanted.again
        else [task for task in tasks if not is_finished(task.paths, task.record)]
    )
    tasks, left = broadcast((tasks, left))
    if len(left) < len(tasks) and is_first():
        say(
            f"{len(tasks) - len(left)} of {len(tasks)} pictures were finished already (again=true "
            "draws them anew)"
        )
    tools = functools.cache(functools.partial(tools_of, runs, options, wanted))
    bad: list[Exception] = []
    mine = own_share(left)
    for task in with_progress(mine, len(mine), "colouring"):
        try:
            yield colored(task, tools(), options, wanted, say)
        except (DataError, ConfigError) as error:
            if len(tasks) == 1:
                raise
            bad.append(error)
            say(str(error))
    if (count := sum(all_gather(len(bad)))) and is_first():
        raise DataError(
            f"{count} of {len(tasks)} pictures could not be coloured (the lines above say why)"
        )
    if not count and is_first() and is_of_words(out / WORDS, words):
        write_text(out / WORDS, json.dumps(words, indent=1, ensure_ascii=False) + "\n")


def is_of_words(path: Path, words: dict[str, Any]) -> bool:
    """Whether a file is not there, or holds the words of a command: a user's own of that name is
    left alone."""
    try:
        known = json_of(content(path))
    except (OSError, ValueError):
        return not os.path.lexists(path)
    return isinstance(known, dict) and known.keys() == words.keys()


def tasks_of(
    runs: Sequence[Run],
    source: Path,
    out: Path,
    options: SamplingOptions,
    wanted: PictureOptions,
    distinct: bool,
) -> list[Task]:
    """What is to be coloured, and where it goes. ConfigError, before anything is: a file would fall
    on an input."""
    paths = pictures_of(source)
    if source.is_dir():  # what was made of its pictures may lie among them
        paths = [path for path in paths if not is_ours(path)]
    named_files = {
        key: Path(file) for key in FILES if isinstance(file := getattr(wanted, key), str)
    }
    asked: dict[str, Any] = {
        key: getattr(wanted, key) for key in ("size", "lines", "finish", "gap", "alpha")
    }
    asked |= {"vary": wanted.vary, "lock": wanted.lock} if wanted.like else {}
    asked |= {"edit": typed(wanted.edit)} if wanted.edit else {}
    common = record_of(
        runs, options, asked | {key: sha256_of(file) for key, file in named_files.items()}
    )
    exports = [ending for kind in wanted.export for ending in endings_of(kind, options.n)]
    endings = [*(f"-{k + 1}.png" for k in range(options.n)), *exports, "-sheet.png"]
    tasks = []
    for path, name in output_names(paths, source).items():
        record = common._replace(input=path.name, content=sha256_of(path))
        given = [named_files[key] for key in ("hints", "reference") if key in named_files]
        check_apart(paths_of(out / name, endings), [*paths, *given])
        made = paths_of(start_of(out / name, endings, record, distinct), endings)
        # a candidate that is varied may lie among those made before
        check_apart(made, named_files.values())
        tasks.append(Task(path, made, record, out / name, endings))
    return tasks


def tools_of(runs: Sequence[Run], options: SamplingOptions, wanted: PictureOptions) -> Tools:
    """Made once, when the first picture wants them."""
    known = None if wanted.hints is None else open_rgba(Path(wanted.hints), options.pixel_limit)
    check_hints(known, wanted.hints)
    likes = likes_of(wanted.like, wanted.vary, wanted.lock, options.pixel_limit)
    reference = (
        None
        if wanted.reference is None
        else open_picture(Path(wanted.reference), options.pixel_limit)
    )
    guides = [*guides_of(options, known is not None or reference is not None), *likes]
    return Tools(method_of(runs, options), guides, data_of(runs, options), known, reference)


def colored(
    task: Task,
    tools: Tools,
    options: SamplingOptions,
    wanted: PictureOptions,
    say: Callable[[str], Any],
) -> Path:
    """Colour one picture: read -> understand -> condition -> sample -> compose -> write. -> the
    sheet's path."""
    picture = open_whole(task.source, options.pixel_limit)
    shown = understood(picture.rgb, tools.known, tools.data, wanted, tools.reference)
    name = printable(task.source)
    if note := kind_note(shown, wanted.lines):
        say(f"{name}: {note}")
    task, cells = write(
        task, picture, shown, colorings(shown, tools.method, tools.guides, options), wanted
    )
    drawing = thumbnail(shown.canvas, CELL)
    if note := plain_note(cells, drawing):
        say(f"{name}: {note}")
    put(task, -1, drawn_sheet(sheet_of([drawing], [np.stack(cells)], [[]]), CELL), None)
    return task.paths[-1]


def write(
    task: Task, picture: Opened, shown: Shown, made: Iterator[np.ndarray], wanted: PictureOptions
) -> tuple[Task, list[np.ndarray]]:
    """The colourings, each when it is composed, and what is exported of them. -> the task, under
    the name that it got; they as cells of a sheet."""
    cells, kept = [], []
    for k, pixels in enumerate(made, 1):
        task = put(task, k - 1, with_alpha(pixels, picture, wanted), k, picture.dpi)
        cells.append(thumbnail(pixels, CELL))
        if wanted.export:
            kept.append(pixels)
    if wanted.export:
        document = exported(shown, kept, task.record, sources_of(task.source, wanted))
        check_free(task.paths[len(cells) : -1], task.record)
        write_exports(task.paths[len(cells) : -1], document, wanted.export)
    return task, cells


def put(
    task: Task,
    place: int,
    image: Image.Image,
    k: int | None,
    dpi: tuple[float, float] | None = None,
) -> Task:
    """Write one of a task's pictures. Where another process, at work in the same folder, has come
    first with one of its own, all of the task's get the name that no other has; ConfigError where
    some have theirs already."""
    try:
        write_png(task.paths[place], image, task.record, k, dpi)
    except FileExistsError:
        if not is_free(task.paths[place], task.record):
            if place:
                check_free([task.paths[place]], task.record)
            start = start_of(task.plain, task.endings, task.record, distinct=True)
            task = task._replace(paths=paths_of(start, task.endings))
        write_png(task.paths[place], image, task.record, k, dpi)
    return task


def with_alpha(pixels: np.ndarray, picture: Opened, wanted: PictureOptions) -> Image.Image:
    """A colouring (H, W, 3) uint8 as a picture: opaque, or with alpha=keep as transparent as the
    input is."""
    image = Image.fromarray(pixels)
    if wanted.alpha == "keep" and picture.alpha is not None:
        image.putalpha(Image.fromarray(picture.alpha))
    return image
