"""The alternating step, held to a loop written out by hand, and adversarial losses."""

from __future__ import annotations

import copy
import functools
import math
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch.utils.data import DataLoader

from colorlab.cli.config import compose
from colorlab.cli.targets import build
from colorlab.color import lab_of, luma
from colorlab.draws import Draws
from colorlab.errors import NumericError
from colorlab.methods.adversarial import (
    cross_entropy,
    dropout_masks,
    gradient_penalty,
    least_squares,
)
from colorlab.types import Batch, Condition

BATCHES, RATE, HALVING, CLIP = 3, 0.05, 0.5, 0.1
SGD = functools.partial(torch.optim.SGD, lr=RATE)
HALVED = functools.partial(torch.optim.lr_scheduler.ExponentialLR, gamma=HALVING)


def small(name: str, *overrides: str):
    """A small method trained by plain gradient descent, with rates that halve at each batch."""
    widths = ["method.width=4", "method.critic.width=4"]
    cfg = compose("train", ["name=t", f"method={name}", "trainer.max_steps=9", *widths, *overrides])
    torch.manual_seed(0)
    method = build(cfg.method)
    method.optimizer, method.schedule = SGD, HALVED
    return method


class Batches(torch.utils.data.Dataset):
    """Batch number k."""

    def __getitem__(self, k: int) -> Batch:
        rgb = torch.rand(4, 3, 16, 16, generator=torch.Generator().manual_seed(k))
        return Batch(rgb, luma(rgb), 4 * k + torch.arange(4), [""] * 4, torch.zeros(4))


def fitted(method, precision: str = "32-true", callbacks=()):
    """The trainer after BATCHES batches."""
    from lightning.pytorch import Trainer

    from colorlab.training.shells import shell_of

    trainer = Trainer(
        accelerator="cpu", max_steps=2 * BATCHES, precision=precision, logger=False,
        callbacks=list(callbacks), enable_checkpointing=False, enable_progress_bar=False,
        enable_model_summary=False,
    )  # fmt: skip
    trainer.fit(
        shell_of(method, CLIP), DataLoader(Batches(), batch_size=None, sampler=range(BATCHES))
    )
    return trainer


def by_hand(method, clip: float = CLIP) -> list[dict[str, torch.Tensor]]:
    """The same training as a plain loop, each half with a forward pass of its own: the states after
    each batch."""
    halves = [list(half["params"]) for o, _ in method.optimizers() for half in o.param_groups]
    states = []
    for k in range(BATCHES):
        batch = Batches()[k]
        draws = [Draws(0, range(4 * k, 4 * k + 4), [k] * 4, "train") for _ in range(2)]
        made = {name: value.detach() for name, value in method.made(batch, draws[0]).items()}
        loss = method.discriminator_loss(batch, made, draws[0])["loss"]
        descend(halves[1], loss, RATE * HALVING**k, clip)
        descend(halves[0], method.loss(batch, draws[1])["loss"], RATE * HALVING**k, clip)
        states.append({name: p.detach().clone() for name, p in method.named_parameters()})
    return states


def descend(parameters, loss, rate: float, clip: float) -> None:
    gradients = torch.autograd.grad(loss, parameters)
    norm = torch.stack([g.square().sum() for g in gradients]).sum().sqrt()
    scale = min(1.0, clip / (float(norm) + 1e-6)) if clip else 1.0
    for parameter, gradient in zip(parameters, gradients, strict=True):
        parameter.data -= rate * scale * gradient


@pytest.mark.whole
@pytest.mark.parametrize("name", ["pix2pix", "bicyclegan", "msgan", "munit"])
def test_training_is_the_loop_written_out(name: str) -> None:
    method = small(name)
    expected = by_hand(copy.deepcopy(method))[-1]
    trainer = fitted(method)
    assert trainer.global_step == 2 * BATCHES
    for key, parameter in method.named_parameters():
        assert torch.allclose(parameter, expected[key], atol=1e-6), key


@pytest.mark.whole
def test_low_precision_moves_the_weights_about_as_far() -> None:
    method, start = small("pix2pix"), small("pix2pix").state_dict()
    expected = by_hand(copy.deepcopy(method))[-1]
    fitted(method, "bf16-mixed")
    for key, parameter in method.named_parameters():
        moved = float((expected[key] - start[key]).norm())
        assert float((parameter - expected[key]).norm()) < 0.2 * moved + 1e-4, key


@pytest.mark.whole
@pytest.mark.parametrize("name", ["pix2pix", "bicyclegan", "msgan", "munit"])
def test_in_ab_gray_pictures_keep_their_lightness(name: str) -> None:
    method = small(name, "method.space=ab")
    fitted(method)
    assert method.conditions == ("gray",)
    image = Batches()[0].image
    drawn = method.eval().sample(Condition(image), 2, Draws(0, range(4)))
    off = lab_of(drawn)[:, :, 0] - lab_of(image.expand(-1, 3, -1, -1))[:, None, 0]
    assert off.abs().max() < 0.5 and drawn.std(2).max() > 0.01


def test_dropped_features_are_zero_and_the_others_make_up_for_them() -> None:
    rows = Draws(0, [5]).candidates(3)
    first, second = dropout_masks(rows, [(2, 40, 40), (7,)], 0.2, torch.device("cpu"))
    assert first.shape == (3, 2, 40, 40) and second.shape == (3, 7)
    assert first.unique().tolist() == [0.0, 1.25]  # 1 / (1 - 0.2)
    assert abs(first.mean().item() - 1) < 0.03
    alone = dropout_masks(rows.rows(1, 2), [(2, 40, 40), (7,)], 0.2, torch.device("cpu"))
    assert torch.equal(alone[0][0], first[1]) and torch.equal(alone[1][0], second[1])


def test_gradients_are_clipped_as_configured() -> None:
    unclipped, clipped = by_hand(small("pix2pix"), clip=0)[-1], by_hand(small("pix2pix"))[-1]
    assert any(not torch.allclose(unclipped[key], clipped[key], atol=1e-4) for key in clipped)


def test_the_average_of_the_weights_is_of_whole_batches() -> None:
    from colorlab.training.callbacks import WeightEMA

    method = small("pix2pix")
    states = by_hand(copy.deepcopy(method))
    average = states[0]
    for n, state in enumerate(states[1:], start=1):
        share = 1 - min(0.9, (1 + n) / (10 + n))
        average = {key: torch.lerp(average[key], state[key], share) for key in state}
    fitted(method, callbacks=[WeightEMA(0.9)])
    for key, parameter in method.named_parameters():
        assert torch.allclose(parameter, average[key], atol=1e-6), key


def test_a_checkpoint_holds_the_discriminator_and_both_optimizers(tmp_path: Path) -> None:
    method = small("pix2pix")
    trainer = fitted(method)
    trainer.save_checkpoint(tmp_path / "c.ckpt")
    saved = torch.load(tmp_path / "c.ckpt", weights_only=True)
    assert any(key.startswith("discriminator.") for key in saved["state_dict"])
    assert len(saved["optimizer_states"]) == len(saved["lr_schedulers"]) == 2
    assert [schedule["last_epoch"] for schedule in saved["lr_schedulers"]] == [BATCHES] * 2


@pytest.mark.parametrize("part", ["net.head.bias", "discriminator.scales.0.0.bias"])
def test_a_loss_that_is_not_finite_names_batch_and_pictures(part: str) -> None:
    method = small("pix2pix")
    dict(method.named_parameters())[part].data.fill_(math.nan)
    with pytest.raises(NumericError, match=r"at batch 0, pictures \[0, 1, 2, 3\]"):
        fitted(method)


def test_least_squares_and_cross_entropy_have_their_textbook_values() -> None:
    scores = [torch.tensor([0.0, 1.0]), torch.tensor([3.0])]
    assert float(least_squares(scores, 1.0)) == pytest.approx((0.5 + 4) / 2)
    assert float(cross_entropy([torch.zeros(3)], 1.0)) == pytest.approx(math.log(2))
    assert float(cross_entropy([torch.tensor([2.0])], 0.0)) == pytest.approx(
        math.log(1 + math.e**2)
    )


def test_the_losses_of_several_scales_are_their_mean() -> None:
    scales = [torch.full((1, 1, 2, 2), 2.0), torch.full((1, 1, 1, 1), -1.0)]
    assert least_squares(scales, 1.0) == pytest.approx((1 + 4) / 2)
    real = [math.log1p(math.exp(-2)), math.log1p(math.exp(1))]
    assert cross_entropy(scales, 1.0) == pytest.approx(sum(real) / 2, rel=1e-6)


def test_the_gradient_penalty_has_its_closed_form() -> None:
    w = torch.randn(3, 4, 5, requires_grad=True)
    real, fake, share = torch.randn(2, 3, 4, 5), torch.randn(2, 3, 4, 5), torch.tensor([0.25, 1.0])
    linear = gradient_penalty(lambda x: (x * w).sum((1, 2, 3)), real, fake, share)
    assert float(linear.detach()) == pytest.approx((float(w.norm()) - 1) ** 2, rel=1e-4)
    (slope,) = torch.autograd.grad(linear, w)
    assert torch.allclose(slope, 2 * (w - w / w.norm()), atol=1e-4)
    norms = torch.stack([(0.75 * real[0] + 0.25 * fake[0]).norm(), fake[1].norm()])
    square = gradient_penalty(lambda x: x.square().sum((1, 2, 3)) / 2, real, fake, share)
    assert float(square) == pytest.approx(float((norms - 1).square().mean()), rel=1e-4)


SCRIPT = """
import sys
import torch
from torch.utils.data import DataLoader, Dataset
from colorlab.training.shells import shell_of
from lightning.pytorch import Trainer
from tests.test_adversarial import Batches, small

class Share(Dataset):
    def __getitem__(self, k):
        batch, of = Batches()[k], trainer.world_size
        mine = slice(trainer.global_rank, None, of)
        return batch._replace(rgb=batch.rgb[mine], image=batch.image[mine], index=batch.index[mine],
                              text=batch.text[mine], label=batch.label[mine])

method, processes = small(sys.argv[2]), int(sys.argv[3])
trainer = Trainer(accelerator="cpu", devices=processes, max_steps=6,
                  strategy="ddp" if processes > 1 else "auto", use_distributed_sampler=False,
                  logger=False, enable_checkpointing=False, enable_progress_bar=False,
                  enable_model_summary=False)
trainer.fit(shell_of(method), DataLoader(Share(), batch_size=None, sampler=range(3)))
if trainer.is_global_zero:
    torch.save(method.state_dict(), sys.argv[1])
"""


@pytest.mark.slow
@pytest.mark.parametrize("name", ["pix2pix", "bicyclegan"])
def test_two_processes_train_as_one(name: str, tmp_path: Path) -> None:
    root = str(Path(__file__).parent.parent)
    (tmp_path / "train.py").write_text(SCRIPT)
    environment = os.environ | {"PYTHONPATH": root, "OMP_NUM_THREADS": "1"}
    for processes in (1, 2):
        line = [
            sys.executable,
            str(tmp_path / "train.py"),
            str(tmp_path / f"{processes}.pt"),
            name,
            str(processes),
        ]
        done = subprocess.run(
            line, env=environment, cwd=root, capture_output=True, text=True, timeout=300
        )
        assert done.returncode == 0, done.stderr[-2000:]
    one, two = (torch.load(tmp_path / f"{processes}.pt", weights_only=True) for processes in (1, 2))
    assert all(torch.allclose(one[key], two[key], atol=1e-5) for key in one)
