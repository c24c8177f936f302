"""Every shipped way of training and sampling composes and works, small: conf/experiment and
conf/trainer."""

from __future__ import annotations

import functools
from pathlib import Path

import pytest
import torch
from omegaconf import DictConfig

from colorlab.cli.config import compose
from colorlab.cli.targets import build
from colorlab.cli.yaml_files import conf_dir
from colorlab.color import luma
from colorlab.draws import Draws
from colorlab.errors import ConfigError
from colorlab.evaluation.settings import sampling_of
from colorlab.runs.run import open_run, plain_dict
from colorlab.sampling.options import SamplingOptions, sampling_options
from colorlab.sampling.setup import method_of
from colorlab.sampling.splits import colored, condition_of
from colorlab.train import check_compatible
from colorlab.training.method_checks import Pictures
from colorlab.types import Condition
from tests.test_evaluate import trained_looking

EXPERIMENTS = sorted(path.stem for path in (conf_dir() / "experiment").glob("*.yaml"))
TRAINERS = sorted(path.stem for path in (conf_dir() / "trainer").glob("*.yaml"))


@functools.cache
def evaluating(run: Path, name: str) -> DictConfig:
    """The configuration that evaluates a run as an experiment says, in two steps."""
    return compose("evaluate", [f"run={run}", "n=2", "steps=2", f"+experiment={name}"])


def options_for(run: Path, name: str) -> SamplingOptions:
    return sampling_options(plain_dict(evaluating(run, name)), of_truth=True)


def named(*beginnings: str) -> list[str]:
    return [name for name in EXPERIMENTS if name.startswith(beginnings)]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of GPIC, small and never trained."""
    return trained_looking(tmp_path_factory.mktemp("runs") / "small")


@pytest.mark.parametrize(
    "name", sorted(set(EXPERIMENTS) - {*named("diffusion_", "marginals_", "hints_", "inpaint_")})
)
def test_every_other_experiment_is_one_of_training(name: str) -> None:
    folder = ["data.root=x"] if name == "piggyback_paper" else []
    assert compose("train", ["name=t", f"experiment={name}", *folder]).method


@pytest.mark.whole
@pytest.mark.parametrize("name", named("diffusion_", "hints_", "inpaint_"))
def test_two_steps_of_sampling_with_every_experiment(run: Path, name: str) -> None:
    options, small = options_for(run, name), open_run(run)
    pictures = small.pictures()
    drawn = next(colored(method_of([small], options), pictures, [0], options))
    assert drawn.shape == (2, 3, 32, 32) and drawn.min() >= 0 and drawn.max() <= 1
    assert not torch.equal(drawn[0], drawn[1])
    if hints := condition_of(pictures, 0, options).hints:
        known = hints.mask.expand(2, 3, -1, -1) == 1
        assert known.any() and torch.allclose(
            drawn[known], hints.rgb.expand(2, -1, -1, -1)[known], atol=1e-6
        )


@pytest.mark.whole
def test_no_two_experiments_sample_alike(run: Path) -> None:
    names = named("diffusion_", "hints_", "inpaint_")
    settings = [sampling_of(options_for(run, name), mixed=False) for name in names]
    assert all(settings[i] != settings[k] for i in range(len(names)) for k in range(i))


@pytest.mark.whole
@pytest.mark.parametrize("name", named("diffusion_"))
def test_diffusion_samplers_may_be_trained_with_too(run: Path, name: str) -> None:
    cfg = compose("train", ["name=t", "method.width=4", f"experiment={name}"])
    assert cfg.method.sampler == evaluating(run, name).method.sampler


@pytest.mark.parametrize("name", ["hints_dots", "inpaint_noised"])
def test_what_is_for_sampling_only_is_refused_by_training(name: str) -> None:
    with pytest.raises(ConfigError, match="guide is not a group"):
        compose("train", ["name=t", f"experiment={name}"])


@pytest.mark.slow
@pytest.mark.parametrize("name", named("marginals_"))
def test_two_steps_of_training_and_a_sample_with_every_sampler_of_marginals(name: str) -> None:
    words = ["name=t", "method=cic", "data.condition=gray", "method.width=4", "trainer.max_steps=2"]
    method, pictures = build(compose("train", [*words, f"experiment={name}"]).method), Pictures()
    method.prepare(pictures)
    optimizer = torch.optim.SGD(method.parameters(), 0.01)
    for step in range(2):
        optimizer.zero_grad()
        method.loss(pictures[[0, 1]], Draws(0, [0, 1], [step] * 2, "train"))["loss"].backward()
        optimizer.step()
    drawn = method.eval().sample(Condition(luma(pictures.rgb[:1])), 2, Draws(0, [0]))
    assert drawn.shape == (1, 2, 3, 32, 32) and torch.isfinite(drawn).all()


@pytest.mark.slow
@pytest.mark.parametrize("name", TRAINERS)
def test_every_trainer_composes(name: str) -> None:
    trainer = compose("train", ["name=t", f"trainer={name}", "ema=0"]).trainer
    common = compose("train", ["name=t"]).trainer.keys()
    assert set(common) <= set(trainer.keys()) and trainer.devices >= 1


@pytest.mark.parametrize("name", ["fsdp", "deepspeed"])
def test_sharded_training_names_lightnings_strategy(name: str) -> None:
    from lightning.pytorch.strategies import StrategyRegistry

    cfg = compose("train", ["name=t", f"trainer={name}"])
    assert cfg.trainer.strategy in StrategyRegistry
    with pytest.raises(ConfigError, match="set ema=0"):
        check_compatible(cfg)
