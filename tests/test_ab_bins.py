"""The bins of the ab plane are those of sRGB, and encoding, prior and weights are CIC's
formulas."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from skimage.color import rgb2lab

from colorlab.ab_bins import Bins, entropy, prior_file, read_prior, rebalancing, smoothed, table_of
from colorlab.errors import ConfigError, DataError


def colors(step: int) -> np.ndarray:
    """(N, 2) the ab, by another library, of every step-th 8-bit shade of each channel."""
    shades = np.arange(0, 256, step) / 255
    return rgb2lab(np.stack(np.meshgrid(shades, shades, shades), -1)).reshape(-1, 3)[:, 1:]


def rows(array: np.ndarray) -> set[tuple[float, float]]:
    """Of whole numbers, (N, 2); as one number each, which are sorted sooner."""
    ones = np.unique(1000 * array[:, 0] + array[:, 1])
    tens = np.round(ones / 1000)
    return set(zip((tens + 0.0).tolist(), (ones - 1000 * tens + 0.0).tolist(), strict=True))


@pytest.mark.parametrize(
    ("name", "count"), [("reachable", 261), ("corner", 309), ("published", 313), ("square", 529)]
)
def test_tables_have_their_number_of_bins_in_order(name: str, count: int) -> None:
    table = table_of(name).numpy()
    assert len(table) == count
    assert table.tolist() == sorted(table.tolist())


@pytest.mark.slow
def test_each_table_holds_the_smaller_ones() -> None:
    reachable, corner, published, square = (rows(table_of(n).numpy()) for n in TABLES)
    assert reachable < corner < published < square


TABLES = ("reachable", "corner", "published", "square")


@pytest.mark.slow
def test_the_reachable_bins_are_those_nearest_to_some_8_bit_colour_and_no_other() -> None:
    assert rows(np.round(colors(1) / 10) * 10) == rows(table_of("reachable").numpy())


def test_colours_of_another_library_fall_into_reachable_bins() -> None:
    assert rows(np.round(colors(15) / 10) * 10) <= rows(table_of("reachable").numpy())


@pytest.mark.parametrize("name", TABLES)
def test_soft_encoding_agrees_with_all_distances_in_float64(name: str) -> None:
    bins, ab = Bins(name), colors(40)
    code = bins.soft(torch.from_numpy(ab).float(), 5, 5.0)
    square = ((ab[:, None] - bins.table.double().numpy()) ** 2).sum(2)
    nearest = np.sort(square, 1)[:, :5]
    weight = np.exp(-nearest / 50) / np.exp(-nearest / 50).sum(1, keepdims=True)
    assert np.allclose(np.take_along_axis(square, code.index.numpy(), 1), nearest, atol=1e-2)
    assert np.allclose(code.weight, weight, atol=1e-4)


def test_a_scattered_table_from_a_file_finds_its_nearest_bins(tmp_path: Path) -> None:
    generator = np.random.default_rng(0)
    table, ab = generator.uniform(-100, 100, (40, 2)), colors(40)
    np.save(tmp_path / "table.npy", table)
    found = Bins(str(tmp_path / "table.npy")).nearest(torch.from_numpy(ab).float())
    assert (found.numpy() == ((ab[:, None] - table) ** 2).sum(2).argmin(1)).mean() > 0.999


def test_an_unknown_table_is_told_with_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="reachable, corner, published, square"):
        table_of("reachble")
    np.save(tmp_path / "flat.npy", np.zeros(7))
    with pytest.raises(DataError, match=r"flat.npy is \(7,\)"):
        table_of(str(tmp_path / "flat.npy"))


@pytest.mark.parametrize("lam", [0.1, 0.5, 1.0])
def test_weights_are_equation_4(lam: float) -> None:
    prior = torch.rand(20, generator=torch.Generator().manual_seed(0)).double()
    prior /= prior.sum()
    w = ((1 - lam) * prior + lam / 20) ** -1
    assert torch.allclose(rebalancing(prior, lam), w / (prior * w).sum())


def test_weights_without_rebalancing_are_all_one() -> None:
    assert torch.allclose(rebalancing(torch.tensor([0.7, 0.2, 0.1]), 1.0), torch.ones(3))


def test_weights_of_bins_that_never_occur_are_refused_or_mixed() -> None:
    prior = torch.tensor([0.5, 0.5, 0.0])
    with pytest.raises(ValueError, match="1 bins that never occur"):
        rebalancing(prior, 0.0)
    assert torch.isfinite(rebalancing(prior, 0.5)).all()


def test_a_prior_of_two_colours_is_their_shares() -> None:
    bins = Bins("reachable")
    bins.fit([bins.table[[3, 3, 3]] + 2, bins.table[[50]] - 2], sigma=0)
    assert bins.prior[3] == 0.75 and bins.prior[50] == 0.25


def test_smoothing_keeps_the_mass_and_raises_the_entropy() -> None:
    table = table_of("reachable")
    share = torch.zeros(261, dtype=torch.float64)
    share[130] = 1
    smooth = smoothed(share, table, 5.0)
    assert smooth.sum().item() == pytest.approx(1)
    assert entropy(share) == 0 < entropy(smooth)
    near = (table - table[130]).norm(dim=1) == 10
    assert torch.allclose(smooth[near] / smooth[130], torch.tensor(np.exp(-2.0)))


def test_a_prior_goes_through_a_file_with_its_table(tmp_path: Path) -> None:
    bins, other = Bins("reachable"), Bins("reachable")
    bins.fit([bins.table[:40]], sigma=5.0)
    (tmp_path / "prior.safetensors").write_bytes(prior_file(bins.table, bins.prior))
    other.read(tmp_path / "prior.safetensors")
    assert torch.allclose(other.prior, bins.prior)


@pytest.mark.whole
def test_a_prior_of_another_table_is_refused_in_one_line(tmp_path: Path) -> None:
    corner = Bins("corner")
    (tmp_path / "prior.safetensors").write_bytes(prior_file(corner.table, corner.prior))
    np.save(tmp_path / "prior_probs.npy", np.ones(313))
    for name, count in (("prior.safetensors", 309), ("prior_probs.npy", 313)):
        with pytest.raises(
            ConfigError, match=f"another table of {count} bins, not of this one of 261"
        ) as caught:
            read_prior(tmp_path / name, table_of("reachable"))
        assert "\n" not in str(caught.value)


def test_a_file_that_is_no_prior_is_refused(tmp_path: Path) -> None:
    (tmp_path / "prior.safetensors").write_text("nothing")
    with pytest.raises(DataError, match="is not a prior"):
        read_prior(tmp_path / "prior.safetensors", table_of("square"))
    np.save(tmp_path / "bad.npy", -np.ones(529))
    with pytest.raises(DataError, match="no shares"):
        read_prior(tmp_path / "bad.npy", table_of("square"))
