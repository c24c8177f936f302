"""Line drawings against known answers and second implementations."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from scipy import ndimage
from torch import Tensor

from colorlab.color import luma
from colorlab.conditions.lines import (
    Dilation,
    Mix,
    Simplified,
    XDoG,
    brightest_neighbor,
    dilated,
    extractor,
    morph,
    simplifier,
)
from colorlab.draws import Draws
from colorlab.errors import DataError

STYLES = [
    (style, simplify) for style in ("dilation", "xdog", "mix") for simplify in ("none", "morph")
]
XDOG = XDoG(sigma=0.5, k=4.5, p=10.0, eps=0.01, phi=2.0)


def pictures(n: int = 3, size: int = 24) -> Tensor:
    """(n, 3, size, size) smooth random pictures in [0, 1]."""
    coarse = Draws(0, range(n)).uniform(3, size // 4, size // 4)
    return F.interpolate(coarse, scale_factor=4, mode="bilinear").clamp(0, 1)


def step(dark: float, bright: float) -> Tensor:
    """(1, 3, 16, 16): the left half dark, the right half bright."""
    rgb = torch.full((1, 3, 16, 16), bright)
    rgb[..., :8] = dark
    return rgb


@pytest.mark.parametrize(("style", "simplify"), STYLES)
@pytest.mark.parametrize("gray", [0.05, 0.5, 1.0])
def test_a_flat_picture_has_no_lines(style: str, simplify: str, gray: float) -> None:
    line = extractor(style, simplify)(torch.full((2, 3, 16, 16), gray))
    assert line.shape == (2, 1, 16, 16)
    assert torch.allclose(line, torch.ones_like(line), atol=1e-5)


def test_a_step_gives_a_line_of_its_contrast_on_the_dark_side() -> None:
    expected = torch.ones(1, 1, 16, 16)
    expected[..., 7] = 1 - 0.6
    assert torch.allclose(Dilation(3)(step(0.2, 0.8)), expected, atol=1e-6)


def test_a_wider_kernel_gives_a_wider_line() -> None:
    ink = Dilation(5)(step(0.2, 0.8))[0, 0, 0] < 0.5
    assert ink.nonzero()[:, 0].tolist() == [6, 7]


@pytest.mark.parametrize(("style", "simplify"), STYLES)
def test_every_style_draws_a_step_black_where_it_is(style: str, simplify: str) -> None:
    row = extractor(style, simplify)(step(0.1, 0.9))[0, 0, 8]
    assert row[7] < 0.3
    assert (row[:2] > 0.9).all() and (row[9:] > 0.9).all()


def test_dilation_equals_the_maximum_filter_recipe() -> None:
    gray = luma(pictures())[:, 0].numpy()
    expected = [1 - np.abs(ndimage.grey_dilation(g, size=(3, 3), mode="nearest") - g) for g in gray]
    assert np.allclose(Dilation(3)(pictures())[:, 0].numpy(), np.stack(expected), atol=1e-6)


def test_xdog_equals_the_published_formula() -> None:
    gray = luma(pictures())[:, 0].double().numpy()

    def blur(g: np.ndarray, sigma: float) -> np.ndarray:
        return ndimage.gaussian_filter(g, sigma, mode="nearest", radius=math.ceil(3 * sigma))

    D = np.stack([11 * blur(g, 0.5) - 10 * blur(g, 2.25) for g in gray])
    expected = np.where(D >= 0.01, 1, 1 + np.tanh(2 * (D - 0.01)))
    assert np.allclose(XDOG(pictures())[:, 0].numpy(), expected, atol=1e-4)


def test_the_fast_dilation_equals_torchs() -> None:
    x = Draws(0, [0, 1]).normal(1, 9, 13)
    assert torch.equal(dilated(x, 5), F.max_pool2d(x, 5, stride=1, padding=2))


def test_the_brightest_neighbour_leaves_the_pixel_itself_out() -> None:
    x = Draws(0, [0]).uniform(1, 7, 8)
    around = np.ones((3, 3), bool)
    around[1, 1] = False
    expected = ndimage.maximum_filter(x[0, 0].numpy(), footprint=around, mode="constant")
    assert np.array_equal(brightest_neighbor(x)[0, 0].numpy(), expected)


def test_morph_removes_specks_and_soft_shading_and_keeps_strokes() -> None:
    ink = torch.zeros(1, 1, 32, 32)
    ink[..., 3, 3] = 1.0  # a speck
    ink[..., 10, 4:28] = 0.5  # a stroke
    ink[..., 18:30, 4:28] = 0.2  # shading
    cleaned = 1 - morph(1 - ink)
    assert torch.equal(cleaned.nonzero(), (ink == 0.5).nonzero())
    assert (cleaned[..., 10, 4:28] == 1).all()


def test_morph_keeps_areas_that_are_inked_black() -> None:
    line = torch.ones(1, 1, 32, 32)
    line[..., 8:24, 8:24] = 0
    assert torch.equal(morph(line), line)


@pytest.mark.parametrize(("style", "simplify"), STYLES)
@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (17, 3)])
def test_tiny_pictures_have_lines_of_their_own_size(
    style: str, simplify: str, shape: tuple[int, int]
) -> None:
    line = extractor(style, simplify)(torch.rand(2, 3, *shape))
    assert line.shape == (2, 1, *shape)
    assert line.isfinite().all() and line.min() >= 0 and line.max() <= 1


def test_a_mix_draws_the_same_lines_for_the_same_draws_whatever_the_batch() -> None:
    mix, rgb = extractor("mix", "morph"), pictures(6)
    whole = mix.varied(rgb, Draws(1, range(6)))
    assert torch.equal(whole[4:], mix.varied(rgb[4:], Draws(1, [4, 5])))
    assert not torch.equal(whole, mix.varied(rgb, Draws(2, range(6))))


def test_a_mix_uses_every_style_at_strengths_in_its_range() -> None:
    styles = [Dilation(3), XDOG]
    rgb = step(0.0, 1.0).expand(40, -1, -1, -1)
    ink = 1 - Mix(styles, (0.5, 1.0)).varied(rgb, Draws(0, range(40)))
    own = torch.stack([1 - style(rgb[:1])[0] for style in styles])
    strengths = (ink[:, None] * own).sum((2, 3, 4)) / own.square().sum((1, 2, 3))
    exact = torch.isclose(ink[:, None], strengths[..., None, None, None] * own, atol=1e-4).all(
        (2, 3, 4)
    )
    assert exact.sum(1).eq(1).all() and exact.any(0).all()
    assert strengths[exact].min() >= 0.5 and strengths[exact].max() <= 1


def test_a_mix_without_draws_is_its_first_style() -> None:
    assert torch.equal(extractor("mix", "none")(pictures()), Dilation(3)(pictures()))


def test_extraction_leaves_global_random_numbers_alone() -> None:
    before = torch.get_rng_state()
    extractor("mix", "morph").varied(pictures(), Draws(0, range(3)))
    assert torch.equal(torch.get_rng_state(), before)


class Halve(torch.nn.Module):
    """A network whose answer is known."""

    def forward(self, x: Tensor) -> Tensor:
        return x / 2


class Crop(torch.nn.Module):
    """A network of the wrong kind."""

    def forward(self, x: Tensor) -> Tensor:
        return x[..., :1]


@pytest.mark.filterwarnings("ignore:.*torch.jit")
def test_a_torchscript_network_simplifies(tmp_path: Path) -> None:
    torch.jit.script(Halve()).save(tmp_path / "net.pt")
    simplified = Simplified(Dilation(3), simplifier(str(tmp_path / "net.pt")))
    assert torch.allclose(simplified(pictures()), Dilation(3)(pictures()) / 2)


@pytest.mark.filterwarnings("ignore:.*torch.jit")
def test_a_network_that_changes_the_size_is_an_error(tmp_path: Path) -> None:
    torch.jit.script(Crop()).save(tmp_path / "net.pt")
    with pytest.raises(DataError, match="keep the shape"):
        extractor("dilation", str(tmp_path / "net.pt"))(pictures())


def test_a_file_that_is_no_network_is_named(tmp_path: Path) -> None:
    (tmp_path / "net.pt").write_text("hello")
    for path in (tmp_path / "net.pt", tmp_path / "absent.pt"):
        with pytest.raises(DataError, match=path.name):
            simplifier(str(path))


def test_unknown_styles_and_even_kernels_name_the_choices() -> None:
    with pytest.raises(ValueError, match="dilation, xdog, mix, not 'canny'"):
        extractor("canny", "none")
    with pytest.raises(ValueError, match="odd"):
        Dilation(4)
