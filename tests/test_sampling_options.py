"""What may be asked of a run: checked as plain values, before torch is loaded; one opening of a
run."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
import yaml

from colorlab.cli.config import compose
from colorlab.conditions.hints import of_truth
from colorlab.draws import Draws
from colorlab.errors import ConfigError
from colorlab.evaluate import evaluate
from colorlab.runs.run import Run, open_run, plain_dict
from colorlab.sampling.options import OF_TRUTH, picture_options, sampling_options
from tests.conftest import ROOT
from tests.test_evaluate import TINY, trained_looking

SHIPPED = "run=pretrained/gpic-openmoji-c8"
MISTAKES = {
    "a run": (["sample", "run=typo", "input=a.png"], 4, "there is no run in typo"),
    "a picture": (["sample", SHIPPED, "input=a.png"], 3, "a.png cannot be read: No such file"),
    "hints in a file": (
        ["sample", SHIPPED, "input=b.png", "hints=no.png"],
        2,
        "hints=no.png is not there",
    ),
    "hints in words": (
        ["sample", SHIPPED, "split=test", "hints=lefft"],
        2,
        "hints are left, right",
    ),
    "no hints": (
        ["sample", SHIPPED, "split=test", "guide=inpaint"],
        2,
        "there are none (give hints=",
    ),
    "a device": (["sample", SHIPPED, "split=test", "device=cuda"], 2, "there is no GPU"),
    "a colour": (["sample", SHIPPED, "split=test", "bias=bleu"], 2, "bias is #rrggbb"),
    "a size": (["sample", SHIPPED, "input=b.png", "size=0"], 2, "size=0 (give trained"),
    "an evaluated run": (["evaluate", "run=typo"], 4, "there is no run in typo"),
    "an evaluation's hints": (["evaluate", SHIPPED, "hints=a.png"], 2, "hints are left, right"),
    "an evaluation's device": (["evaluate", SHIPPED, "device=cuda"], 2, "there is no GPU"),
    "a comparison's logger": (
        ["compare", "runs=[a]", "logger=tensorboard"],
        2,
        "choose from none, wandb",
    ),
}


@pytest.mark.whole
@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_told_in_one_line_before_torch_is_loaded(mistake: str, tmp_path: Path) -> None:
    (words, code, said), stand_in = MISTAKES[mistake], tmp_path / "lib"
    stand_in.mkdir()
    (stand_in / "torch.py").write_text("raise SystemExit('torch is loaded')")
    (tmp_path / "b.png").touch()
    environment = os.environ | {"PYTHONPATH": f"{stand_in}:{ROOT}", "CUDA_VISIBLE_DEVICES": "-1"}
    line = [sys.executable, "-m", f"colorlab.{words[0]}", *words[1:]]
    done = subprocess.run(
        line, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=100
    )
    assert said in done.stderr and done.stderr.count("\n") == 1 and done.returncode == code, (
        done.stderr
    )


@pytest.mark.parametrize(
    "word",
    [
        "left",
        "right",
        "top",
        "bottom",
        "centre",
        "surround",
        "dots0",
        "dots12",
        "dots",
        "dots-1",
        "a.png",
        "",
    ],
)
def test_hints_have_one_grammar(word: str) -> None:
    try:
        of_truth(word, torch.zeros(1, 3, 4, 4), Draws(0, [0]))
        taken = True
    except ValueError:
        taken = False
    assert taken == bool(OF_TRUTH.fullmatch(word))


def test_the_commands_words_become_typed_values() -> None:
    words = [
        "run=a",
        "split=val",
        "n=3",
        "steps=7",
        "method/sampler=ddim",
        "method.temperature=0.5",
        "guide=[flat]",
    ]
    cfg = compose("sample", [*words[:-2], "++method.temperature=0.5", words[-1]])
    options = sampling_options(plain_dict(cfg), of_truth=True)
    assert (options.n, options.steps, options.values) == (3, 7, {"temperature": 0.5})
    assert options.sampler["_target_"].endswith("DDIM") and list(options.guide) == ["flat"]
    assert type(options.guide["flat"]) is dict
    with pytest.raises(AttributeError):
        options.n = 4  # type: ignore[misc]


@pytest.mark.parametrize("size", [0, -3, "small", 2.5])
def test_a_size_is_a_word_or_a_number_of_pixels(size: object) -> None:
    with pytest.raises(ConfigError, match="give trained, input"):
        picture_options({"size": size, "lines": "auto", "hints": None})


def test_keys_that_commands_share_are_written_once() -> None:
    def keys(name: str) -> set[str]:
        return set(yaml.safe_load((ROOT / "conf" / f"{name}.yaml").read_text())) - {
            "defaults",
            "hydra",
        }

    # sample has a default
    assert keys("sampling/keys") & (keys("sample") | keys("evaluate")) == {"run"}
    # other defaults
    assert keys("sample") & keys("evaluate") == {"split", "limit", "n", "out", "hints", "precision"}


@pytest.mark.whole
def test_an_evaluation_opens_its_run_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = trained_looking(tmp_path / "r")
    opened: list[str] = []

    def counting(path: str, *more: str | None) -> Run:
        opened.append(path)
        return open_run(path, *more)

    monkeypatch.setattr("colorlab.runs.run.open_run", counting)
    evaluate(compose("evaluate", [f"run={run}", *TINY, "lpips=none", "limit=1"]))
    assert opened == [str(run)]
