"""The whole bench of judges: one table, whatever the batches, the order and the processes were."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torchmetrics.utilities import dim_zero_cat

from colorlab.metrics.judge import Judge
from colorlab.weights.fetch import fetch
from colorlab.weights.store import weights_id


@pytest.fixture(autouse=True, scope="module")
def weights():
    fetch("alex")


@pytest.fixture
def cases():
    """Five drawings, three candidates each, one to five truths."""
    stream = torch.Generator().manual_seed(0)
    samples = torch.rand(5, 3, 3, 32, 32, generator=stream)
    image = (torch.rand(5, 1, 32, 32, generator=stream) > 0.2).float()
    return samples, image, [torch.rand(1 + i, 3, 32, 32, generator=stream) for i in range(5)]


def judged(cases, batches, lpips="none"):
    judge = Judge(lpips, "none", "lines")
    for rows in batches:
        judge.update(cases[0][rows], cases[1][rows], [cases[2][i] for i in rows], rows)
    return judge


def test_batches_and_order_change_nothing(cases):
    whole = judged(cases, [[0, 1, 2, 3, 4]], "alex").compute()
    assert whole == judged(cases, [[4], [2], [0], [1], [3]], "alex").compute()
    assert {name.split("/")[0] for name in whole} == {
        "drawings", "diversity", "truth", "modes", "validity", "colourfulness", "areas"
    }  # fmt: skip


def test_the_order_of_the_candidates_changes_nothing(cases):
    samples, image, truths = cases
    shuffled = judged((samples[:, [2, 0, 1]], image, truths), [[0, 1, 2]]).compute()
    assert shuffled == pytest.approx(judged(cases, [[0, 1, 2]]).compute(), rel=1e-6, abs=1e-6)


def test_a_drawing_that_comes_twice_counts_once(cases):
    assert judged(cases, [[0, 1, 2], [2, 0]]).compute() == judged(cases, [[0, 1, 2]]).compute()


def test_unnamed_drawings_are_all_new(cases):
    judge = Judge("none", "none", "lines")
    for _ in range(2):
        judge.update(cases[0][:2], cases[1][:2], cases[2][:2])
    assert judge.compute()["drawings"] == 4 and judge.per_drawing()["index"].tolist() == [
        0,
        1,
        2,
        3,
    ]


@pytest.mark.whole
def test_two_processes_are_one(cases):
    first = judged(cases, [[0, 3, 2]])
    second = judged(cases, [[1, 4, 0]])
    whole = judged(cases, [[0, 1, 2, 3, 4]])
    for mine, other in zip(first.topics, second.topics, strict=True):
        theirs = dim_zero_cat(other.rows)
        mine.distributed_available_fn = lambda: True
        mine.dist_sync_fn = lambda rows, group=None, theirs=theirs: [rows, theirs]
    assert first.compute() == whole.compute()
    assert first.compute() == whole.compute()  # and it is one process again in between
    np.testing.assert_array_equal(first.distances()["delta_e"], whole.distances()["delta_e"])


def test_means_are_means_over_the_drawings_that_have_the_value(cases):
    judge = judged(cases, [[0, 1, 2, 3, 4]])
    values, columns = judge.compute(), judge.per_drawing()
    assert columns["index"].tolist() == [0, 1, 2, 3, 4]
    for name in (
        "diversity/delta_e",
        "truth/best_of_3_mae",
        "modes/truths",
        "validity/share",
        "colourfulness/signed",
    ):
        assert values[name] == pytest.approx(np.nanmean(columns[name]))
    assert np.isnan(columns["modes/truths"][0]) and values["modes/truths"] == 3.5


def test_distances_are_those_that_diversity_is_the_mean_of(cases):
    judge = judged(cases, [[0, 1, 2, 3, 4]], "alex")
    for name, distances in judge.distances().items():
        assert distances.shape == (5, 3)
        np.testing.assert_allclose(distances.mean(1), judge.per_drawing()[f"diversity/{name}"])


def test_the_result_names_its_weights():
    assert Judge("alex", "none", "gray").weights == {"alex": weights_id("alex")}
    assert Judge("none", "none", "gray").weights == {}


def test_another_number_of_candidates_is_refused(cases):
    judge = judged(cases, [[0]])
    with pytest.raises(ValueError, match="2 candidates"):
        judge.update(cases[0][:1, :2], cases[1][:1], cases[2][:1])


def test_a_reset_judge_knows_nothing(cases):
    judge = judged(cases, [[0, 1]])
    judge.reset()
    assert judge.compute() == {"drawings": 0.0}
    judge.update(cases[0][2:4], cases[1][2:4], cases[2][2:4], [2, 3])
    assert judge.compute() == judged(cases, [[2, 3]]).compute()


@pytest.mark.parametrize("wrong", [("squeeze", "none"), ("none", "resnet")])
def test_unknown_nets_name_the_choices(wrong):
    with pytest.raises(ValueError, match="none"):
        Judge(*wrong, "lines")


def test_the_index_must_be_as_long_as_the_batch(cases):
    with pytest.raises(ValueError, match="2 drawings, but 3 indices"):
        Judge("none", "none", "lines").update(cases[0][:2], cases[1][:2], cases[2][:2], [1, 2, 3])


@pytest.mark.parametrize("world", [1, 2, 3])
def test_processes_number_drawings_without_names_apart(
    world: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.distributed, "is_available", lambda: True)
    monkeypatch.setattr(torch.distributed, "is_initialized", lambda: True)
    monkeypatch.setattr(torch.distributed, "get_world_size", lambda: world)
    numbers: list[int] = []
    for rank in range(world):
        monkeypatch.setattr(torch.distributed, "get_rank", lambda rank=rank: rank)
        judge = Judge("none", "none", "lines")
        numbers += judge._unnamed(2) + judge._unnamed(3)
    assert sorted(numbers) == list(range(5 * world))
