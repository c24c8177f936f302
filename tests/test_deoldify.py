"""DeOldify: whose turn it is, what stays meanwhile, spectral norms, attention."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import torch
from lightning.pytorch import Trainer
from torch import nn
from torch.nn.utils.parametrize import is_parametrized
from torch.utils.data import DataLoader

from colorlab.cli.config import compose
from colorlab.cli.targets import build
from colorlab.color import luma
from colorlab.draws import Draws
from colorlab.methods import deoldify as module
from colorlab.nets.deoldify_net import DeOldifyNet, WithAttention
from colorlab.nets.unet import Layer
from colorlab.training.method_checks import Pictures
from colorlab.training.shells import shell_of
from colorlab.types import Batch

SMALL = ["name=t", "method=deoldify", "method.width=4", "method.depth=3", "method.critic.width=4",
         "method.critic.layers=2", "method.losses.perceptual=0",
         "trainer.max_steps=10"]  # fmt: skip


def deoldify(*overrides: str) -> Any:
    torch.manual_seed(0)
    return build(compose("train", [*SMALL, *overrides]).method)


def batch() -> Batch:
    rgb = Draws(0, [0, 1]).uniform(3, 24, 24)
    return Batch(rgb, luma(rgb), torch.arange(2), [""] * 2, torch.full((2,), -1))


def test_each_learns_alone_first_and_then_both() -> None:
    method = deoldify("method.stages.generator=3", "method.stages.critic=2").train()
    turns = []
    for seen in range(7):
        method.batches_seen.fill_(seen)
        turns.append(method.learning())
    assert turns == [(True, False)] * 3 + [(False, True)] * 2 + [(True, True)] * 2


@pytest.mark.parametrize(
    ("seen", "moves"), [(0, {"net"}), (2, {"discriminator"}), (3, {"net", "discriminator"})]
)
def test_whoever_has_no_turn_stays_though_its_optimizer_remembers(
    seen: int, moves: set[str]
) -> None:
    method = deoldify("method.stages.generator=2", "method.stages.critic=1").train()
    before: dict[str, torch.Tensor] = {}
    shell = shell_of(method)
    shell.on_train_batch_start = lambda *_: before.update(  # type: ignore[assignment]
        copy.deepcopy(dict(method.named_parameters())) if int(method.batches_seen) == seen else {}
    )
    loader: Any = DataLoader(Pictures(), batch_size=None, sampler=[[0, 1]] * (seen + 1))  # type: ignore[arg-type]
    trainer = Trainer(accelerator="cpu", max_steps=2 * (seen + 1), logger=False,
                      enable_checkpointing=False, enable_progress_bar=False,
                      enable_model_summary=False)  # fmt: skip
    trainer.fit(shell, loader)
    changed = {
        name.split(".")[0]
        for name, p in method.named_parameters()
        if not torch.equal(p, before[name])
    }
    assert changed == moves


@pytest.mark.whole
def test_every_convolution_has_a_spectral_norm_of_one() -> None:
    net = DeOldifyNet(4, 3, 2).train()
    for _ in range(60):
        net(batch().image)
    convs = [
        each for each in net.modules() if isinstance(each, nn.Conv2d) and is_parametrized(each)
    ]
    assert len(convs) == 8 and not is_parametrized(net.ups[0].attention.qkv)
    for conv in convs:
        assert torch.linalg.matrix_norm(conv.weight.flatten(1), 2).item() == pytest.approx(
            1, abs=0.02
        )


def test_a_pixel_far_away_is_seen_by_attention_alone() -> None:
    layer, draws = WithAttention(Layer(nn.Conv2d(4, 8, 3, 1, 1), 0, norm=False), 8), Draws(0, [0])
    x = draws.normal(4, 32, 4)
    other = x.clone()
    other[:, :, :4] += draws.normal(4, 4, 4)
    layer.attention.norm = nn.Identity()  # type: ignore[assignment]  # whose means are the whole picture's
    far = [(layer(x, None) - layer(other, None))[..., -4:, :].abs().max()]
    nn.init.normal_(layer.attention.out.weight)
    far.append((layer(x, None) - layer(other, None))[..., -4:, :].abs().max())
    assert far[0] == 0 and far[1] > 1e-4
    assert isinstance(DeOldifyNet(4, 3, 2).ups[0], WithAttention)


def test_the_loss_is_its_parts_times_their_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        module, "load_perceptual", lambda net, device: lambda a, b: (a - b).square().mean()
    )
    method = deoldify("method.stages.generator=0", "method.stages.critic=0",
                      "method.losses.perceptual=0.5", "method.losses.gan=0.2").eval()  # fmt: skip
    one = batch()
    made = method.made(one, Draws(0, [0, 1]))
    painted = made["painted"]
    near = (painted - (2 * one.rgb - 1)).abs().mean() + 0.5 * (
        (painted + 1) / 2 - one.rgb
    ).square().mean()
    gan = nn.functional.softplus(-method.discriminator(one.image, painted)[0]).mean()
    assert method.generator_loss(one, made)["loss"].item() == pytest.approx(
        (near + 0.2 * gan).item(), rel=1e-3
    )
