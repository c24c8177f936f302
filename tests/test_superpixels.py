"""Hint maps: flat regions of a picture, some of them shown; and hints of users as the same map."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from colorlab.color import luma
from colorlab.conditions.hint_maps import HintMaps, of_hints, quantized, revealed, superpixels
from colorlab.draws import Draws
from colorlab.errors import ConfigError
from colorlab.types import Hints

RED, BLUE, WHITE = torch.tensor([1.0, 0, 0]), torch.tensor([0, 0, 1.0]), torch.tensor([1.0, 1, 1])


def halves(side: int = 32) -> Tensor:
    """(1, 3, side, side): red on the left, blue on the right."""
    right = torch.arange(side) >= side // 2
    return (
        torch.where(right, BLUE[:, None], RED[:, None])[:, None].expand(3, side, side)[None].clone()
    )


def noisy(count: int = 1) -> Tensor:
    coarse = torch.rand(count, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    return torch.nn.functional.interpolate(coarse, scale_factor=4)


def maps(least: float = 0.3, most: float = 0.5, count: int = 20, colors: int = 8) -> HintMaps:
    return HintMaps(count, colors, least, most)


def test_superpixels_are_numbered_from_zero_and_stay_on_one_side_of_an_edge() -> None:
    label = superpixels(halves()[0], 16)
    assert set(label.flatten().tolist()) == set(range(int(label.max()) + 1)) and label.max() > 4
    assert not set(label[:, :16].flatten().tolist()) & set(label[:, 16:].flatten().tolist())
    assert torch.equal(label, superpixels(halves()[0], 16))


def test_everything_shown_is_the_flat_picture_itself() -> None:
    found = maps(1.0, 1.0)(halves(), 0.0, Draws(0, [3]))
    assert torch.equal(found[:, 3], torch.ones(1, 32, 32)) and torch.equal(
        found[:, :3], 2 * halves() - 1
    )


def test_nothing_shown_is_zeros() -> None:
    assert (
        not maps()(halves(), 1.0, Draws(0, [3])).any()
        and not maps(0.0, 0.0)(halves(), 0.0, Draws(0, [3])).any()
    )


def test_a_shown_region_has_its_mean_colour_and_what_is_not_shown_is_zero() -> None:
    rgb = noisy()
    label = superpixels(rgb[0], 20)
    found = maps(colors=1000)(rgb, 0.0, Draws(0, [3]))[0]
    for region in label.unique():
        inside = label == region
        assert found[3][inside].unique().numel() == 1
        expected = 2 * rgb[0][:, inside].mean(1) - 1 if found[3][inside][0] else torch.zeros(3)
        assert torch.allclose(
            found[:3, inside], expected[:, None].expand(3, int(inside.sum())), atol=0.011
        )


def test_thirty_to_fifty_per_cent_of_the_regions_are_shown() -> None:
    own, rgb = maps(), noisy()
    label = own.divided(rgb)[0, 3]
    count = int(label.max()) + 1
    known = own(rgb.expand(200, -1, -1, -1), 0.0, Draws(0, [3] * 200, range(200)))[:, 3]
    shares = [len(label[one > 0].unique()) / count for one in known]
    assert min(shares) >= 0.3 - 0.5 / count and max(shares) <= 0.5 + 0.5 / count
    assert max(shares) - min(shares) > 0.15


def test_the_share_of_pictures_without_hints_is_as_asked() -> None:
    drawn = HintMaps(20, 8, 0.3, 0.5)(noisy().expand(400, -1, -1, -1), 0.25, Draws(0, range(400)))
    bare = (drawn[:, 3].amax((1, 2)) == 0).float().mean()
    assert abs(float(bare) - 0.25) < 4 * (0.25 * 0.75 / 400) ** 0.5


def test_a_picture_s_map_depends_on_its_own_draws_alone_and_is_divided_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    own, rgb = maps(), noisy(3)
    together = own(rgb, 0.3, Draws(0, [5, 6, 7]))
    monkeypatch.setattr(
        "colorlab.conditions.hint_maps.superpixels", lambda *_: pytest.fail("divided again")
    )
    backwards = own(rgb.flip(0), 0.3, Draws(0, [7, 6, 5]))
    assert torch.equal(backwards.flip(0), together)


def test_quantised_colours_are_the_means_of_their_clusters() -> None:
    rgb = torch.stack([RED, RED * 0.98, BLUE, BLUE, WHITE])
    found = quantized(rgb, torch.tensor([1.0, 3, 1, 1, 1]), 3)
    assert torch.allclose(found[0], RED * 0.985) and torch.equal(found[0], found[1])
    assert torch.equal(found[2:], rgb[2:])


def test_as_many_colours_as_there_are_leave_them_as_they_are() -> None:
    rgb = torch.rand(9, 3, generator=torch.Generator().manual_seed(0))
    assert torch.allclose(quantized(rgb, torch.ones(9), 9), rgb)
    assert quantized(rgb, torch.ones(9), 4).unique(dim=0).shape[0] == 4


def test_regions_lowest_in_the_order_are_shown() -> None:
    divided = torch.tensor([0, 0, 0, 0, 255, 255, 10, 10, 0, 1, 2, 2]).reshape(3, 2, 2).short()
    divided = torch.cat([divided, torch.tensor([[[0, 1], [2, 2]]]).short()])
    found = revealed(divided, 1 / 3, torch.tensor([0.9, 0.1, 0.5]))
    assert torch.equal(found[3], torch.tensor([[0.0, 1], [0, 0]]))
    assert torch.equal(found[:3, 0, 1], divided[:3, 0, 1] / 127.5 - 1)


def test_hints_become_the_same_map() -> None:
    mask = torch.zeros(1, 1, 32, 32)
    mask[..., 4:6, 4:6] = 1
    found = of_hints(Hints(RED[None, :, None, None] * mask, mask), luma(halves()), 0)
    assert (
        torch.equal(found[0, :, 4, 4], torch.tensor([1.0, -1, -1, 1]))
        and found.abs().sum() == 4 * 4
    )
    assert not of_hints(None, luma(halves()), 0).any()


def test_a_snapped_dot_fills_the_superpixel_under_it_and_no_other() -> None:
    image, mask = luma(halves()), torch.zeros(1, 1, 32, 32)
    mask[..., 8, 8] = 1
    found = of_hints(Hints(RED[None, :, None, None] * mask, mask), image, 16)
    label = superpixels(image[0], 16)
    under = label == label[8, 8]
    expected = torch.where(under, torch.tensor([1.0, -1, -1, 1])[:, None, None], 0.0)
    assert torch.equal(found[0], expected) and 1 < under.sum() < 32 * 16


def test_two_dots_in_one_superpixel_keep_their_own_colours_and_the_rest_is_their_mean() -> None:
    image, mask = luma(halves()), torch.zeros(1, 1, 32, 32)
    mask[..., 8, 8:10] = 1
    rgb = torch.zeros(1, 3, 32, 32)
    rgb[0, :, 8, 8], rgb[0, :, 8, 9] = RED, BLUE
    found = of_hints(Hints(rgb, mask), image, 4)[0]
    assert torch.equal(found[:3, 8, 8], 2 * RED - 1) and torch.equal(found[:3, 8, 9], 2 * BLUE - 1)
    assert torch.equal(found[:3, 9, 8], RED + BLUE - 1)


def test_hints_of_another_size_are_refused_in_one_line() -> None:
    hints = Hints(torch.zeros(1, 3, 16, 24), torch.zeros(1, 1, 16, 24))
    with pytest.raises(ConfigError, match="hints are 24x16 pixels, the picture 32x32") as error:
        of_hints(hints, torch.zeros(1, 1, 32, 32), 0)
    assert "\n" not in str(error.value)


def test_shares_that_are_none_are_refused() -> None:
    with pytest.raises(ValueError, match=r"least=0\.6"):
        HintMaps(20, 8, 0.6, 0.5)
