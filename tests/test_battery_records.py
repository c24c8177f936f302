"""The small files that runs, evaluations and sweeps leave behind, broken by machine: each value in
turn replaced by each of many others, each file cut short, mixed and emptied. Who reads one works,
or ends in one line that names it."""

from __future__ import annotations

import copy
import json
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from PIL import Image

from colorlab.errors import CheckpointError, ColorlabError, ConfigError, DataError
from colorlab.evaluation.blind import tallied
from colorlab.evaluation.folder import add_timing, read_evaluation, timing
from colorlab.evaluation.results import TABLES, keep, stale, tables
from colorlab.evaluation.settings import begin
from colorlab.runs import metrics, sweeps
from colorlab.runs.cost import read_seconds
from colorlab.sampling.files import is_of_words
from colorlab.studio import palettes, shelf
from colorlab.studio.session import Session
from hydra_plugins.colorlab_launcher import _display as display
from tests.evaluations import SETTINGS, evaluated
from tests.strangers import SECONDS

GONE, MORE = object(), object()
VALUES: dict[str, Any] = {
    "null": None, "a list": [1, 2], "a mapping": {"a": 1}, "less than nothing": -1, "nothing": 0,
    "true": True, "half": 2.5, "three": 3, "large": 1e300, "tiny": 1e-320,
    "beyond 62 bits": 1 << 62, "far below": -(1 << 63), "a word": "x", "no word": "", "no list": [],
    "no mapping": {}, "lists": [[[]]], "words": ["a"], "nulls": [None] * 3, "mappings": [{}, {}],
    "a zero byte": "a\0b", "what a terminal obeys": "a\x1b[2J", "half a letter": "\ud800",
    "a way out": "../..", "a long word": "x" * 1_000_000, "many": list(range(300)),
    "what is not there": GONE, "another name": MORE,
}  # fmt: skip
TEXTS = {
    "infinite": "1e400", "NaN": "NaN", "no JSON": "nonsense", "deep": "[" * 2000 + "]" * 2000,
    "deeper": '{"a":' * 9999, "a key twice": '{"a": 1, "a": 2}', "many digits": "9" * 5000,
    "beyond 64 bits": str(1 << 70), "minus nothing": "-0",
}  # fmt: skip
PLACE = "@place@"


def broken(text: str) -> Iterator[tuple[str, bytes]]:
    """A JSON file with each of its values replaced by each other, and what is no such file: what it
    is -> its bytes."""
    known = json.loads(text)
    for place in places(known):
        for what in (*VALUES, *TEXTS):
            yield f"{'/'.join(map(str, place))}: {what}", edited(known, place, what)
    yield from cut(text.encode())


def edited(known: Any, place: tuple[Any, ...], what: str) -> bytes:
    found = copy.deepcopy(known)
    node = found
    for key in place[:-1]:
        node = node[key]
    value = VALUES.get(what, PLACE)
    if value in (GONE, MORE):
        taken = node.pop(place[-1])
        if value is MORE and isinstance(node, dict):
            node[f"{place[-1]} "] = taken
        elif value is MORE:
            node += [taken, taken]
    else:
        node[place[-1]] = value
    return json.dumps(found).replace(f'"{PLACE}"', TEXTS.get(what, "")).encode()


def places(node: Any, *above: Any) -> Iterator[tuple[Any, ...]]:
    """The keys that lead to every part, the first of a list."""
    for key, value in node.items() if isinstance(node, dict) else list(enumerate(node))[:1]:
        yield (*above, key)
        if isinstance(value, dict | list):
            yield from places(value, *above, key)


def cut(text: bytes) -> Iterator[tuple[str, bytes]]:
    """A file cut short, mixed with zeros, doubled, of another coding, or another's."""
    for part in range(12):
        yield f"{part} twelfths", text[: len(text) * part // 12]
        yield f"zeros from {part} twelfths", text[: len(text) * part // 12].ljust(len(text), b"\0")
    others = {
        "all but a byte": text[:-2], "twice": text + text,
        "in UTF-16": text.decode().encode("utf-16"), "no text": bytes(range(256)),
        "a byte that is no text": text.replace(b'"', b'"\xff', 1), "null": b"null", "a list": b"[]",
        "a mapping": b"{}", "a number": b"3", "a hundred thousand levels": b"[" * 100_000,
        "millions of lists": b"[" + b"[]," * 4_000_000 + b"[]]",
        "millions of numbers": b"[" + b"0," * 20_000_000 + b"0]",
    }  # fmt: skip
    yield from others.items()


class File(NamedTuple):
    """path: of a whole file in a folder. read: what its readers do with it. names: what a
    refusal says, its name."""

    path: Path
    read: Callable[[Path], object]
    names: str


def an_evaluation(folder: Path) -> File:
    return File(
        evaluated(folder / "a", n=2, count=3) / "evaluation.json",
        lambda p: read_evaluation(p.parent),
        "a/",
    )


def settings(folder: Path) -> File:
    return File(evaluated(folder / "a", n=2, count=3) / "settings.json",
                lambda path: begin(path.parent, SETTINGS | {"n": 2}), "a")  # fmt: skip


def timings(folder: Path) -> File:
    add_timing(folder, 3.0, 2, "cpu")

    def read(path: Path) -> None:
        was = path.read_bytes()
        timing(folder, 1.0)
        add_timing(folder, 1.0, 1, "cpu")
        assert json.loads(path.read_text())["sampled"] is not None
        path.write_bytes(was)

    return File(folder / "timing.json", read, "works")


def a_row(folder: Path) -> File:
    (folder / "metrics.jsonl").write_text('{"step": 10, "train/loss": 0.5, "val/loss": null}')

    def read(path: Path) -> None:
        row = path.read_bytes() + b"\n"
        path.write_bytes(b'{"step": 1}\n' + row)
        list(metrics.rows(path))
        metrics.cut(path, 5)

    return File(folder / "metrics.jsonl", read, "metrics.jsonl")


def a_cost(folder: Path) -> File:
    (folder / "cost.json").write_text('{"seconds": 3.5}')
    return File(
        folder / "cost.json", lambda path: f"{(read_seconds(path.parent) or 0) / 60:,.0f}", "works"
    )


def a_sweep(folder: Path) -> File:
    job = sweeps.Job("h", 3, "3", {"width": "8"}, "w", ["python"], sweeps.DONE, 1, 2.0, 0, 0.5, "")
    (folder / "3").mkdir()
    (folder / "3" / sweeps.RESULT).write_text('{"value": 0.5}')
    sweeps.Sweep(folder, [job]).save()

    def read(path: Path) -> None:
        sweep = sweeps.read(folder).none_running()
        if jobs := [*sweep.jobs.values()]:
            shown = display.table(sweep, jobs) + display.counted(jobs)
            assert (
                all(line.isprintable() for line in shown.split("\n"))
                and sweep.next_number() is not None
            )
            sweeps.labels([job.swept for job in jobs])
        sweeps.finished_jobs(folder)

    return File(folder / sweeps.SWEEP, read, sweeps.SWEEP)


def a_record(folder: Path) -> File:
    keep(read_evaluation(evaluated(folder / "a", n=2, count=3)), "a", folder / "results")
    (folder / "results" / TABLES).write_text(
        't: {columns: {a: a, b: a/nearest}, measures: {d: "diversity/lpips:3"}}'
    )
    return File(folder / "results" / "a.json", lambda path: tables(path.parent), "results/")


def columns(folder: Path) -> File:
    file = a_record(folder)
    (folder / "results" / TABLES).write_text(
        't: {columns: {a: [a, a]}, measures: {d: "diversity/lpips:3"}}'
    )
    return file._replace(path=folder / "results" / "a.csv")


def a_list_of_tables(folder: Path) -> File:
    file = a_record(folder)
    path = folder / "results" / TABLES
    path.write_text(
        '{"toy": {"columns": {"a": "a", "b": ["a"]}, "measures": {"d": "diversity/lpips:3"}}}'
    )
    return file._replace(path=path, names="a", read=lambda path: stale(folder))


def answers(folder: Path) -> File:
    a_key(folder)
    return File(
        folder / "said.json", lambda path: tallied(folder / "key.json", [path]), "said.json"
    )


def a_key(folder: Path) -> File:
    (folder / "key.json").write_text(
        '{"page": "p", "trials": {"0": {"a": "x", "b": "y", "drawing": "d"}}}'
    )
    (folder / "said.json").write_text(
        '{"page": "p", "answers": [{"trial": "0", "chosen": "a", "seconds": 2.5}]}'
    )
    return File(folder / "key.json", lambda path: tallied(path, [folder / "said.json"]), ".json")


def words(folder: Path) -> File:
    (folder / "sample.json").write_text('{"run": "r", "n": 8, "text": null}')
    return File(
        folder / "sample.json",
        lambda path: is_of_words(path, {"run": "r", "n": 8, "text": ""}),
        "works",
    )


def own_palettes(folder: Path) -> File:
    (folder / "palettes.json").write_text('{"palettes": {"sea": ["#204080"]}}')
    return File(folder / "palettes.json", lambda path: palettes.kept(folder), "palettes.json")


def a_session(folder: Path) -> File:
    id = "0123456789abcdef"
    (folder / id).mkdir()
    Image.new("RGB", (8, 8)).save(folder / id / "drawing.png")
    (folder / id / "session.json").write_text('{"name": "n", "asked": [{"n": 2, "seed": 0, '
                                              '"pictures": ["1-1"]}],'
                                              '"favorites": ["1-1"]}')  # fmt: skip

    def read(path: Path) -> None:
        shelf.latest(folder)
        json.dumps(Session.reopened(folder, id).state())

    return File(folder / id / "session.json", read, "session.json")


FILES = [an_evaluation, settings, timings, a_row, a_cost, a_sweep, a_record, a_list_of_tables,
         a_key, answers, words, own_palettes, a_session]  # fmt: skip


def read_or_refused(file: File, content: bytes, what: str) -> bool:
    """Whether what reads a file works with this content; if not, it ends in one line that names
    it."""
    file.path.write_bytes(content)
    began = time.monotonic()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            file.read(file.path)
    except ColorlabError as error:
        assert isinstance(error, ConfigError | DataError | CheckpointError), what
        assert str(error).isprintable() and len(str(error)) < 800 and file.names in str(error), (
            what,
            str(error)[:500],
        )
        return False
    except Exception as error:
        raise AssertionError(
            f"{file.path.name} with {what}: {type(error).__name__} {error}"[:500]
        ) from error
    finally:
        assert time.monotonic() - began < SECONDS, what
    return True


@pytest.mark.slow
@pytest.mark.parametrize("make", FILES, ids=lambda make: make.__name__)
def test_a_record_that_was_broken_by_machine_is_read_or_refused_in_a_line(
    tmp_path: Path, make: Callable[[Path], File]
) -> None:
    file = make(tmp_path)
    text = file.path.read_text()
    assert read_or_refused(file, text.encode(), "itself")
    worked = [read_or_refused(file, content, what) for what, content in broken(text)]
    assert len(worked) > 70 and (file.names == "works" or False in worked)
    assert file.names != "works" or all(worked)


def test_columns_by_drawing_that_were_broken_are_read_or_refused_in_a_line(tmp_path: Path) -> None:
    file = columns(tmp_path)
    text = file.path.read_text()
    cells = [
        "",
        "x",
        "inf",
        "nan",
        "1e400",
        "-1",
        "\0",
        '"',
        "\x1b[2J",
        "1,1",
        "9" * 5000,
        "x" * 200_000,
    ]
    edits = [text.replace("0.", f"{cell}", 1) for cell in cells] + [
        text.replace("drawing", c, 1) for c in cells
    ]
    assert read_or_refused(file, text.encode(), "itself")
    for content in [*(each.encode() for each in edits), *dict(cut(text.encode())).values()]:
        read_or_refused(file, content, repr(content[:40]))
