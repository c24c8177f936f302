"""What every method keeps, whoever wrote it: one check per promise, each on a method trained for a
few batches.

A check raises AssertionError with what is wrong; ``python -m colorlab.check`` runs them all on one
method."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from lightning.pytorch import Trainer
from omegaconf import DictConfig
from safetensors.torch import load_file
from torch import Tensor
from torch.utils.data import DataLoader

from colorlab.cli.clauses import check_needs
from colorlab.cli.targets import build
from colorlab.color import lab_of, luma
from colorlab.draws import Draws
from colorlab.errors import ColorlabError, ConfigError
from colorlab.runs.checkpoint import fill, save_weights
from colorlab.samplers.guides import Bias
from colorlab.training.shells import shell_of
from colorlab.types import Batch, Condition

BATCHES = 4  # trained on; a method with stages goes through all of them
SIZES = ((1, 1), (17, 16), (33, 50))


class Pictures:
    """Sixteen pictures of 32 pixels, coarse and coloured, with their luma for a condition."""

    def __init__(self) -> None:
        coarse = torch.rand(16, 3, 8, 8, generator=torch.Generator().manual_seed(5))
        self.rgb = torch.nn.functional.interpolate(coarse, scale_factor=4)
        self.splits = {"train": np.arange(16)}

    def __len__(self) -> int:
        return 16

    def __getitem__(self, positions: Any) -> Batch:
        index = torch.as_tensor(positions).reshape(-1)
        rgb, labels = self.rgb[index], torch.full((len(index),), -1)
        return Batch(rgb, luma(rgb), index, [""] * len(index), labels)


class Trained:
    """A method after BATCHES batches, and what was seen of its parameters meanwhile.

    reached: how often a gradient came to each learning parameter; unknown: those that no optimizer
    owns."""

    def __init__(self, cfg: DictConfig) -> None:
        torch.manual_seed(0)
        self.cfg = cfg
        self.fitted = build(cfg.method)
        learning = {key: p for key, p in self.fitted.named_parameters() if p.requires_grad}
        self.reached = Counter(dict.fromkeys(learning, 0))
        for key, parameter in learning.items():
            parameter.register_post_accumulate_grad_hook(
                lambda _, key=key: self.reached.update([key])
            )
        pictures = Pictures()
        self.fitted.prepare(pictures)
        self.trainer = Trainer(
            accelerator="cpu", max_steps=BATCHES * self.fitted.optimizer_steps, logger=False,
            enable_checkpointing=False, enable_progress_bar=False, enable_model_summary=False,
        )  # fmt: skip
        batches = [[3 * k, 3 * k + 1, 3 * k + 2] for k in range(BATCHES)]
        loader: Any = DataLoader(pictures, batch_size=None, sampler=batches)  # type: ignore[arg-type]
        self.trainer.fit(shell_of(self.fitted), loader)
        stepped = {
            id(p)
            for o in self.trainer.optimizers
            for group in o.param_groups
            for p in group["params"]
        }
        self.unknown = {key for key, p in learning.items() if id(p) not in stepped}

    @cached_property
    def method(self) -> Any:
        """The method in eval mode, and what began at zero moved away from there."""
        generator = torch.Generator().manual_seed(0)
        for parameter in self.fitted.parameters():
            if parameter.numel() and parameter.abs().max() < 0.05:
                parameter.data += 0.2 * torch.randn(parameter.shape, generator=generator)
        return self.fitted.eval().requires_grad_(False)

    def drawn(self, n: int = 3, which: slice = slice(None)) -> Tensor:
        """n candidates of three pictures, or of some of these."""
        b = example_batch()
        return self.method.sample(Condition(b.image[which]), n, Draws(0, b.index[which].tolist()))


def example_batch() -> Batch:
    """The three pictures that candidates are drawn of."""
    return Pictures()[[10, 11, 12]]


def what_it_cannot_be_shown_is_refused_by_its_yaml(trained: Trained) -> None:
    for condition in ("lines", "gray"):
        cfg = trained.cfg.copy()
        cfg.data.condition = condition
        try:
            check_needs(cfg)
            refused = False
        except ConfigError:
            refused = True
        does = "refuses" if refused else "allows"
        said = (
            f"its yaml {does} data.condition={condition}, but "
            f"conditions={trained.method.conditions}"
        )
        _must(
            refused != (condition in trained.method.conditions),
            f"{said} (see `# Needs` in other yamls)",
        )


def every_parameter_learns_and_is_known_to_an_optimizer(trained: Trained) -> None:
    idle = sorted(key for key, times in trained.reached.items() if not times)
    _must(not idle, f"no gradient reaches {idle[:5]}")
    if not trained.fitted.trains_in_turn:
        some = sorted(key for key, times in trained.reached.items() if times < BATCHES)
        _must(not some, f"not every batch reaches {some[:5]} (set trains_in_turn = True)")
    _must(not trained.unknown, f"no optimizer owns {sorted(trained.unknown)[:5]}")


def a_batch_takes_the_optimizer_steps_that_it_says(trained: Trained) -> None:
    _must(int(trained.fitted.batches_seen) == BATCHES, "batches_seen does not count batches")
    _must(
        trained.trainer.global_step == BATCHES * trained.fitted.optimizer_steps,
        "optimizer_steps is another number",
    )


def the_weights_stay_finite(trained: Trained) -> None:
    bad = [
        key for key, value in trained.fitted.state_dict().items() if not torch.isfinite(value).all()
    ]
    _must(not bad, f"{bad[:5]} are NaN or infinite after {BATCHES} batches")


def the_loss_depends_on_batch_and_draws_alone(trained: Trained) -> None:
    before = torch.get_rng_state()
    first, second = (
        trained.method.loss(example_batch(), Draws(0, [10, 11, 12]))["loss"] for _ in range(2)
    )
    _must(
        bool(torch.isfinite(first)) and torch.equal(first, second),
        f"two losses of one batch: {first}, {second}",
    )
    _must(
        torch.equal(before, torch.get_rng_state()),
        "the loss draws from torch's global stream (use `draws`)",
    )


def samples_have_shape_and_range(trained: Trained) -> None:
    pictures = trained.drawn()
    _must(
        pictures.shape == (3, 3, 3, 32, 32),
        f"samples are {tuple(pictures.shape)}, not (B, n, 3, H, W)",
    )
    _must(pictures.dtype == torch.float32, f"samples are {pictures.dtype}, not float32")
    _must(
        bool(torch.isfinite(pictures).all() and pictures.min() >= 0 and pictures.max() <= 1),
        "samples leave [0, 1]",
    )


def the_same_draws_give_the_same_pictures(trained: Trained) -> None:
    before = torch.get_rng_state()
    _must(torch.equal(trained.drawn(), trained.drawn()), "two samples from the same draws differ")
    _must(
        torch.equal(before, torch.get_rng_state()),
        "sampling draws from torch's global stream (use `draws`)",
    )


def candidates_differ_unless_it_draws_one_picture_only(trained: Trained) -> None:
    pictures = trained.drawn()
    apart = (pictures[:, 0] - pictures[:, 1]).abs().amax(dim=(1, 2, 3))
    reached = 1e-5  # the draws reach the picture, however little an untrained method makes of them
    if getattr(trained.method, "candidates_differ", True):
        _must(
            bool(apart.min() > reached),
            "two candidates of a picture are equal (or set candidates_differ = False)",
        )
    else:
        _must(
            bool(apart.max() == 0),
            "candidates_differ is False, but two candidates of a picture differ",
        )


def a_candidate_is_the_same_8_bit_picture_in_any_batch_order_and_number(trained: Trained) -> None:
    whole, b = _eight_bits(trained.drawn(3)), example_batch()
    _must(
        torch.equal(_eight_bits(trained.drawn(3, slice(1, 2)))[0], whole[1]),
        "a picture depends on its batch",
    )
    _must(
        torch.equal(_eight_bits(trained.drawn(2)), whole[:, :2]),
        "candidates depend on how many are asked for",
    )
    backwards = trained.method.sample(
        Condition(b.image.flip(0)), 3, Draws(0, b.index.flip(0).tolist())
    )
    _must(
        torch.equal(_eight_bits(backwards), whole.flip(0)),
        "a picture depends on the order of its batch",
    )


def pictures_of_any_size_come_back_in_that_size(trained: Trained) -> None:
    for size in SIZES:
        image = torch.rand(1, 1, *size, generator=torch.Generator().manual_seed(0))
        shape = tuple(trained.method.sample(Condition(image), 2, Draws(0, [0])).shape)
        _must(shape == (1, 2, 3, *size), f"a picture of {size} comes back as {shape}")


def what_only_colors_gray_pictures_keeps_their_lightness(trained: Trained) -> None:
    if trained.method.conditions == ("gray",):
        image = example_batch().image
        off = (
            (lab_of(trained.drawn())[:, :, 0] - lab_of(image.expand(-1, 3, -1, -1))[:, None, 0])
            .abs()
            .max()
        )
        _must(bool(off < 0.5), f"lightness is off by {off:.2f} of 100")  # 8 bits


def a_guide_is_obeyed_or_refused_in_one_line(trained: Trained) -> None:
    b = example_batch()
    try:
        guided = trained.method.sample(
            Condition(b.image), 2, Draws(0, b.index.tolist()), [Bias("#ff0000")]
        )
    except (ValueError, ColorlabError) as error:
        _must(
            "guide" in str(error) and "\n" not in str(error),
            f"the refusal of a guide says only: {error}",
        )
    else:
        _must(
            not torch.equal(guided, trained.drawn(2)),
            "a guide changes nothing (obey it, or refuse it)",
        )


def weights_go_through_a_file_unchanged(trained: Trained) -> None:
    with tempfile.TemporaryDirectory() as folder:
        state = load_file(save_weights(trained.method, Path(folder)))
        fill(trained.method, state, Path(folder))
    bad = [
        key
        for key, value in state.items()
        if not torch.equal(value, trained.method.state_dict()[key])
    ]
    _must(not bad, f"{bad[:5]} are not what was saved")


CHECKS: tuple[Callable[[Trained], None], ...] = (
    what_it_cannot_be_shown_is_refused_by_its_yaml,
    every_parameter_learns_and_is_known_to_an_optimizer,
    a_batch_takes_the_optimizer_steps_that_it_says,
    the_weights_stay_finite,
    the_loss_depends_on_batch_and_draws_alone,
    samples_have_shape_and_range,
    the_same_draws_give_the_same_pictures,
    candidates_differ_unless_it_draws_one_picture_only,
    a_candidate_is_the_same_8_bit_picture_in_any_batch_order_and_number,
    pictures_of_any_size_come_back_in_that_size,
    what_only_colors_gray_pictures_keeps_their_lightness,
    a_guide_is_obeyed_or_refused_in_one_line,
    weights_go_through_a_file_unchanged,
)


def _must(kept: bool, otherwise: str) -> None:
    if not kept:
        raise AssertionError(otherwise)


def _eight_bits(pictures: Tensor) -> Tensor:
    return (pictures * 255).round()
