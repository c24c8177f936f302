"""Hostile configurations, checkpoints and samples: refused before anything of theirs runs."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import numpy as np
import pytest
import torch

from colorlab.cli.config import compose
from colorlab.errors import CheckpointError, ConfigError, DataError
from colorlab.evaluate import evaluate
from colorlab.evaluation.folder import read_sample, sample_file
from colorlab.runs.checkpoint import WEIGHTS
from colorlab.runs.run import open_run
from colorlab.sample import sample
from colorlab.storage.files import read_arrays
from tests.kill_harness import train
from tests.test_checkpoint import Payload
from tests.test_evaluate import trained_looking


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A run folder as training leaves it."""
    folder = trained_looking(tmp_path / "r")
    text = (folder / "config.yaml").read_text()
    (folder / "config.yaml").write_text(text.replace("precision: auto", "precision: 32-true"))
    return folder


PLACES = {
    "a data set": "data._target_=pathlib.Path.touch",
    "a new key": "+data.extra={{_target_:pathlib.Path.touch,self:{0}}}",
    "a list": "+data.extra=[0,{{a:{{_target_:pathlib.Path.touch,self:{0}}}}}]",
    "an argument": "method.optimizer._target_=pathlib.Path.touch",
    "a part of a class": "method.sampler._target_=colorlab.data.cache.os.remove",
    "the environment": "method.schedule._target_=${{oc.env:HOME}}",
    "a function of the suite": "method.sampler._target_=colorlab.checkpoint.save_weights",
    "a private name": "method._target_=colorlab.methods.gpic._Mix",
}


@pytest.mark.whole
@pytest.mark.parametrize("place", PLACES)
def test_a_target_on_the_command_line_is_refused_before_anything_is_built(
    place: str, tmp_path: Path
) -> None:
    marker = tmp_path / "ran"
    with pytest.raises(ConfigError, match="not allowed"):
        compose("train", ["name=t", PLACES[place].format(f"'{marker}'")])
    assert not marker.exists()


ALIASED = """
evil: &evil {{_target_: pathlib.Path.touch, self: {0}}}
method: {{_target_: colorlab.methods.gpic.GPIC, sampler: *evil}}
"""
MERGED = """
evil: &evil {{_target_: pathlib.Path.touch}}
method: {{<<: *evil, self: {0}}}
"""
REFERRED = """
data: {{name: pathlib.Path.touch}}
method: {{_target_: "${{data.name}}", self: {0}}}
"""


@pytest.mark.parametrize(
    "text", [ALIASED, MERGED, REFERRED], ids=["aliased", "merged", "referred to"]
)
def test_a_target_hidden_in_a_runs_yaml_is_refused(run: Path, tmp_path: Path, text: str) -> None:
    (run / "config.yaml").write_text(text.format(tmp_path / "ran"))
    with pytest.raises(CheckpointError, match="not allowed"):
        open_run(run).method()
    assert not (tmp_path / "ran").exists()


def hostile(folder: Path, marker: Path, kind: str) -> None:
    """In place of a run's weights, a checkpoint that would touch the marker."""
    (folder / "checkpoints" / WEIGHTS).unlink(missing_ok=True)
    path = folder / "checkpoints" / "last.ckpt"
    plain = {"state_dict": {}, "step": 1}
    if kind == "reduce":
        torch.save(plain | {"state_dict": Payload(marker)}, path)
    elif kind == "a plain pickle":
        path.write_bytes(pickle.dumps(Payload(marker)))
    elif kind == "under another name":
        path.write_bytes(pickle.dumps(Payload(marker)))
        path.rename(path.with_name(WEIGHTS))
    else:  # Lightning's own doors, CVE-2026-58659
        hook = {
            "_instantiator": "pathlib.Path.touch",
            "_class_path": "pathlib.Path",
            "self": str(marker),
        }
        torch.save(plain | {"hyper_parameters": hook, "hparams_name": "kwargs"}, path)


AS_THAT_RUN = [
    "data.size=32", "method.width=4", "method.sampler.steps=2", "trainer.max_steps=2",
    "trainer.precision=32-true"
]  # fmt: skip
KINDS = ["reduce", "a plain pickle", "under another name", "Lightning's instantiator"]


@pytest.mark.whole
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("command", ["sample", "evaluate", "resume"])
def test_a_hostile_checkpoint_is_refused_by_every_command(
    run: Path,
    tmp_path: Path,
    kind: str,
    command: str,
) -> None:
    marker = tmp_path / "ran"
    hostile(run, marker, kind)
    with pytest.raises(CheckpointError, match="checkpoints"):
        if command == "resume":
            (run / "checkpoints" / WEIGHTS).unlink(missing_ok=True)
            (run / "checkpoints" / "last.ckpt").touch()
            train(run, ["name=r", *AS_THAT_RUN, "resume=auto"])
        elif command == "sample":
            sample(compose("sample", [f"run={run}", "split=test", "n=1", "steps=1", "limit=1"]))
        else:
            evaluate(
                compose(
                    "evaluate",
                    [f"run={run}", "n=2", "steps=1", "limit=1", "lpips=none", "features=none"],
                )
            )
    assert not marker.exists()


@pytest.mark.parametrize("save", [np.save, lambda path, what: path.write_bytes(pickle.dumps(what))])
def test_samples_that_are_pickles_are_refused(tmp_path: Path, save) -> None:
    marker = tmp_path / "ran"
    path = sample_file(tmp_path, "a")
    path.parent.mkdir(parents=True)
    save(path, np.array([Payload(marker)], dtype=object) if save is np.save else Payload(marker))
    with pytest.raises(DataError, match="cannot be read"):
        read_sample(tmp_path, "a")
    np.savez(tmp_path / "a.npz", a=np.array([Payload(marker)], dtype=object))
    with pytest.raises(DataError, match="cannot be read"):
        read_arrays(tmp_path / "a.npz")
    assert not marker.exists()


@pytest.mark.slow
def test_a_sweeps_record_cannot_name_a_command(tmp_path: Path) -> None:
    """The commands in sweep.json are for readers; what is run is made anew from the command
    line."""
    from tests.test_sweep_commands import app

    app(tmp_path, "name=s", "x=1", "does=exit")
    path = tmp_path / "runs" / "s" / "sweep.json"
    record = json.loads(path.read_text())
    record["jobs"][0]["command"] = ["touch", str(tmp_path / "ran")]
    path.write_text(json.dumps(record))
    app(tmp_path, "name=s", "x=1", "does=exit")
    assert (
        not (tmp_path / "ran").exists() and json.loads(path.read_text())["jobs"][0]["attempts"] == 2
    )
