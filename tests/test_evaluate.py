"""Evaluating a run: samples once, an interrupted evaluation goes on, numbers belong to a
protocol."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from colorlab.cli.config import compose
from colorlab.errors import ConfigError, DataError
from colorlab.evaluate import evaluate
from colorlab.evaluation.folder import read_sample

TINY = ["n=3", "steps=2", "limit=3", "features=none"]


def trained_looking(folder: Path, *words: str) -> Path:
    """A run of width 4 that was never trained, of GPIC or as the words say, with weights that are
    not zero."""
    from colorlab.cli.targets import build
    from colorlab.runs.checkpoint import save_weights
    from colorlab.runs.run import begin

    own = words or ["method.sampler.steps=2"]
    cfg = compose(
        "train",
        [f"name={folder.name}", "data.size=32", "method.width=4", "trainer.max_steps=2", *own],
    )
    method = build(cfg.method)
    stream = torch.Generator().manual_seed(1)
    for weights in method.net.parameters():
        weights.data.add_(torch.randn(weights.shape, generator=stream), alpha=0.1)
    begin(folder, cfg)
    save_weights(method, folder / "checkpoints")
    return folder


def evaluated(run: Path, *overrides: str) -> Path:
    """The folder of an evaluation of three drawings."""
    before = set((run / "evaluation").glob("*"))
    evaluate(compose("evaluate", [f"run={run}", *TINY, *overrides]))
    return (set((run / "evaluation").glob("*")) - before or {newest(run)}).pop()


def newest(run: Path) -> Path:
    return max(
        (run / "evaluation").glob("*"),
        key=lambda path: (path / "evaluation.json").stat().st_mtime_ns,
    )


@pytest.fixture(autouse=True, scope="module")
def _one_thread():
    """Pictures of 32 px are done before a second thread has begun."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return trained_looking(tmp_path_factory.mktemp("runs") / "tiny")


@pytest.fixture(scope="module")
def finished(run: Path) -> Path:
    return evaluated(run)


@pytest.fixture(scope="module")
def document(finished: Path) -> dict[str, Any]:
    return json.loads((finished / "evaluation.json").read_text())


def stamps(folder: Path) -> dict[str, int]:
    return {path.name: path.stat().st_mtime_ns for path in (folder / "samples").iterdir()}


@pytest.mark.whole
def test_there_is_one_file_a_drawing_with_n_pictures(
    finished: Path, document: dict[str, Any]
) -> None:
    assert len(document["drawings"]) == 3
    assert sorted(stamps(finished)) == sorted(f"{name}.npy" for name in document["drawings"])
    candidates = read_sample(finished, document["drawings"][0])
    assert candidates.shape == (3, 32, 32, 3) and candidates.dtype == np.uint8


def test_the_samples_are_those_of_the_method_with_the_drawings_own_draws(
    run: Path, document: dict[str, Any]
) -> None:
    from colorlab.draws import Draws
    from colorlab.runs.run import open_run
    from colorlab.types import Condition

    opened = open_run(run)
    pictures = opened.pictures()
    index = pictures.names.index(document["drawings"][1])
    drawn = opened.method(steps=2).sample(Condition(pictures[index].image), 3, Draws(0, [index]))[0]
    kept = read_sample(newest(run), document["drawings"][1])
    assert torch.equal((drawn * 255).round().byte().permute(0, 2, 3, 1), torch.from_numpy(kept))


def test_a_key_of_the_method_can_be_given_another_value_when_sampling(run: Path) -> None:
    from colorlab.runs.run import open_run

    changed = open_run(run).method(changed={"micro_batch": 3})
    assert (open_run(run).method().micro_batch, changed.micro_batch) == (8, 3)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"distans": "l1"}, "nearest: learning.distance"),
        ({"distance": "l3"}, "choose from l1, l2, huber"),
        ({"sampler": 1}, "not a"),
    ],
)
def test_a_wrong_key_or_value_names_the_right_ones(
    run: Path, changed: dict[str, Any], said: str
) -> None:
    from colorlab.errors import ConfigError
    from colorlab.runs.run import open_run

    with pytest.raises(ConfigError, match=said):
        open_run(run).method(changed=changed)


@pytest.mark.whole
def test_evaluating_again_makes_no_sample_and_gives_the_same_numbers(
    run: Path, finished: Path, document: dict[str, Any], capsys
) -> None:
    before = stamps(finished)
    assert evaluated(run) == finished
    assert "3 of 3 drawings have their samples" in capsys.readouterr().out
    assert stamps(finished) == before
    again = json.loads((finished / "evaluation.json").read_text())
    assert {k: v for k, v in again.items() if k != "timing"} == {
        k: v for k, v in document.items() if k != "timing"
    }


@pytest.mark.whole
def test_an_interrupted_evaluation_makes_only_what_is_missing(
    run: Path, finished: Path, capsys
) -> None:
    before, lost = stamps(finished), sorted(stamps(finished))[:2]
    content = {name: (finished / "samples" / name).read_bytes() for name in lost}
    for name in lost:
        (finished / "samples" / name).unlink()
    evaluated(run)
    assert "1 of 3 drawings have their samples" in capsys.readouterr().out
    after = stamps(finished)
    assert [name for name in after if after[name] != before[name]] == lost
    assert {name: (finished / "samples" / name).read_bytes() for name in lost} == content


def test_samples_of_other_weights_are_not_taken_for_this_runs(run: Path, finished: Path) -> None:
    weights = run / "checkpoints" / "weights.safetensors"
    content = weights.read_bytes()
    try:
        weights.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
        with pytest.raises(ConfigError, match="made with weights"):
            evaluated(run)
    finally:
        weights.write_bytes(content)


def test_values_are_means_over_drawings_inside_their_intervals(document: dict[str, Any]) -> None:
    for key, column in document["per_drawing"].items():
        numbers = [number for number in column if number is not None]
        if numbers:
            value = document["values"][key]
            assert value["mean"] == pytest.approx(np.mean(numbers)) and value["n"] == len(numbers)
            assert len(numbers) < 2 or value["low"] <= value["mean"] <= value["high"]


def test_more_candidates_never_make_the_best_one_worse(document: dict[str, Any]) -> None:
    curve = document["curves"]["best_of_k"]["lpips"]
    assert len(curve) == 3 and curve == sorted(curve, reverse=True)
    assert curve[2] == document["values"]["truth/best_of_3_lpips"]["mean"]


def test_the_trivial_rows_are_there_and_uncoloured_ones_have_no_diversity(
    document: dict[str, Any],
) -> None:
    trivial = document["trivial"]
    assert {"condition", "mean", "nearest"} <= trivial.keys()
    assert trivial["condition"]["values"]["diversity/lpips"]["mean"] == 0
    assert trivial["condition"]["values"]["validity/share"]["mean"] == 1
    assert trivial["nearest"]["values"]["diversity/lpips"]["mean"] > 0


@pytest.mark.whole
def test_a_method_of_coarse_colours_has_a_row_for_true_ones(
    document: dict[str, Any], tmp_path: Path
) -> None:
    run = trained_looking(
        tmp_path / "coarse", "method=pixcolor", "data.condition=gray", "method.order.blocks=1"
    )
    found = json.loads(
        (evaluated(run, "lpips=none", "limit=2", "steps=null") / "evaluation.json").read_text()
    )
    values = found["trivial"]["oracle"]["values"]
    errors = [values[f"truth/best_of_{k}_delta_e"]["mean"] for k in (1, 2, 3)]
    assert (
        errors[1:] == pytest.approx(2 * errors[:1])
        and errors[0] > 0
        and values["diversity/delta_e"]["mean"] == 0
    )
    assert "oracle" not in document["trivial"]


@pytest.mark.whole
def test_the_protocol_does_not_know_the_method(run: Path, document: dict[str, Any]) -> None:
    other = json.loads((evaluated(run, "seed=5", "bias=palette") / "evaluation.json").read_text())
    assert other["protocol_id"] == document["protocol_id"]
    assert other["values"] != document["values"] and other["trivial"] == document["trivial"]


@pytest.mark.whole
def test_missing_weights_end_with_an_error_after_the_other_numbers_are_written(
    run: Path, finished: Path, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    def nowhere(net: str) -> None:
        raise DataError(f"weights {net} are missing (fetch them)")

    monkeypatch.setattr("colorlab.weights.store.located", nowhere)
    with pytest.raises(DataError, match="alex are missing"):
        evaluated(run, "seed=7")
    values = json.loads((newest(run) / "evaluation.json").read_text())["values"]
    assert "truth/psnr" in values and "diversity/lpips" not in values
    assert "going on without" in capsys.readouterr().err


@pytest.mark.whole
def test_a_run_is_judged_on_other_pictures_under_their_protocol(
    run: Path, document: dict, tmp_path: Path
) -> None:
    """Two runs of different data stand in one table; each set has a folder and a protocol of its
    own."""
    other = trained_looking(tmp_path / "other", "data.size=48", "method.sampler.steps=2")
    documents = [json.loads((evaluated(path, *words) / "evaluation.json").read_text())
                 for path, words in ((run, ["data=openmoji", "data.size=48"]),
                                     (other, []))]  # fmt: skip
    assert documents[0]["protocol_id"] == documents[1]["protocol_id"] != document["protocol_id"]
    assert documents[0]["protocol"]["size"] == "48x48"
    assert any("openmoji" in folder.name for folder in (run / "evaluation").iterdir())


def test_pictures_that_show_something_else_are_refused(run: Path) -> None:
    with pytest.raises(ConfigError, match=r"was trained on data\.condition=lines, not gray"):
        evaluated(run, "data=openmoji", "data.condition=gray")


@pytest.mark.whole
def test_two_runs_are_evaluated_as_their_mix(run: Path) -> None:
    folder = evaluated(run, f"run=[{run},{run}]", "lpips=none")
    assert folder.name.startswith("test-n3-s0-limit3-mix_tiny-")
    assert json.loads((folder / "evaluation.json").read_text())["run"] == "tiny + tiny"


@pytest.mark.whole
@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["evaluate", "run=runs/none"], 4, "there is no run"),
        (["evaluate", "run=a", "n=1"], 2, "in [2, "),
        (["evaluate", "run=a", "split=tset"], 2, "choose from train, val, test"),
        (["evaluate", "run=a", "logger=tensorboard"], 2, "choose from none, wandb"),
        (["compare", "runs=[nowhere]"], 2, "no run or evaluation in nowhere"),
    ],
)
def test_a_mistake_is_one_line(command, words: list[str], code: int, said: str) -> None:
    done = command(*words)
    assert done.returncode == code
    assert (
        done.stderr.startswith("colorlab: error: ")
        and said in done.stderr
        and done.stderr.count("\n") == 1
    )
