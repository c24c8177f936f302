"""Colour conversions against scikit-image; the lightness that AB keeps is exact."""

from __future__ import annotations

import numpy as np
import torch
from skimage import color as skimage_color

from colorlab.color import AB, LUMA, RGB, in_gamut, lab_of, luma, rgb_of


def pictures(n: int = 4) -> torch.Tensor:
    return torch.rand(n, 3, 16, 16, generator=torch.Generator().manual_seed(0))


def test_lab_equals_skimage() -> None:
    rgb = pictures()
    theirs = skimage_color.rgb2lab(rgb.permute(0, 2, 3, 1).double().numpy())
    assert np.abs(lab_of(rgb).permute(0, 2, 3, 1).numpy() - theirs).max() < 1e-4


def test_conversions_are_kornias_bit_for_bit() -> None:
    from kornia.color import lab_to_rgb, rgb_to_lab

    wild = 3 * torch.rand(4, 3, 33, 17, generator=torch.Generator().manual_seed(1)) - 1
    assert torch.equal(lab_of(wild), rgb_to_lab(wild))
    lab = lab_of(wild) + 80 * torch.randn(4, 3, 33, 17, generator=torch.Generator().manual_seed(2))
    assert torch.equal(rgb_of(lab), lab_to_rgb(lab, clip=False))


def test_lab_is_differentiable_in_black_and_white() -> None:
    rgb = torch.tensor([0.0, 1.0]).reshape(1, 1, 1, 2).repeat(1, 3, 1, 1).requires_grad_()
    rgb_of(lab_of(rgb)).sum().backward()
    assert rgb.grad is not None and torch.allclose(rgb.grad, torch.ones_like(rgb), atol=1e-2)


def test_lab_round_trip_is_exact_in_8_bits() -> None:
    rgb = (pictures() * 255).round() / 255
    assert torch.equal((rgb_of(lab_of(rgb)) * 255).round(), (rgb * 255).round())


def test_luma_is_pillows() -> None:
    from PIL import Image

    pixels = (pictures(1)[0] * 255).byte()
    theirs = np.asarray(Image.fromarray(pixels.permute(1, 2, 0).numpy()).convert("L"))
    assert np.abs(luma(pixels.float())[0].numpy() - theirs).max() <= 1
    assert abs(sum(LUMA) - 1) < 1e-6


def test_gamut_mapping_keeps_lightness_and_hue() -> None:
    g = torch.Generator().manual_seed(1)
    lab = torch.cat(
        [
            100 * torch.rand(1, 1, 32, 32, generator=g),
            200 * torch.rand(1, 2, 32, 32, generator=g) - 100,
        ],
        1,
    )
    mapped = in_gamut(lab)
    rgb = rgb_of(mapped)
    assert rgb.min() > -0.003 and rgb.max() < 1.003
    back = lab_of(rgb.clamp(0, 1))
    assert (back[:, 0] - lab[:, 0]).abs().max() < 0.6
    angle = torch.atan2(mapped[:, 2], mapped[:, 1]) - torch.atan2(lab[:, 2], lab[:, 1])
    assert angle[mapped[:, 1:].norm(dim=1) > 1].abs().max() < 1e-3


def test_showable_colours_are_left_alone() -> None:
    lab = lab_of(pictures())
    assert torch.allclose(in_gamut(lab), lab)


def test_rgb_space_round_trip() -> None:
    rgb = pictures()
    assert torch.allclose(RGB().decode(RGB().encode(rgb), rgb[:, :1]), rgb, atol=1e-6)


def test_ab_space_keeps_the_lightness_of_its_condition() -> None:
    gray = pictures()[:, :1]
    wild = 3 * torch.randn(4, 2, 16, 16, generator=torch.Generator().manual_seed(2))
    out = AB().decode(wild, gray)
    wanted = lab_of(gray.expand(-1, 3, -1, -1))[:, 0]
    assert out.min() >= 0 and out.max() <= 1
    assert (lab_of(out)[:, 0] - wanted).abs().max() < 0.6


def test_ab_space_round_trip() -> None:
    rgb = pictures()
    lab = lab_of(rgb)
    gray = rgb_of(torch.cat([lab[:, :1], torch.zeros_like(lab[:, 1:])], 1))[:, :1].clamp(0, 1)
    assert (AB().decode(AB().encode(rgb), gray) - rgb).abs().max() < 0.01
