"""ChromaGAN's parts against second implementations: VGG16, 8-bit Lab, the divergence, the
penalty."""

from __future__ import annotations

import math
from dataclasses import replace

import cv2
import pytest
import torch
from torchvision.models.vgg import cfgs, make_layers

from colorlab.cli.config import compose
from colorlab.cli.targets import build
from colorlab.color import AB
from colorlab.draws import Draws
from colorlab.errors import DataError
from colorlab.methods import chromagan
from colorlab.methods.chromagan import ChromaGAN, divergence, eight_bit
from colorlab.nets.imagenet.vgg import VGG16
from colorlab.types import Batch, Condition
from tests.critics import Mean, batch_of, plain

SMALL = (
    "method.width=4",
    "method.critic.width=4",
    "method.trunk.pretrained=false",
    "method.losses.classes=0",
)


def configured(*overrides: str) -> ChromaGAN:
    torch.manual_seed(0)
    return build(
        compose(
            "train", ["name=t", "method=chromagan", "trainer.max_steps=10", *SMALL, *overrides]
        ).method
    )


def pictures(n: int = 2, side: int = 16) -> Batch:
    rgb = torch.rand(n, 3, side, side, generator=torch.Generator().manual_seed(1))
    return Batch(rgb, rgb.mean(1, keepdim=True), torch.arange(n), [""] * n, torch.full((n,), -1))


@pytest.fixture
def classes(monkeypatch) -> torch.nn.Module:
    """A classifier of random weights in the place of the pretrained one."""
    net = torch.nn.Sequential(
        torch.nn.Flatten(), torch.nn.Linear(3 * 32 * 32, 1000)
    ).requires_grad_(False)
    monkeypatch.setattr(chromagan, "load_lite0", lambda device: net)
    return net


def test_the_trunk_is_torchvisions_vgg16() -> None:
    ours, theirs = VGG16(4), make_layers(cfgs["D"])
    convs = [layer for layer in theirs if isinstance(layer, torch.nn.Conv2d)]
    ours.load(
        {
            f"conv{i}.{kind}": value
            for i, conv in enumerate(convs)
            for kind, value in conv.state_dict().items()
        }
    )
    # relu1_2, relu2_2, relu3_3, relu4_3
    rgb, features, kept = pictures().rgb, {}, {3: 0, 8: 1, 15: 2, 22: 3}
    x = (rgb - torch.tensor([0.485, 0.456, 0.406])[:, None, None]) / torch.tensor(
        [0.229, 0.224, 0.225]
    )[:, None, None]
    for place, layer in enumerate(theirs[:23]):
        x = layer(x)
        if place in kept:
            features[kept[place]] = x.clone()  # the next ReLU works in place
    assert all(torch.allclose(a, features[level], atol=1e-6) for level, a in enumerate(ours(rgb)))


def test_chroma_has_the_units_of_8_bit_lab() -> None:
    rgb = (pictures(1, 32).rgb * 255).round() / 255
    lab = cv2.cvtColor((rgb[0] * 255).byte().permute(1, 2, 0).numpy(), cv2.COLOR_RGB2LAB)
    ours = (eight_bit(AB().encode(rgb)) * 255)[0].permute(1, 2, 0)
    off = (ours - torch.from_numpy(lab[..., 1:]).float()).abs()
    assert off.mean() < 0.6 and off.max() < 3  # OpenCV works with tables


def test_the_divergence_is_the_textbooks(classes) -> None:
    p = chromagan.class_distribution(pictures().image, 32)
    assert p.shape == (2, 1000) and torch.allclose(p.sum(1), torch.ones(2))
    logits = torch.randn(2, 1000, generator=torch.Generator().manual_seed(0))
    kl = torch.distributions.kl_divergence(
        torch.distributions.Categorical(p), torch.distributions.Categorical(logits=logits)
    )
    assert divergence(p, logits).item() == pytest.approx(kl.mean().item(), rel=1e-5)
    assert abs(divergence(p, p.log()).item()) < 1e-6


@pytest.mark.whole
def test_the_generators_loss_is_the_weighted_sum_of_its_parts(classes) -> None:
    method = configured(
        "method.losses.classes=0.5", "method.losses.classified_at=32", "method.losses.gan=0.25"
    )
    losses = method.loss(pictures(), Draws(0, [0, 1]))
    total = losses["l2"] + 0.25 * losses["gan"] + 0.5 * losses["classes"]
    assert losses["loss"].item() == pytest.approx(total.item(), rel=1e-6)


@pytest.mark.whole
def test_the_losses_of_known_scores_are_the_papers_sum(monkeypatch) -> None:
    method, batch = configured(), batch_of(plain(0.6))  # gray: a = b = 0
    keys = compose("train", ["name=t", "method=chromagan"]).method
    assert (keys.losses.l2, keys.losses.gan, keys.losses.classes, keys.losses.penalty) == (
        1,
        0.1,
        0.003,
        10,
    )
    p = torch.zeros(2, 1000).index_fill_(1, torch.arange(10), 0.1)
    monkeypatch.setattr(chromagan, "class_distribution", lambda image, side: p)
    method.discriminator, method.losses = Mean(), replace(method.losses, l2=2, classes=0.003)
    made = {"painted": plain(0.5, 2)[:, None], "logits": torch.zeros(2, 1000)}
    l2, score, kl = (0.5 * 110 / 255) ** 2, (0.5 * 110 + 128) / 255, math.log(100)
    losses = method.generator_loss(batch, made)
    assert losses["loss"].item() == pytest.approx(2 * l2 - 0.1 * score + 0.003 * kl, rel=1e-4)
    judged = method.discriminator_loss(batch, made, Draws(0, [0, 1]))["loss"]
    penalty = (1 / math.sqrt(2 * 16 * 16) - 1) ** 2
    assert judged.item() == pytest.approx(score - 128 / 255 + 10 * penalty, rel=1e-4)


def test_the_critics_loss_of_a_linear_critic_is_known(monkeypatch) -> None:
    method, batch = configured(), pictures()
    w = torch.randn(2, 16, 16, generator=torch.Generator().manual_seed(0))
    monkeypatch.setattr(method, "judge", lambda image: lambda chroma: (chroma * w).sum((1, 2, 3)))
    painted = torch.zeros(2, 1, 2, 16, 16)
    loss = method.discriminator_loss(batch, {"painted": painted}, Draws(0, [0, 1]))["loss"]
    apart = (
        ((eight_bit(painted[:, 0]) - eight_bit(AB().encode(batch.rgb))) * w).sum((1, 2, 3)).mean()
    )
    assert loss.item() == pytest.approx((apart + 10 * (w.norm() - 1) ** 2).item(), rel=1e-4)


def test_only_the_nearest_of_the_tries_is_drawn_to_the_truth() -> None:
    method, batch = configured("method.latent=8", "method.losses.gan=0"), pictures(1)
    painted = torch.zeros(1, 4, 2, 16, 16)
    painted[:, 2] = AB().encode(batch.rgb) * 0.9
    painted.requires_grad_()
    made = {"painted": painted, "logits": torch.zeros(1, 0)}
    method.generator_loss(batch, made)["loss"].backward()
    assert painted.grad is not None and [bool(grad.any()) for grad in painted.grad[0]] == [
        False,
        False,
        True,
        False,
    ]


@pytest.mark.whole
def test_with_noise_candidates_differ_and_without_they_do_not() -> None:
    image = pictures(1).image
    for latent in (0, 8):
        method = configured(f"method.latent={latent}", "method.trunk.skips=false").eval()
        drawn = method.sample(Condition(image), 9, Draws(0, [0]))[0]
        assert ((drawn - drawn[:1]).abs().amax() > 1e-4) == method.candidates_differ == bool(latent)


@pytest.mark.whole
def test_what_draws_is_in_the_checkpoint_and_what_teaches_is_not(classes, monkeypatch) -> None:
    weights = {
        f"conv{i}.{kind}": value
        for i, conv in enumerate(VGG16(5).convs)
        for kind, value in conv.state_dict().items()
    }
    monkeypatch.setattr(chromagan, "backbone", lambda net: weights)
    method = configured(
        "method.trunk.pretrained=true",
        "method.losses.classes=0.003",
        "method.losses.classified_at=32",
    )
    method.prepare(None)
    method.loss(pictures(), Draws(0, [0, 1]))
    state = method.state_dict()
    assert torch.equal(state["net.trunk.convs.9.weight"], weights["conv9.weight"])
    assert {name.split(".")[0] for name in state} == {"net", "discriminator", "batches_seen"}


@pytest.mark.whole
def test_missing_weights_are_told_before_training(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("COLORLAB_CACHE", str(tmp_path))
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    with pytest.raises(DataError, match="weights fetch vgg"):
        configured("method.trunk.pretrained=true").prepare(None)
