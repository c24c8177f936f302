from __future__ import annotations

import pytest
import torch

from colorlab.draws import Draws, stream_seed


def test_a_row_is_the_same_numbers_in_any_batch_and_order():
    whole = Draws(7, [3, 9, 4], [0, 2, 1]).normal(3, 5)
    assert torch.equal(Draws(7, [4, 3], [1, 0]).normal(3, 5), whole[[2, 0]])


def test_the_first_candidates_of_eight_are_those_of_four():
    eight = Draws(7, [3, 9]).candidates(8).normal(2, 2).reshape(2, 8, 2, 2)
    assert torch.equal(
        Draws(7, [3, 9]).candidates(4).normal(2, 2).reshape(2, 4, 2, 2), eight[:, :4]
    )


def test_rows_are_the_same_streams_from_their_beginning():
    draws = Draws(7, range(5))
    first = draws.normal(4)
    assert torch.equal(draws.rows(2, 4).normal(4), first[2:4])
    assert not torch.equal(draws.normal(4), first)


@pytest.mark.parametrize(
    "other", [Draws(8, [3]), Draws(7, [4]), Draws(7, [3], [1]), Draws(7, [3]).to("bias")]
)
def test_another_seed_picture_candidate_or_purpose_is_another_stream(other):
    assert (Draws(7, [3]).normal(1000) * other.normal(1000)).mean().abs() < 0.12


def test_streams_stay_as_they_are_in_this_version():
    assert stream_seed(0, "sample", 1, 2) == 111798445752016359


def test_normal_numbers_are_standard_normal_and_uniform_ones_uniform():
    draws = Draws(0, range(100))
    z, u = draws.normal(1000), draws.uniform(1000)
    assert z.mean().abs() < 0.02 and (z.std() - 1).abs() < 0.02
    assert u.min() >= 0 and u.max() < 1 and (u.var() - 1 / 12).abs() < 0.002


def test_choice_covers_its_range_evenly():
    counts = Draws(0, range(30)).choice(5, 1000).flatten().bincount(minlength=6)
    assert counts[5] == 0 and (counts[:5] / 30000 - 0.2).abs().max() < 0.01


def test_streams_are_the_generators_behind_the_numbers():
    generator = Draws(7, [3, 9]).streams()[1]
    assert torch.equal(
        torch.randn(1, 3, 4, 4, generator=generator)[0], Draws(7, [9]).normal(3, 4, 4)[0]
    )


def test_drawing_leaves_torchs_own_numbers_alone():
    before = torch.get_rng_state()
    Draws(0, range(3)).normal(3, 4, 4)
    assert torch.equal(torch.get_rng_state(), before)


def test_pictures_and_candidates_must_pair_up():
    with pytest.raises(ValueError, match="2 pictures but 1 candidates"):
        Draws(0, [1, 2], [0])


def test_alike_candidates_draw_the_same_numbers_and_keep_their_names() -> None:
    rows = Draws(0, [5, 6], alike=True).candidates(3)
    noise = rows.to("x").rows(0, 6).normal(4)
    assert torch.equal(noise[0], noise[2]) and not torch.equal(noise[0], noise[3])
    assert torch.equal(noise[0], Draws(0, [5], purpose="sample/x").normal(4)[0])
    assert rows.candidate == [0, 1, 2, 0, 1, 2]
