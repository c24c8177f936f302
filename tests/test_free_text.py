"""Free text on the command line is what was typed, whatever is in it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser
from omegaconf import DictConfig, OmegaConf

from colorlab.cli.config import compose
from colorlab.cli.free_text import LISTS, TEXT, as_text
from colorlab.cli.yaml_files import conf_dir, declared
from colorlab.runs.run import plain_dict

TYPED = [
    "café.png", "絵.png", "a (1).png", "k=v.png", "it's.png", "a parrot (blue), dog's collar",
    "2024", "1e5", "1e9000", "-3", "true", "[x].png", "{a}", "a b", " led by a space", "new\nline",
    "\udcff.png", "a\\", "a\\'b", "\\\\'", "${x}", "\\${x}", "\\\\${oc.env:HOME}", "${", "#1",
    "a#b", "'", '"', "it's \"so\"", "a,b", "choice(a,b)", "x:y", "~", "%", "*.png", "", "\t", "@a",
    "|", "<b>", "nan", "off", "1_000", "0x1F", "!!python/name:os.system", "a: b", "- a", "&a", "?",
]  # fmt: skip
KEYS = ["input", "hints", "reference", "text", "negative", "out"]


def sampled(*words: str) -> DictConfig:
    return compose("sample", as_text(["run=mine", *words]))


def parsed(word: str) -> object:
    """What Hydra and OmegaConf make of a word of a command."""
    override = OverridesParser.create().parse_override(word)
    return OmegaConf.to_container(OmegaConf.create({"key": override.value()}), resolve=True)["key"]


@pytest.mark.parametrize("text", TYPED)
def test_text_arrives_as_it_was_typed(text: str) -> None:
    (word,) = as_text([f"input={text}"])
    assert str(parsed(word)) == text


def test_every_key_of_free_text_of_a_command_takes_it() -> None:
    text = "1e5 (ü), it's ${x}"
    cfg = plain_dict(sampled(*(f"{key}={text}" for key in KEYS)))
    assert [cfg[key] for key in KEYS] == [text] * len(KEYS)
    cfg = plain_dict(
        compose("train", as_text([f"name={text}", "data=folder", f"data.root={text}"]))
    )
    assert cfg["name"] == cfg["data"]["root"] == text


@pytest.mark.parametrize("text", [text for text in TYPED if not text.startswith("[")])
def test_a_word_is_quoted_once(text: str) -> None:
    once = as_text([f"text={text}"])
    assert as_text(once) == once  # a job of a sweep is given the words again


@pytest.mark.parametrize("color", ["1e9000", "123456", "000000", "ff8800", "palette"])
def test_a_colour_is_no_number(color: str) -> None:
    assert str(parsed(as_text([f"bias={color}"])[0])) == color
    assert parsed(as_text(["bias=[1, 0.5, 0]"])[0]) == [1, 0.5, 0]


def test_null_and_quotes_keep_their_meaning() -> None:
    cfg = sampled("input=null", "text='a, b'", 'negative="it is"', "hints='null'")
    assert (cfg.input, cfg.text, cfg.negative, cfg.hints) == (None, "a, b", "it is", "null")


def test_other_words_are_left_alone() -> None:
    words = [
        "n=8",
        "guide=[flat]",
        "guide.flat.strength=0.5",
        "run=[a,b]",
        "-m",
        "--cfg",
        "job",
        "hydra.sweep.dir=a,b",
    ]
    assert as_text(words) == words


def test_a_sweep_splits_free_text_only_where_it_is_told_to() -> None:
    assert as_text(["-m", "text=a parrot, blue", "seed=0,1", "run=a,b"]) == [
        "-m", "text='a parrot, blue'", "seed=0,1", "run='a','b'",
    ]  # fmt: skip
    words = as_text(["--multirun", "text=choice(a red bird, it's (blue),'a, b')"])
    assert words == ["--multirun", r"text='a red bird','it\'s (blue)','a, b'"]
    assert as_text(["-m", "bias=[1,0,0],null", "palette=#1e0050,café"])[1:] == [
        "bias=[1,0,0],null",
        "palette='#1e0050','café'",
    ]
    assert as_text(["-m", "run=glob(*)", "text=choice(null,a)"])[1:] == [
        "run='glob(*)'",
        "text=null,'a'",
    ]
    assert as_text(["text=choice(a,b)"]) == ["text='choice(a,b)'"]


def test_every_key_that_takes_words_is_one_of_free_text_or_has_choices() -> None:
    prefixes = {
        ".": "",
        "sampling": "",
        "data": "data.",
        "guide": "guide.x.",
        "logger": "logger.",
        "method": "method.",
    }
    loose = set()
    for folder, prefix in prefixes.items():
        for path in (conf_dir() / folder).glob("*.yaml"):
            for key, default, clause in declared(path):
                checked = " | " in clause or re.match(
                    r"[<>]|in [\[(]|[\d.]+(e-?\d+)?$", clause or str(default)
                )
                taken = any(free.fullmatch(prefix + key) for free in (TEXT, LISTS))
                ours = not re.search(r"^(hydra|defaults)|_target_", key) and "${" not in str(
                    default
                )
                loose |= (
                    {prefix + key}
                    if ours and isinstance(default, str | None) and not (checked or taken)
                    else set()
                )
    # a number of pixels, too; said by the choice of the group; one of the styles that the run knows
    assert loose == {"size", "logger.kind", "method.hand.style"}


@pytest.mark.whole
def test_a_command_takes_a_name_as_typed_and_tells_it_on_any_terminal(
    tmp_path: Path, monkeypatch
) -> None:
    monkeypatch.setenv("LANG", "C")
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    line = [
        sys.executable,
        "-m",
        "colorlab.sample",
        "run=pretrained/gpic-openmoji-c8",
        "input=絵 (1), it's.png",
    ]
    done = subprocess.run(line, cwd=tmp_path, capture_output=True, timeout=100)
    assert done.returncode == 3 and done.stderr.startswith(
        b"colorlab: error: \\u7d75 (1), it's.png cannot be read"
    )
