"""Patch discriminators."""

from __future__ import annotations

import pytest
import torch

from colorlab.nets.discriminator import Discriminator, PatchDiscriminator


def test_a_score_a_patch_at_every_scale() -> None:
    scores = Discriminator(3, 4, 3, 2, norm=True)(
        torch.rand(2, 1, 64, 48), torch.rand(2, 3, 64, 48)
    )
    assert [tuple(score.shape) for score in scores] == [(2, 1, 8, 6), (2, 1, 4, 3)]
    for score in Discriminator(2, 4, 3, 3, norm=True)(
        torch.rand(1, 1, 9, 8), torch.rand(1, 2, 9, 8)
    ):
        assert score.numel() and torch.isfinite(score).all()


@pytest.mark.parametrize(("layers", "side"), [(1, 12), (2, 26), (3, 54)])
def test_a_score_sees_a_patch_of_known_size(layers: int, side: int) -> None:
    x = torch.zeros(1, 2, 128, 128, requires_grad=True)
    scores = PatchDiscriminator(2, 4, layers, norm=False)(x)
    middle = scores.shape[-1] // 2
    (gradient,) = torch.autograd.grad(scores[0, 0, middle, middle], x)
    rows = gradient.abs().sum((0, 1, 3)).nonzero()
    assert rows.max() - rows.min() + 1 == side


def test_a_score_depends_on_its_own_picture() -> None:
    net = Discriminator(3, 4, 2, 2, norm=True)
    image, x = torch.rand(3, 1, 32, 32), torch.rand(3, 3, 32, 32)
    for whole, alone in zip(net(image, x), net(image[1:2], x[1:2]), strict=True):
        assert torch.allclose(whole[1:2], alone, atol=1e-5)


def test_the_picture_shown_and_the_colours_both_count() -> None:
    net = Discriminator(3, 4, 2, 1, norm=True)
    image, x = torch.rand(1, 1, 32, 32), torch.rand(1, 3, 32, 32)
    (score,) = net(image, x)
    assert not torch.allclose(score, net(1 - image, x)[0], atol=1e-5)
    assert not torch.allclose(score, net(image, -x)[0], atol=1e-5)
