"""Samplers draw coherent pictures from marginals and leave the marginals as they are."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from hydra.utils import instantiate
from omegaconf import OmegaConf
from torch import Tensor

from colorlab.ab_bins import table_of
from colorlab.cli.yaml_files import conf_dir
from colorlab.draws import Draws
from colorlab.samplers.marginals import AnnealedMean, Marginals, Mode, colors_of
from colorlab.samplers.quantile_field import Quantiles, projected
from tests.regions import regions

EXACT = ("independent", "quantile_field", "gumbel_field", "learned_copula")
RANDOM = (*EXACT, "variational")


def sampler_of(name: str, **changes: Any) -> Any:
    """A sampler as its yaml has it, but for some keys."""
    cfg = OmegaConf.load(conf_dir() / f"method/sampler/{name}.yaml")
    if name == "variational":
        source = OmegaConf.load(conf_dir() / "method/sampler/quantile_field.yaml")
        cfg = OmegaConf.merge(
            {k: v for k, v in cfg.items() if k != "defaults"}, {"source": source, "steps": 5}
        )
    return instantiate(OmegaConf.merge(cfg, changes), _convert_="all")


def low_pass(ab: Tensor) -> float:
    """Share of the candidates' variance that is left in 8x8 blocks; ab (n, 2, h, w)."""
    return float(F.avg_pool2d(ab, 8).var(0).mean() / ab.var(0).mean())


@pytest.mark.parametrize("name", EXACT)
def test_each_pixels_bins_come_as_often_as_its_marginal_says(name: str) -> None:
    n, marginals = 600, regions(3)
    bins = sampler_of(name).bins(marginals, n, Draws(0, [0]))[0].flatten(1)  # (n, 9)
    p = marginals.log_p[0].exp().flatten(1)  # (Q, 9)
    seen = torch.stack([torch.bincount(pixel, minlength=len(p)) for pixel in bins.T], 1) / n
    error = (seen - p).abs().sum(0) / 2
    expected = (p * (1 - p) * 2 / (math.pi * n)).sqrt().sum(0) / 2  # of n independent draws
    assert (error / expected).mean() < 1.15 and (error / expected).max() < 1.6


@pytest.mark.parametrize("name", EXACT)
def test_colours_as_configured_have_the_spread_of_their_marginal(name: str) -> None:
    """Half (20, 0), half (40, 0): a deviation of 10. Means around the bin drawn would make both
    one."""
    table = table_of("reachable")
    p = sum(0.5 * (table == torch.tensor([a, 0.0])).all(1).float() for a in (20.0, 40.0))
    assert isinstance(p, Tensor)
    log_p = p.clamp_min(1e-30).log()[None, :, None, None].expand(1, -1, 2, 2)
    marginals = Marginals(log_p, table, torch.ones(1, 1, 2, 2), torch.zeros(1, 2, 1, 2, 2))
    drawn = sampler_of(name)(marginals, 400, Draws(0, [0]))[0, :, 0, 0, 0]
    assert drawn.std().item() == pytest.approx(10, abs=0.3)


def test_independent_pixels_speckle_and_quantile_fields_do_not() -> None:
    marginals, draws = regions(32), Draws(0, [0])
    assert low_pass(sampler_of("independent")(marginals, 24, draws)[0]) < 0.05
    assert low_pass(sampler_of("quantile_field")(marginals, 24, draws)[0]) > 0.5
    assert low_pass(sampler_of("gumbel_field")(marginals, 24, draws)[0]) > 0.5


def test_the_dial_turns_from_independent_to_one_choice() -> None:
    marginals, draws = regions(32), Draws(0, [0])
    ratios = [
        low_pass(sampler_of("quantile_field", coherence=c)(marginals, 24, draws)[0])
        for c in (0, 1 / 3, 2 / 3)
    ]
    assert ratios == sorted(ratios)
    same = marginals._replace(log_p=marginals.log_p[..., :1, :1].expand(-1, -1, 32, 32))
    flat = sampler_of("quantile_field", coherence=1.0)(same, 16, draws)[0]
    assert torch.allclose(flat, flat[..., :1, :1].expand_as(flat), atol=1e-4)
    assert flat[:, :, 0, 0].std(0).max() > 5


def test_pooled_segments_have_one_colour_each() -> None:
    flat = sampler_of("quantile_field", pool=1.0, coherence=0.7)(regions(24), 3, Draws(0, [0]))[0]
    left = flat[..., :8]
    assert torch.allclose(left, left[..., :1, :1].expand_as(left), atol=1e-3)


@pytest.mark.parametrize("name", RANDOM)
def test_a_candidate_does_not_depend_on_batch_or_number(name: str) -> None:
    sampler, three = sampler_of(name), regions(12, pictures=3)
    whole = sampler(three, 3, Draws(0, [4, 5, 6]))
    one = Marginals(three.log_p[1:2], three.table, three.image[1:2], three.factors[1:2])
    assert torch.equal(sampler(one, 2, Draws(0, [5]))[0], whole[1, :2])
    assert not torch.equal(whole[0], whole[1]) and not torch.equal(whole[0, 0], whole[0, 1])


@pytest.mark.parametrize("name", ["annealed_mean", "mode"])
def test_means_and_modes_are_one_answer(name: str) -> None:
    ab = sampler_of(name)(regions(8, pictures=2), 3, Draws(0, [0, 1]))
    assert ab.shape == (2, 3, 2, 8, 8)
    assert torch.equal(ab[:, 0], ab[:, 2])


def test_the_annealed_mean_lies_between_mean_and_mode() -> None:
    marginals, draws = regions(16), Draws(0, [0])
    chroma = [
        AnnealedMean(T, True)(marginals, 1, draws).norm(dim=2).mean().item()
        for T in (1.0, 0.38, 0.1, 0.01)
    ]
    mode = Mode(True)(marginals, 1, draws)
    assert chroma == sorted(chroma)
    assert torch.allclose(AnnealedMean(0.001, True)(marginals, 1, draws), mode, atol=0.5)
    mean = torch.einsum("qhw,qc->chw", marginals.log_p[0].exp(), marginals.table)
    assert torch.allclose(AnnealedMean(1.0, True)(marginals, 1, draws)[0, 0], mean, atol=1e-3)


def test_a_low_temperature_draws_the_mode() -> None:
    marginals = regions(8)
    drawn = sampler_of("quantile_field", temperature=0.01, radius=0.0)(marginals, 2, Draws(0, [0]))
    assert (drawn[0, 0] == Mode(True)(marginals, 1, Draws(0, [0]))[0, 0]).float().mean() > 0.9


@pytest.mark.parametrize("temperature", [0.0, -1.0])
def test_a_temperature_must_be_positive(temperature: float) -> None:
    with pytest.raises(ValueError, match="temperature is > 0"):
        AnnealedMean(temperature, True)


def test_a_radius_keeps_the_mean_colour_near_the_bin_drawn() -> None:
    marginals, draws = regions(12), Draws(0, [0])
    sampler = sampler_of("quantile_field", radius=15.0)
    bins = colors_of(sampler.bins(marginals, 4, draws), marginals.table)
    smooth = sampler(marginals, 4, draws)
    assert 0 < (smooth - bins).norm(dim=2).max() <= 15
    assert torch.equal(sampler_of("quantile_field", radius=0.0)(marginals, 4, draws), bins)


def test_quantiles_and_bins_are_each_others_inverse() -> None:
    marginals = regions(10)
    quantiles, draws = Quantiles(marginals), Draws(0, [0, 1, 2])
    u = draws.uniform(2, 10, 10)
    bins = quantiles.bins(u)
    again = quantiles.uniforms(bins, draws.uniform(2, 10, 10))
    assert (quantiles.bins(again) == bins).float().mean() > 0.999
    assert again.min() >= 0 and again.max() <= 1


def test_uniforms_of_drawn_bins_are_uniform() -> None:
    marginals, draws = regions(6), Draws(0, range(400))
    quantiles = Quantiles(marginals)
    u = quantiles.uniforms(quantiles.bins(draws.uniform(2, 6, 6)), draws.uniform(2, 6, 6))
    for field in u.unbind(1):
        counts = torch.histc(field, 10, 0, 1) / field.numel()
        assert (counts - 0.1).abs().max() < 0.01


def test_the_first_quantile_follows_the_main_axis_of_the_colours() -> None:
    table = table_of("reachable")
    share = torch.zeros(len(table))
    share[(table[:, 0] == table[:, 1])] = 1.0
    along, across = projected(table, share / share.sum())
    assert torch.allclose(along.abs(), (table.sum(1) / math.sqrt(2)).abs(), atol=1e-3)
    assert torch.allclose(
        across.abs(), ((table[:, 0] - table[:, 1]) / math.sqrt(2)).abs(), atol=1e-3
    )


def test_all_exact_samplers_have_the_same_variance_at_a_pixel() -> None:
    marginals, draws = regions(8), Draws(0, [0])
    drawn = [sampler_of(name, radius=0.0)(marginals, 100, draws)[0] for name in EXACT]
    variances = [float(ab.var(0).mean()) for ab in drawn]
    assert max(variances) / min(variances) < 1.2
