"""From drawn fields to candidates: k-means against SciPy's, medoids, groups of one size."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from colorlab.color import lab_of
from colorlab.draws import Draws
from colorlab.errors import ConfigError
from colorlab.samplers.candidates import colored, in_groups, joined, stretched
from colorlab.samplers.clusters import ClusterOptions, clustered, farthest, representatives
from colorlab.types import Condition, Hints


def fields(count: int = 60, seed: int = 0) -> torch.Tensor:
    return torch.randn(count, 2, 4, 4, generator=torch.Generator().manual_seed(seed))


def draw(rows: Draws) -> torch.Tensor:
    """A field that is its candidate's number and noise of its stream."""
    noise = rows.normal(2, 4, 4)
    return torch.tensor(rows.candidate)[:, None, None, None] + noise / 100


def test_places_far_apart_are_the_middle_one_and_then_always_the_farthest() -> None:
    points = torch.tensor([[0.0], [1.0], [4.0], [5.0], [11.0]])
    assert farthest(torch.cdist(points, points).square(), 4).tolist() == [2, 4, 0, 1]


def test_the_centres_are_those_of_scipys_kmeans() -> None:
    from scipy.cluster.vq import kmeans2

    drawn = fields()
    points = drawn.flatten(1)
    start = points[farthest(torch.cdist(points, points).square(), 5)]
    theirs, label = kmeans2(
        points.double().numpy(), start.double().numpy(), iter=50, minit="matrix"
    )
    order = np.argsort(-np.bincount(label, minlength=5), kind="stable")
    mine = representatives(drawn, 5, "centres").flatten(1)
    assert torch.allclose(mine, torch.from_numpy(theirs[order]).float(), atol=1e-5)


def test_the_largest_cluster_comes_first() -> None:
    flat = torch.cat(
        [torch.full((k, 2, 4, 4), float(value)) for k, value in ((2, 5), (9, -5), (4, 0))]
    )
    assert representatives(flat + fields(15) / 100, 3, "centres").mean(
        (1, 2, 3)
    ).round().tolist() == [-5, 0, 5]


def test_medoids_are_the_drawn_fields_nearest_to_the_centres() -> None:
    drawn = fields()
    centers, medoids = (
        representatives(drawn, 5, choice).flatten(1) for choice in ("centres", "medoids")
    )
    nearest = torch.cdist(centers, drawn.flatten(1)).argmin(1)
    assert torch.equal(medoids, drawn.flatten(1)[nearest])


def test_centres_vary_less_than_medoids() -> None:
    modes = torch.tensor([-2.0, 0, 2]).repeat(20)[:, None, None, None] + fields()  # of 60, 20 each
    centers, medoids = (representatives(modes, 3, choice) for choice in ("centres", "medoids"))
    assert centers.var(0).mean() < 0.95 * medoids.var(0).mean()


@pytest.mark.parametrize("kind", ["centres", "medoids"])
def test_equal_fields_are_their_own_clusters(kind: str) -> None:
    same = fields(1).expand(20, -1, -1, -1)
    assert torch.allclose(representatives(same, 5, kind), same[:5], atol=1e-6)


@pytest.mark.parametrize("kind", ["none", "centres", "medoids"])
def test_fewer_candidates_are_the_first_of_more(kind: str) -> None:
    options = ClusterOptions(kind, 20, 4)
    more = clustered(draw, Draws(0, [3]), 9, options, 6)
    assert more.shape[0] == 9
    assert torch.equal(clustered(draw, Draws(0, [3]), 3, options, 6), more[:3])


def test_candidates_beyond_the_clusters_are_draws_beyond_the_pool() -> None:
    drawn = clustered(draw, Draws(0, [3]), 7, ClusterOptions("centres", 20, 4), 6)
    assert drawn[4:].mean((1, 2, 3)).round().tolist() == [20, 21, 22]
    first = clustered(draw, Draws(0, [3]), 7, ClusterOptions("none", 20, 4), 6)
    assert first.mean((1, 2, 3)).round().tolist() == list(range(7))


def test_every_group_has_one_size() -> None:
    sizes: list[int] = []
    drawn = in_groups(
        lambda rows: sizes.append(len(rows)) or draw(rows), Draws(0, [0]), 13, 4, first=3
    )
    assert sizes == [4, 4, 4] and len(drawn) == 10


def test_a_field_is_stretched_to_the_picture_whose_lightness_stays() -> None:
    image = torch.rand(1, 1, 24, 40, generator=torch.Generator().manual_seed(0))
    picture = joined(fields(1).tanh(), image)
    assert picture.shape == (1, 3, 24, 40)
    assert (lab_of(picture)[:, 0] - lab_of(image.expand(-1, 3, -1, -1))[:, 0]).abs().max() < 0.5


def test_a_shrunk_pixel_is_a_mean_of_what_it_covers() -> None:
    checks = (torch.arange(16)[:, None] + torch.arange(16)).remainder(2).float()[None, None]
    assert (stretched(checks, (4, 4)) - 0.5).abs().max() < 0.05
    assert stretched(checks, (16, 16)) is checks


def test_pools_and_choices_that_make_no_sense_are_refused() -> None:
    with pytest.raises(ValueError, match="none, centres, medoids"):
        ClusterOptions("means", 256, 5)
    with pytest.raises(ValueError, match="pool=5"):
        ClusterOptions("centres", 4, 5)


def test_hints_are_refused() -> None:
    condition = Condition(
        torch.rand(1, 1, 8, 8), Hints(torch.zeros(1, 3, 8, 8), torch.ones(1, 1, 8, 8))
    )
    with pytest.raises(ConfigError, match="takes no guides"):
        colored(lambda gray, n, draws: fields(n), condition, 1, Draws(0, [0]), [], 4)
