"""Three lines of Python: the same words and the same bits as the commands, documented by examples
that run."""

from __future__ import annotations

import doctest
import inspect
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml
from omegaconf import OmegaConf
from PIL import Image, ImageDraw

import colorlab
from colorlab import api
from colorlab.cli.config import compose
from colorlab.cli.yaml_files import composed, conf_dir, group_files
from colorlab.errors import CheckpointError, ConfigError, DataError
from colorlab.runs.run import plain_dict
from colorlab.sample import sample
from tests.test_evaluate import trained_looking

LIGHT = """
import sys, colorlab
assert len(sys.modules) < 100, len(sys.modules)
assert 'open_run' in dir(colorlab)
run = colorlab.open_run('pretrained/gpic-openmoji-c8')
assert not {'torch', 'hydra', 'lightning', 'matplotlib', 'wandb', 'transformers'} & set(sys.modules)
"""


@pytest.mark.whole
def test_importing_and_opening_a_run_loads_no_torch() -> None:
    done = subprocess.run(
        [sys.executable, "-c", LIGHT], capture_output=True, text=True, timeout=100
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("name", [*colorlab.__all__, "TrainedRun.sample", "TrainedRun.evaluate"])
def test_the_examples_run(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    monkeypatch.chdir(tmp_path)
    owner, _, part = name.partition(".")
    documented = (
        getattr(getattr(colorlab.api, owner), part) if part else getattr(colorlab.api, name)
    )
    test = doctest.DocTestParser().get_doctest(
        inspect.getdoc(documented), {"colorlab": colorlab}, name, None, 0
    )
    assert test.examples and "\n" in (inspect.getdoc(documented) or "")
    told: list[str] = []
    doctest.DocTestRunner(verbose=False, optionflags=doctest.ELLIPSIS).run(test, out=told.append)
    assert not told, "".join(told)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return trained_looking(tmp_path_factory.mktemp("runs") / "r")


@pytest.fixture(scope="module")
def drawing(run: Path) -> Path:
    """A square in ink, 30 x 24."""
    picture = Image.new("RGB", (30, 24), "white")
    ImageDraw.Draw(picture).rectangle((8, 6, 20, 18), outline="black")
    picture.save(run.parent / "drawing.png")
    hints = Image.new("RGBA", (30, 24))
    ImageDraw.Draw(hints).rectangle((12, 10, 15, 14), fill=(200, 30, 40, 255))
    hints.save(run.parent / "hints.png")
    return run.parent / "drawing.png"


WORDS: dict[str, tuple[list[str], dict[str, Any]]] = {
    "as trained": ([], {}),
    "a seed": (["seed=7"], {"seed": 7}),
    "a guide": (["guide=flat", "guide.flat.strength=0.5"], {"guide": {"flat": {"strength": 0.5}}}),
    "two guides": (["guide=[flat,repulsion]"], {"guide": ["flat", "repulsion"]}),
    "a sampler": (["method/sampler=ddim", "steps=3"], {"sampler": "ddim", "steps": 3}),
    "a sampler's key": (
        ["method/sampler=ddim", "method.sampler.eta=0.5"],
        {"sampler": {"name": "ddim", "eta": 0.5}},
    ),
    "a bias": (["bias=[1,0.5,0]", "same_noise=true"], {"bias": (1, 0.5, 0), "same_noise": True}),
    "another bias": (["bias=palette"], {"bias": "palette"}),
    "a size": (["size=input", "lines=never"], {"size": "input", "lines": "never"}),
    "a value of the method": (["++method.micro_batch=1"], {"method": {"micro_batch": 1}}),
}  # fmt: skip


@pytest.mark.whole
@pytest.mark.parametrize("words", WORDS)
@pytest.mark.parametrize("hinted", [False, True])
def test_the_command_and_python_give_the_same_pictures(
    words: str, hinted: bool, run: Path, drawing: Path
) -> None:
    line, keywords = WORDS[words]
    hints = drawing.with_name("hints.png")
    out = run / "out" / f"{list(WORDS).index(words)}-{hinted}"
    more = [f"hints={hints}"] if hinted else []
    sample(compose("sample", [f"run={run}", f"input={drawing}", f"out={out}", "n=2", *line, *more]))
    made = colorlab.open_run(run).sample(drawing, n=2, hints=hints if hinted else None, **keywords)
    written = [Image.open(out / f"drawing-{k}.png") for k in (1, 2)]
    assert [np.array_equal(a, b) for a, b in zip(made, written, strict=True)] == [True, True]


@pytest.mark.whole
def test_a_drawing_may_be_a_path_a_picture_an_array_or_a_tensor(run: Path, drawing: Path) -> None:
    opened = colorlab.open_run(run)
    rgb = np.asarray(Image.open(drawing))
    unit = torch.from_numpy(rgb.copy()).permute(2, 0, 1).float() / 255
    shapes = [
        str(drawing),
        Image.open(drawing),
        rgb,
        rgb[..., 0],
        rgb / 255,
        unit,
        unit[:1],
        unit.mul(255).byte(),
    ]
    clear = np.dstack([np.where(rgb == 255, 0, rgb), 255 - rgb[..., :1]])  # ink on nothing
    first, *others = [opened.sample(each, n=1)[0].tobytes() for each in [*shapes, clear, unit[0]]]
    assert all(other == first for other in others)


@pytest.mark.parametrize(
    ("picture", "said"),
    [
        (np.zeros((4, 4, 2), np.uint8), r"shape \(4, 4, 2\)"),
        (np.zeros((0, 4), np.uint8), r"shape \(0, 4\)"),
        (np.full((4, 4), 7.0), "numbers from 7 to 7"),
        (np.full((4, 4), np.nan), "numbers from nan"),
        (np.zeros((4, 4), np.int64), "holds int64"),
        ([[1, 2]], "is a list"),
        (Image.new("F", (3, 3)), "numbers of unknown range"),
        ("nowhere.png", "cannot be read"),
    ],
)
def test_what_is_no_picture_is_named(run: Path, picture: Any, said: str) -> None:
    with pytest.raises(DataError, match=said) as error:
        colorlab.open_run(run).sample(picture)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ({"n": 0}, r"n=0 .*in \[1, "),
        ({"n": 1.5}, "n is a whole number"),
        ({"guide": ["falt"]}, "nearest: flat"),
        ({"guide": {"flat": {"strenght": 1}}}, "strenght is not a key of guide=flat .*strength"),
        ({"guide": {"flat": {"strength": 2.0}}}, r"in \[0, 1\]"),
        ({"guide": "inpaint"}, "there are none"),
        ({"sampler": "ddmi"}, "nearest: .*ddim"),
        ({"precision": "fp16"}, "choose from auto, fp32, bf16"),
        ({"method": {"temprature": 1}}, "method.temprature is not"),
        ({"bias": (2, 0, 0)}, "bias is #rrggbb"),
        ({"text": "red"}, "reads no text"),
        ({"size": -1}, "give trained, input"),
    ],
)
def test_a_mistake_is_told_as_on_the_command_line(
    run: Path, drawing: Path, words: dict[str, Any], said: str
) -> None:
    with pytest.raises(ConfigError, match=said) as error:
        colorlab.open_run(run).sample(drawing, **words)
    assert "\n" not in str(error.value)


def test_a_run_is_opened_once_until_it_changes(run: Path) -> None:
    opened = colorlab.open_run(run)
    assert colorlab.open_run(str(run)) is opened
    (run / "checkpoints" / "last.ckpt").touch()
    assert colorlab.open_run(run) is not opened
    (run / "checkpoints" / "last.ckpt").unlink()
    with pytest.raises(CheckpointError, match="there is no run in nowhere"):
        colorlab.open_run("nowhere")


def test_the_weights_are_read_once_for_equal_words(run: Path, drawing: Path) -> None:
    opened = colorlab.TrainedRun(colorlab.open_run(run).runs)
    opened.sample(drawing, n=1)
    (method,) = opened._methods.values()
    opened.sample(drawing, n=2, seed=3)
    assert list(opened._methods.values()) == [method]
    opened.sample(drawing, n=1, steps=1)
    assert list(opened._methods.values()) != [method]


@pytest.mark.whole
def test_defaults_are_those_of_the_commands() -> None:
    def declared(command: str) -> dict[str, Any]:
        files = (conf_dir() / "sampling" / "keys.yaml", conf_dir() / f"{command}.yaml")
        words = {
            key: value for file in files for key, value in yaml.safe_load(file.read_text()).items()
        }
        return words | {"guide": (), "edit": (), "method": None, "sampler": None, "data": None}

    for call, command in (
        (colorlab.TrainedRun.sample, "sample"), (colorlab.TrainedRun.evaluate, "evaluate"),
        (api.compare, "compare"),
    ):  # fmt: skip
        parameters = inspect.signature(call).parameters.values()
        defaults = {
            p.name: p.default for p in parameters if p.kind is p.KEYWORD_ONLY and p.name != "each"
        }
        assert defaults == {name: declared(command)[name] for name in defaults}


@pytest.mark.whole
@pytest.mark.parametrize(
    ("group", "command", "key"),
    [
        ("guide", "sample", "guide.{}"),
        ("method/sampler", "sample", "method.sampler"),
        ("data", "data_command", "data"),
    ],
)
def test_files_are_composed_as_hydra_composes_them(group: str, command: str, key: str) -> None:
    for name in sorted(set(group_files(group)) - {"run"}):
        own = composed(group, name)
        words = ["run=a"] if command == "sample" else []
        if own.get("root") == "???":
            words, own = ["data.root=x"], own | {"root": "x"}
        cfg = compose(command, [f"{group}={name}", *words])
        assert plain_dict(OmegaConf.select(cfg, key.format(name))) == own, name


def test_the_module_of_the_command_stands_in_for_the_function(tmp_path: Path) -> None:
    import colorlab.compare as door

    with pytest.raises(ConfigError, match="no run or evaluation in"):
        door([str(tmp_path / "nowhere")])
