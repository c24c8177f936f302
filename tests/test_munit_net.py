"""MUNIT's auto-encoder."""

from __future__ import annotations

import torch
import torch.nn.functional as F

from colorlab.nets.munit_net import MUNITNet, ResidualBlock, instance_norm


def net() -> MUNITNet:
    torch.manual_seed(0)
    return MUNITNet(4, 2, 2, 3, 3).eval().requires_grad_(False)


def test_instance_norm_equals_torch_s() -> None:
    x = 3 * torch.randn(2, 4, 9, 7) + 5
    assert torch.allclose(instance_norm(x), F.instance_norm(x), atol=1e-4)


def test_the_style_sets_mean_and_spread_of_a_block_s_features() -> None:
    block = ResidualBlock(4)
    x, scale, shift = torch.randn(2, 4, 16, 16), torch.rand(2, 4), torch.randn(2, 4)
    style = torch.cat([torch.zeros(2, 8), scale - 1, shift], 1)
    added = block(x, style) - x
    assert torch.allclose(added.mean((2, 3)), shift, atol=1e-4)
    assert torch.allclose(added.std((2, 3), correction=0), scale, atol=1e-2)


def test_another_style_changes_colours_and_another_drawing_the_content() -> None:
    munit, image = net(), torch.rand(1, 1, 16, 20)
    content, style = munit.content(image), torch.randn(1, 3)
    out = munit.decode(content, style, (16, 20))
    assert (
        out.mean((2, 3)) - munit.decode(content, -style, (16, 20)).mean((2, 3))
    ).abs().max() > 1e-3
    assert (out - munit.decode(munit.content(image.flip(3)), style, (16, 20))).abs().max() > 1e-3


def test_pictures_of_any_size_come_back_in_that_size_and_in_range() -> None:
    munit = net()
    for size in ((1, 1), (17, 40)):
        out = munit.decode(munit.content(torch.rand(2, 1, *size)), torch.randn(2, 3), size)
        assert out.shape == (2, 3, *size) and out.abs().max() < 1


def test_content_is_blind_to_the_drawing_s_contrast() -> None:
    image = torch.rand(1, 1, 16, 16)
    assert torch.allclose(net().content(image), net().content(0.5 + (image - 0.5) / 2), atol=5e-2)
