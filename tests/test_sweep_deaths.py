"""A sweep whose launcher dies at any of its file operations, or is told what no line can hold: it
is gone on with by the same command, to the same results, and what is finished is not done again."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra.core.override_parser.overrides_parser import OverridesParser

from colorlab.cli.free_text import as_text, quoted
from colorlab.errors import SweepError
from colorlab.runs import sweeps
from hydra_plugins.colorlab_launcher import _processes as processes
from hydra_plugins.colorlab_launcher import launcher as launching
from hydra_plugins.colorlab_launcher.launcher import ColorlabLauncher
from tests.dying_files import dying_at

JOBS = ("1", "2", "3")
#: What jobs do in place of training: they note that they were started, and leave a result, whole or
#: not at all.
WORK = (
    'echo {x} >> {folder}/starts; echo "{{\\"value\\": {x}}}" > {folder}/r; '
    "mv {folder}/r {folder}/result.json"
)


@contextmanager
def launched(folder: Path, work: str = WORK, swept: tuple[str, ...] = JOBS) -> Iterator[list[Any]]:
    """A launcher with a job for each value of x, whose process is a shell. -> their values, once it
    has run."""
    own = ColorlabLauncher(1, [], [], None, 1.0, False, False, False)
    own.context = None
    own.config = SimpleNamespace(hydra=SimpleNamespace(sweep=SimpleNamespace(dir=str(folder))))
    found: list[Any] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(processes, "POLL", 0.002)
        patch.setattr(launching.commands, "planned", lambda context, cfg,
                      words: launching.commands.Planned(
            cfg, words, f"hash{words[0]}", {"x": sweeps.in_a_line(words[0])}))  # fmt: skip
        patch.setattr(launching.commands, "folder_of", lambda plan, number: str(number))
        patch.setattr(launching.commands, "words", lambda plan, sweep, job, cfg: [
            "/bin/sh", "-c", work.format(x=plan.overrides[0],
                                         folder=shlex.quote(str(sweep.path(job))))])  # fmt: skip
        try:
            found += own.launch([[x] for x in swept], 0)
            yield found
        finally:
            own.mine.close()  # a process that dies lets its lock go


def starts(folder: Path) -> dict[str, int]:
    """How often each job was started."""
    return {path.parent.name: len(path.read_text().split()) for path in folder.glob("*/starts")}


@pytest.mark.whole
def test_a_launcher_may_die_at_every_operation_and_is_gone_on_with(tmp_path: Path) -> None:
    at, ended = 0, False
    while not ended:
        folder, before = tmp_path / str(at), {}
        with dying_at(at), launched(folder):
            ended = True
        if (folder / sweeps.SWEEP).exists():
            before = {
                job.folder: job.state for job in sweeps.read(folder).none_running().jobs.values()
            }
        known = starts(folder)
        with launched(folder) as found:
            assert [each.return_value for each in found] == [1, 2, 3], at
        again = {name: count - known.get(name, 0) for name, count in starts(folder).items()}
        assert all(again[name] == 0 for name, state in before.items() if state == sweeps.DONE), at
        assert [job.state for job in sweeps.read(folder).jobs.values()] == ["done"] * 3, at
        at += 1
    assert at > 40 and starts(folder) == {"0": 1, "1": 1, "2": 1}


SAID = [
    "\\033[31mred\\033[0m", "a\\tb", "\\377\\376", "\\342\\200\\256turned", "x" * 5000, "\\a",
    "colorlab: error: \\033[2J",
]  # fmt: skip


@pytest.mark.whole
@pytest.mark.parametrize("said", SAID)
def test_whatever_a_job_says_as_it_fails_its_sweep_is_gone_on_with(
    tmp_path: Path, said: str
) -> None:
    with (
        launched(tmp_path, f"printf '{said}\\n'; exit 1", ("1",)) as found,
        pytest.raises(SweepError),
    ):
        _ = found[0].return_value
    assert [job.state for job in sweeps.read(tmp_path).jobs.values()] == [sweeps.FAILED]
    with launched(tmp_path) as found:
        assert [each.return_value for each in found] == [1, 2, 3]


@pytest.mark.parametrize(
    "result", ["", "nonsense", "[]", "3", '{"value": NaN}', "{" * 5000, '{"value": 1e999}']
)
def test_a_result_that_is_none_is_a_job_that_failed(tmp_path: Path, result: str) -> None:
    write = (
        f"printf '{result}' > {{folder}}/result.json".replace("{", "{{")
        .replace("}", "}}")
        .replace("{{folder}}", "{folder}")
    )
    with launched(tmp_path, write, ("1",)):
        jobs = [*sweeps.read(tmp_path).jobs.values()]
    assert jobs[0].state == (sweeps.DONE if "1e999" in result else sweeps.FAILED)
    with launched(tmp_path) as found:
        assert found[1].return_value == 2


ODD = {
    "an accent": "café", "a picture word": "絵", "commas": "a,b,,c", "an equal sign": "k=v",
    "brackets": "a [1].png", "braces": "{a: b}", "parentheses": "a (1).png", "a quote": "it's",
    "double quotes": 'say "hi"',
    "both": "it's \"", "spaces": " a  b ", "a dash": "-x", "dashes": "--multirun",
    "a number": "1e5", "a year": "2024", "a bool": "true", "a colon": "a:b", "a tilde": "~/a",
    "a plus": "+a", "a percent": "100%", "a hash": "#1e0050", "an at": "a@b", "a backslash": "a\\b",
    "backslashes": "a\\\\", "a reference": "${oc.env:HOME}", "half of one": "${", "a dollar": "$x",
    "a long word": "x" * 3000, "a long text": "a parrot, blue " * 90, "an emoji": "👨‍👩‍👧",
    "a tab": "a\tb", "a line's end": "a\nb", "what a terminal obeys": "a\x1b[2J",
    "not text": "a\udcff", "a range": "range(1,3)", "an interval": "interval(0,1)", "a glob": "*",
    "a pipe": "a|b", "an ampersand": "a&b", "a slash": "a/b", "the start of a list": "[a",
    "a list": "[a,b]", "a mapping": "{a:1}", "only a comma": ",", "a function": "choices(a,b)",
}  # fmt: skip
# which want quotes in a choice
COMMAS = [what for what, text in ODD.items() if "," in text or text != text.strip()]
KEYS = ("name", "input", "text", "out", "data.root")


def jobs_of(*words: str) -> list[dict[str, str]]:
    """The jobs that Hydra's sweeper makes of a command's words, each parsed as its process does."""
    parser = OverridesParser.create()
    batches = BasicSweeper.split_arguments(
        parser.parse_overrides(as_text(["-m", *words])[1:]), None
    )
    found = []
    for job in batches[0]:
        # as ``commands.words`` hands them on
        own = [each.input_line for each in parser.parse_overrides(list(job))]
        found.append(
            {each.key_or_group: each.value() for each in parser.parse_overrides(as_text(own))}
        )
        assert [each.value() for each in parser.parse_overrides(list(job))] == [*found[-1].values()]
    return found


def plain(text: str) -> str:
    """A text as OmegaConf gives it, whose escaped references are none."""
    from omegaconf import OmegaConf

    return str(OmegaConf.create({"a": text}).a)


@pytest.mark.parametrize("what", ODD)
def test_words_of_a_sweep_are_as_typed_whatever_is_in_them(what: str) -> None:
    for key in KEYS:
        jobs = jobs_of("seed=0,1", f"{key}={ODD[what]}")
        assert [plain(job[key]) for job in jobs] == [ODD[what]] * 2, key
        assert [job["seed"] for job in jobs] == [0, 1]


@pytest.mark.parametrize("what", ODD)
def test_a_choice_makes_a_job_of_each_text(what: str) -> None:
    for key in KEYS:
        jobs = jobs_of(f"{key}=choice({quoted(ODD[what])},other)")
        assert [plain(job[key]) for job in jobs] == [ODD[what], "other"], key
        if what not in COMMAS:
            jobs = jobs_of(f"{key}=choice(other,{ODD[what]})")
            assert [plain(job[key]) for job in jobs] == ["other", ODD[what].strip()], key


@pytest.mark.parametrize("what", ODD)
def test_a_sweep_of_odd_texts_has_a_record_that_is_read_again(tmp_path: Path, what: str) -> None:
    shown = sweeps.in_a_line(ODD[what])
    job = sweeps.Job(
        "h",
        0,
        "0",
        {"text": shown},
        sweeps.in_a_line(f"text={shown}"),
        ["python", f"text={ODD[what]}"],
    )
    sweeps.Sweep(tmp_path, [job]).save()
    assert sweeps.read(tmp_path).jobs == {"h": job}
    assert (
        json.loads((tmp_path / sweeps.SWEEP).read_text())["jobs"][0]["command"][1]
        == f"text={ODD[what]}"
    )
