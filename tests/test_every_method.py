"""One suite over every conf/method/*.yaml: a new method is tested the moment its yaml exists.

What a method may say about itself, as class or instance attributes:
    conditions         the kinds of data.condition it can be shown; ("gray",) = it keeps the picture's lightness
    optimizer_steps    how many a batch takes
    candidates_differ  False for a method that draws one picture only (default True)
    small              overrides that make it small enough for a test, beside widths of 4 (default: none)
    needs              {key of its yaml: method whose run that key names}
    export(folder)     what a finished run holds besides its weights"""

from __future__ import annotations

from contextlib import nullcontext
from inspect import signature
from pathlib import Path

import numpy as np
import pytest
import torch
from hydra.utils import get_class
from torch.utils.data import DataLoader

from colorlab.cli.clauses import check_needs
from colorlab.cli.config import compose
from colorlab.cli.targets import build
from colorlab.cli.yaml_files import conf_dir, declared
from colorlab.color import lab_of, luma
from colorlab.draws import Draws
from colorlab.errors import ColorlabError, ConfigError
from colorlab.runs.checkpoint import WEIGHTS, _tensors, fill, save_weights
from colorlab.runs.run import begin
from colorlab.samplers.guides import Bias
from colorlab.types import Batch, Condition
from tests.tiny_prior import tiny_text

METHODS = sorted(path.stem for path in (conf_dir() / "method").glob("*.yaml"))
BATCHES = 4  # trained on; a method with stages goes through all of them


class Pictures:
    """Sixteen pictures of 32 pixels, coarse and coloured, with their luma for a condition."""

    def __init__(self) -> None:
        coarse = torch.rand(16, 3, 8, 8, generator=torch.Generator().manual_seed(5))
        self.rgb = torch.nn.functional.interpolate(coarse, scale_factor=4)
        self.splits = {"train": np.arange(16)}

    def __len__(self) -> int:
        return 16

    def __getitem__(self, positions) -> Batch:
        index = torch.as_tensor(positions).reshape(-1)
        rgb, labels = self.rgb[index], torch.full((len(index),), -1)
        return Batch(rgb, luma(rgb), index, [""] * len(index), labels)


def configured(name: str, folder: Path):
    """The small configuration of a method, and of the runs that it needs."""
    defaults = {key: value for key, value, _ in declared(conf_dir() / "method" / f"{name}.yaml")}
    method = get_class(defaults["_target_"])
    overrides = [f"name={name}", f"method={name}", f"trainer.max_steps={BATCHES}"]
    overrides += [f"method.{key}=4" for key in defaults if key.endswith("width")]
    overrides += getattr(method, "small", ())
    cfg = compose("train", overrides + needed(method, folder))
    if "sampler" in cfg.method and "steps" in cfg.method.sampler:
        cfg.method.sampler.steps = 3
    return cfg


def needed(method: type, folder: Path) -> list[str]:
    """Overrides that name what a method needs: runs of other methods, a text encoder."""
    runs = {key: finished(other, folder) for key, other in getattr(method, "needs", {}).items()}
    if "text_encoder" in signature(method.__init__).parameters:
        runs["text_encoder"] = folder / "text"
        tiny_text(folder / "text", "bert")
    return [f"method.{key}={path}" for key, path in runs.items()]


def finished(name: str, folder: Path) -> Path:
    """The folder of a run of another method."""
    cfg = configured(name, folder)
    begin(folder / name, cfg)
    method = build(cfg.method)
    save_weights(method, folder / name / "checkpoints")
    getattr(method, "export", lambda run: None)(folder / name)
    return folder / name


class Fitted:
    """A method trained for a few batches by Lightning, and what was seen of its parameters meanwhile."""

    def __init__(self, name: str, folder: Path) -> None:
        from lightning.pytorch import Trainer

        torch.manual_seed(0)
        self.cfg = configured(name, folder)
        self.method = build(self.cfg.method)
        learning = {key: p for key, p in self.method.named_parameters() if p.requires_grad}
        self.idle = set(learning)
        for key, parameter in learning.items():
            parameter.register_post_accumulate_grad_hook(lambda _, key=key: self.idle.discard(key))
        pictures = Pictures()
        self.method.prepare(pictures)
        self.trainer = Trainer(
            accelerator="cpu", max_steps=BATCHES * self.method.optimizer_steps, logger=False,
            enable_checkpointing=False, enable_progress_bar=False, enable_model_summary=False,
        )  # fmt: skip
        batches = [[3 * k, 3 * k + 1, 3 * k + 2] for k in range(BATCHES)]
        self.trainer.fit(self.method, DataLoader(pictures, batch_size=None, sampler=batches))  # type: ignore[arg-type]
        stepped = {id(p) for o in self.trainer.optimizers for group in o.param_groups for p in group["params"]}
        self.unknown = {key for key, p in learning.items() if id(p) not in stepped}


@pytest.fixture(scope="module", params=METHODS)
def fitted(request, tmp_path_factory) -> Fitted:
    return Fitted(request.param, tmp_path_factory.mktemp(request.param))


@pytest.fixture(scope="module")
def method(fitted: Fitted):
    """The method after a few steps, and what began at zero moved away from there."""
    generator = torch.Generator().manual_seed(0)
    for parameter in fitted.method.parameters():
        if parameter.abs().max() < 0.05:
            parameter.data += 0.2 * torch.randn(parameter.shape, generator=generator)
    return fitted.method.eval().requires_grad_(False)


def shown() -> Batch:
    return Pictures()[[10, 11, 12]]


def drawn(method, n: int = 3, which: slice = slice(None)) -> torch.Tensor:
    b = shown()
    return method.sample(Condition(b.image[which]), n, Draws(0, b.index[which].tolist()))


def eight_bits(pictures: torch.Tensor) -> torch.Tensor:
    return (pictures * 255).round()


def test_what_a_method_cannot_be_shown_is_refused_by_its_yaml(fitted: Fitted) -> None:
    for condition in ("lines", "gray"):
        cfg = fitted.cfg.copy()
        cfg.data.condition = condition
        with nullcontext() if condition in fitted.method.conditions else pytest.raises(ConfigError, match="needs"):
            check_needs(cfg)


def test_every_parameter_learns_and_is_known_to_an_optimizer(fitted: Fitted) -> None:
    assert not fitted.idle and not fitted.unknown


def test_a_batch_takes_the_optimizer_steps_that_the_method_says(fitted: Fitted) -> None:
    assert int(fitted.method.batches_seen) == BATCHES
    assert fitted.trainer.global_step == BATCHES * fitted.method.optimizer_steps


def test_the_weights_stay_finite(fitted: Fitted) -> None:
    assert all(torch.isfinite(value).all() for value in fitted.method.state_dict().values())


def test_the_loss_depends_on_batch_and_draws_alone(method) -> None:
    before = torch.get_rng_state()
    first, second = (method.loss(shown(), Draws(0, [10, 11, 12])) for _ in range(2))
    assert torch.isfinite(first["loss"]) and torch.equal(first["loss"], second["loss"])
    assert torch.equal(before, torch.get_rng_state())


def test_samples_have_shape_and_range(method) -> None:
    pictures = drawn(method)
    assert pictures.shape == (3, 3, 3, 32, 32) and pictures.dtype == torch.float32
    assert torch.isfinite(pictures).all() and pictures.min() >= 0 and pictures.max() <= 1


def test_the_same_draws_give_the_same_pictures_and_leave_the_global_random_state_alone(method) -> None:
    before = torch.get_rng_state()
    assert torch.equal(drawn(method), drawn(method))
    assert torch.equal(before, torch.get_rng_state())


def test_candidates_differ_unless_the_method_draws_one_picture_only(method) -> None:
    pictures = drawn(method)
    apart = (pictures[:, 0] - pictures[:, 1]).abs().amax(dim=(1, 2, 3))
    reached = 1e-5  # the draws reach the picture, however little an untrained method makes of them
    assert apart.min() > reached if getattr(method, "candidates_differ", True) else apart.max() == 0


def test_a_candidate_is_the_same_8_bit_picture_in_any_batch_order_and_number(method) -> None:
    whole = eight_bits(drawn(method, 3))
    assert torch.equal(eight_bits(drawn(method, 3, slice(1, 2)))[0], whole[1])
    assert torch.equal(eight_bits(drawn(method, 2)), whole[:, :2])
    b = shown()
    backwards = method.sample(Condition(b.image.flip(0)), 3, Draws(0, b.index.flip(0).tolist()))
    assert torch.equal(eight_bits(backwards), whole.flip(0))


def test_pictures_of_any_size_come_back_in_that_size(method) -> None:
    for size in ((1, 1), (17, 16), (33, 50)):
        image = torch.rand(1, 1, *size, generator=torch.Generator().manual_seed(0))
        assert method.sample(Condition(image), 2, Draws(0, [0])).shape == (1, 2, 3, *size)


def test_what_only_colours_gray_pictures_keeps_their_lightness(method) -> None:
    if method.conditions == ("gray",):
        image = shown().image
        off = lab_of(drawn(method))[:, :, 0] - lab_of(image.expand(-1, 3, -1, -1))[:, None, 0]
        assert off.abs().max() < 0.5  # of 100: 8 bits


def test_a_guide_is_obeyed_or_refused_in_one_line(method) -> None:
    b = shown()
    try:
        guided = method.sample(Condition(b.image), 2, Draws(0, b.index.tolist()), [Bias("#ff0000")])
    except (ValueError, ColorlabError) as error:
        assert "guide" in str(error) and "\n" not in str(error)
    else:
        assert not torch.equal(guided, drawn(method, 2))


def test_weights_go_through_a_file_unchanged(method, tmp_path) -> None:
    save_weights(method, tmp_path)
    state = _tensors(tmp_path / WEIGHTS)
    fill(method, state, tmp_path)
    assert all(torch.equal(value, method.state_dict()[name]) for name, value in state.items())
