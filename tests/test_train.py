"""Training from the command line to the contact sheet, small."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml

from colorlab.errors import CheckpointError, ConfigError
from colorlab.runs.cost import read_seconds
from colorlab.runs.run import weights_of
from tests.kill_harness import train, words_for

SMALL = [
    "data.size=32",
    "batch_size=4",
    "method.width=4",
    "method.sampler.steps=3",
    "sheet=2",
    "trainer.precision=32-true",
]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder in which a run named `small` was trained for six steps."""
    import os
    import subprocess
    import sys

    folder = tmp_path_factory.mktemp("train")
    line = [sys.executable, "-m", "colorlab.train", "name=small", *SMALL, "trainer.max_steps=6",
            "save_every=3", "trainer.val_check_interval=3"]  # fmt: skip
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parent.parent)}
    done = subprocess.run(
        line, cwd=folder, env=environment, capture_output=True, text=True, timeout=170
    )
    assert done.returncode == 0, done.stderr
    assert "contact sheet:" in done.stdout
    return folder


@pytest.mark.whole
def test_a_run_folder_holds_what_it_should(trained: Path) -> None:
    run = trained / "runs" / "small"
    config = yaml.safe_load((run / "config.yaml").read_text())
    assert config["method"]["seed"] == 0 and "${" not in (run / "config.yaml").read_text()
    rows = [json.loads(row) for row in (run / "metrics.jsonl").read_text().splitlines()]
    assert [row["step"] for row in rows if "val/loss" in row] == [2, 5]
    assert (run / "samples" / "sheet.png").stat().st_size > 1000
    assert 0 < (read_seconds(run) or 0) < 300


@pytest.mark.whole
def test_checkpoints_hold_tensors_and_plain_containers_only(trained: Path) -> None:
    checkpoint = torch.load(trained / "runs/small/checkpoints/last.ckpt", weights_only=True)
    assert checkpoint["step"] == 6
    assert int(checkpoint["state_dict"]["batches_seen"]) == 6


@pytest.mark.whole
def test_the_final_weights_are_the_averaged_ones(trained: Path) -> None:
    from safetensors.torch import load_file

    final = load_file(trained / "runs/small/checkpoints/weights.safetensors")
    checkpoint = torch.load(trained / "runs/small/checkpoints/last.ckpt", weights_only=True)
    raw, averaged = checkpoint["current_model_state"], checkpoint["state_dict"]
    key = "net.head.weight"
    assert torch.equal(final[key], averaged[key])
    assert not torch.equal(raw[key], averaged[key])


@pytest.mark.whole
def test_a_second_run_of_the_same_name_is_refused(trained: Path) -> None:
    from colorlab.cli.config import compose
    from colorlab.errors import CheckpointError
    from colorlab.runs.run import begin

    with pytest.raises(CheckpointError, match="already holds a run"):
        begin(trained / "runs" / "small", compose("train", ["name=small"]))


@pytest.mark.whole
def test_a_mistake_found_before_the_first_step_leaves_no_run_behind(
    tmp_path: Path, monkeypatch
) -> None:
    def refuse(*_: object) -> None:
        raise ConfigError("wrong (mend it)")

    words = words_for("gpic", "trainer.max_steps=1")
    with monkeypatch.context() as patched, pytest.raises(ConfigError, match="mend it"):
        patched.setattr("colorlab.methods.gpic.GPIC.prepare", refuse)
        train(tmp_path, words)
    train(tmp_path, words)
    assert weights_of(tmp_path).exists()


@pytest.mark.whole
def test_a_finished_run_opens_and_samples(trained: Path) -> None:
    from colorlab.draws import Draws
    from colorlab.runs.run import open_run
    from colorlab.types import Condition

    run = open_run(trained / "runs" / "small")
    pictures = run.pictures()
    drawn = run.method(steps=2).sample(Condition(pictures[[0, 1]].image), 3, Draws(0, [0, 1]))
    assert drawn.shape == (2, 3, 3, 32, 32)
    assert drawn.min() >= 0 and drawn.max() <= 1


@pytest.mark.slow
def test_samples_come_from_the_command_line(trained: Path, command) -> None:
    from PIL import Image

    drawing = Image.new("L", (50, 37), 255)
    drawing.paste(0, (10, 5, 40, 8))
    drawing.save(trained / "ä drawing.png")
    done = command(
        "sample",
        f"run={trained}/runs/small",
        f"input='{trained}/ä drawing.png'",
        "n=2",
        "steps=2",
        f"out={trained}/out",
    )
    assert done.returncode == 0, done.stderr
    assert Image.open(trained / "out" / "ä drawing-2.png").size == (50, 37)
    assert (trained / "out" / "ä drawing-sheet.png").exists()
    settings = json.loads((trained / "out" / "sample.json").read_text())
    assert settings["seed"] == 0 and settings["run"] == f"{trained}/runs/small"


@pytest.mark.slow
def test_hints_and_colours_come_from_the_command_line(trained: Path, command) -> None:
    from PIL import Image

    Image.new("L", (90, 70), 255).save(trained / "plain.png")  # larger than the model's 32 pixels
    hints = Image.new("RGBA", (90, 70), (0, 0, 0, 0))
    hints.paste((200, 30, 90, 255), (4, 4, 20, 20))
    hints.paste((1, 2, 3, 255), (59, 49, 62, 52))  # a dot
    hints.save(trained / "hints.png")
    words = [
        f"run={trained}/runs/small",
        f"input={trained}/plain.png",
        "n=2",
        "steps=2",
        f"out={trained}/hinted",
    ]
    done = command(
        "sample", *words, f"hints={trained}/hints.png", "bias=ff8800", "guide=[flat,repulsion]"
    )
    assert done.returncode == 0, done.stderr
    for k in (1, 2):
        drawn = np.asarray(Image.open(trained / "hinted" / f"plain-{k}.png"))
        assert (drawn[4:20, 4:20] == (200, 30, 90)).all() and tuple(drawn[50, 60]) == (1, 2, 3)
    Image.new("RGBA", (9, 9)).save(trained / "small.png")
    refused = command("sample", *words, f"hints={trained}/small.png")
    assert refused.returncode == 2 and "is 9x9 pixels, the drawing 90x70" in refused.stderr


@pytest.mark.slow
def test_another_process_and_another_n_give_the_same_pictures(trained: Path, command) -> None:
    words = [f"run={trained}/runs/small", "split=val", "limit=2", "seed=5", "precision=fp32"]
    from colorlab.draws import Draws
    from colorlab.report.grid import mixture
    from colorlab.runs.run import open_run
    from colorlab.sampling.splits import to_pixels
    from colorlab.types import Condition

    done = command("sample", *words, "n=3", f"out={trained}/val")
    assert done.returncode == 0, done.stderr
    from PIL import Image

    run = open_run(trained / "runs" / "small")
    pictures = run.pictures()
    groups = pictures.drawings("val")
    index = int(groups[mixture([len(group) for group in groups], range(len(groups)), 2)[0]][0])
    mine = run.method().sample(Condition(pictures[index].image), 1, Draws(5, [index]))[0, 0]
    shown = Image.fromarray(to_pixels(mine)).resize((128, 128), Image.Resampling.BICUBIC)
    sheet = Image.open(trained / "val" / "val.png").crop((6 + 134, 22, 6 + 134 + 128, 22 + 128))
    difference = abs(np.asarray(shown).astype(int) - np.asarray(sheet).astype(int))[1:-1, 1:-1]
    assert difference.max() == 0


@pytest.mark.slow
@pytest.mark.parametrize("logger", ["wandb", "tensorboard"])
def test_loggers_work_without_a_network_or_an_account(
    logger: str, command, tmp_path: Path, monkeypatch
) -> None:
    monkeypatch.delenv("WANDB_API_KEY", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    done = command(
        "train",
        "name=l",
        f"logger={logger}",
        *SMALL,
        "trainer.max_steps=2",
        "trainer.val_check_interval=2",
    )
    assert done.returncode == 0, done.stderr
    found = {"wandb": "wandb/offline-run-*/run-*.wandb", "tensorboard": "tensorboard/events*"}[
        logger
    ]
    assert list((tmp_path / "runs" / "l").glob(found))


@pytest.mark.whole
def test_training_with_a_seed_is_repeatable(tmp_path: Path) -> None:
    weights = []
    for name, seed in (("a", 3), ("b", 3), ("c", 4)):
        train(tmp_path / name, words_for("gpic", "trainer.max_steps=2", f"seed={seed}"))
        weights.append(weights_of(tmp_path / name).read_bytes())
    assert weights[0] == weights[1] != weights[2]


@pytest.mark.whole
@pytest.mark.parametrize(("method", "optimizers"), [("gpic", 1), ("pix2pix", 2)])
def test_steps_are_those_of_one_optimizer(method: str, optimizers: int, tmp_path: Path) -> None:
    train(
        tmp_path,
        words_for(method, "trainer.max_steps=5", "save_every=2", "trainer.val_check_interval=3"),
    )
    state = torch.load(tmp_path / "checkpoints" / "last.ckpt", weights_only=True)
    assert state["step"] == int(state["state_dict"]["batches_seen"]) == 5
    assert len(state["optimizers"]) == len(state["schedules"]) == optimizers
    assert all(int(optimizer["state"][0]["step"]) == 5 for optimizer in state["optimizers"])
    assert all(schedule["last_epoch"] == 5 for schedule in state["schedules"])
    assert int(state["averaging_state"]["n_averaged"]) == 5
    rows = [json.loads(row) for row in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    assert [(row["step"], "val/loss" in row) for row in rows] == [(1, False), (2, True), (3, False)]


@pytest.mark.whole
def test_accumulation_counts_optimizer_steps(tmp_path: Path) -> None:
    words = [
        "trainer.accumulate_grad_batches=2",
        "trainer.max_steps=3",
        "save_every=2",
        "trainer.val_check_interval=2",
    ]
    train(tmp_path, words_for("gpic", *words))
    state = torch.load(tmp_path / "checkpoints" / "last.ckpt", weights_only=True)
    assert (state["step"], state["position"], int(state["averaging_state"]["n_averaged"])) == (
        3,
        6,
        3,
    )
    rows = [json.loads(row) for row in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    assert [row["step"] for row in rows if "val/loss" in row] == [1]


@pytest.mark.whole
def test_a_method_that_steps_by_itself_cannot_accumulate(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"accumulate_grad_batches=2.*set a larger batch_size"):
        train(tmp_path, words_for("pix2pix", "trainer.accumulate_grad_batches=2"))


@pytest.mark.slow
def test_a_full_disk_is_one_line_and_its_exit_code(tmp_path: Path) -> None:
    import os
    import subprocess
    import sys

    words = words_for("gpic", "trainer.max_steps=2", "save_every=1")
    # blocks of 1 kB
    line = f"ulimit -f 1000; exec '{sys.executable}' -m colorlab.train {' '.join(words)}"
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parent.parent)}
    done = subprocess.run(
        ["bash", "-c", line], cwd=tmp_path, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 74, done.stderr
    (said,) = done.stderr.strip().splitlines()
    assert (
        said.startswith("colorlab: error: ")
        and "last.ckpt could not be saved: File too large" in said
    )


def test_a_loss_that_is_not_finite_names_batch_and_pictures(tiny) -> None:
    from colorlab.errors import NumericError

    cfg = tiny()
    from colorlab.training.fit import _method_and_pictures
    from colorlab.training.shells import shell_of

    method, pictures = _method_and_pictures(cfg)
    method.net.head.bias.data.fill_(float("nan"))
    with pytest.raises(NumericError, match=r"at batch 0, pictures \[0, 1\]"):
        shell_of(method).training_step(pictures[[0, 1]], 0)


@pytest.mark.whole
def test_a_training_begins_with_the_weights_of_another_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from safetensors.torch import load_file

    train(tmp_path / "a", words_for("gpic", "trainer.max_steps=2"))
    train(
        tmp_path / "b",
        words_for(
            "gpic",
            "trainer.max_steps=2",
            "seed=7",
            "method.optimizer.lr=1e-9",
            f"begin_with={tmp_path}/a",
        ),
    )
    first, second = (load_file(weights_of(tmp_path / name)) for name in "ab")
    assert all(torch.allclose(first[name], second[name], atol=1e-6) for name in first)
    monkeypatch.setattr(
        "colorlab.training.fit.build", lambda _: pytest.fail("pictures were made first")
    )
    with pytest.raises(CheckpointError, match="there is no run in"):
        train(tmp_path / "c", words_for("gpic", "begin_with=nowhere"))
    assert not (tmp_path / "c" / "config.yaml").exists()
