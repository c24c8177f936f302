"""The perceptual loss is LPIPS with equal weights, and its gradients reach the first pictures
only."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from colorlab.nets.imagenet.perceptual import ALEX, Perceptual
from colorlab.nets.imagenet.vgg import MEAN, STAGES, STD


def random_weights(net: str) -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    widths = [c for stage in STAGES for c in stage]
    convs = ALEX if net == "alex" else list(zip([3, *widths], widths, [3] * 13, strict=False))
    tensors = {}
    for i, (a, b, side, *_) in enumerate(convs):
        tensors[f"conv{i}.weight"] = (
            torch.randn(b, a, side, side, generator=generator) / (a * side**2) ** 0.5
        )
        tensors[f"conv{i}.bias"] = torch.zeros(b)
    return tensors


def pictures(count: int, side: int = 64) -> torch.Tensor:
    return torch.rand(count, 3, side, side, generator=torch.Generator().manual_seed(1))


@pytest.fixture(scope="module", params=["alex", "vgg"])
def loss(request):
    return Perceptual(request.param, random_weights(request.param))


def test_equal_pictures_are_no_distance_apart_and_others_are_some(loss):
    a, b = pictures(2, 32).split(1)
    assert loss(a, a) == 0 < loss(a, b) and torch.allclose(loss(a, b), loss(b, a))


def test_gradients_reach_the_first_pictures_only(loss):
    a, b = (x.clone().requires_grad_() for x in pictures(2, 32).split(1))
    loss(a, b).backward()
    assert (
        a.grad.abs().max() > 0
        and b.grad is None
        and not any(p.requires_grad for p in loss.parameters())
    )


@pytest.mark.whole
def test_alexnets_features_are_torchvisions():
    from torchvision.models import alexnet

    reference, tensors = alexnet().features.eval(), random_weights("alex")
    for i, conv in enumerate(layer for layer in reference if isinstance(layer, nn.Conv2d)):
        conv.load_state_dict({kind: tensors[f"conv{i}.{kind}"] for kind in ("weight", "bias")})
    x, (mean, std) = pictures(2), (torch.tensor(c).reshape(3, 1, 1) for c in (MEAN, STD))
    ours = Perceptual("alex", tensors).trunk(x)
    with torch.no_grad():
        assert torch.allclose(ours[-1], reference[:-1]((x - mean) / std), atol=1e-4)


def test_an_unknown_net_names_the_choices():
    with pytest.raises(ValueError, match="alex or vgg"):
        Perceptual("lite0", {})
