"""Colours of areas: the true ones, their numbers, views, and how one is drawn from a palette."""

from __future__ import annotations

import math

import pytest
import torch

from colorlab.conditions import area_colors
from colorlab.conditions.area_colors import by_size, resized, shares, sized, small_view, true_colors
from colorlab.conditions.area_hints import FURTHER, area_hints
from colorlab.conditions.area_shapes import coarse, likeness, passages, shapes
from colorlab.conditions.palette import lab_of_colors
from colorlab.draws import Draws
from colorlab.samplers.area_colors import Palette, PaletteSampler, Sites, lattice, mirrored
from colorlab.samplers.guides import Bias, Guide, Place, Repulsion
from colorlab.types import Hints

RED, GREEN, WHITE = torch.tensor([1.0, 0.0, 0.0]), torch.tensor([0.1, 0.7, 0.3]), torch.ones(3)


def sampler(
    temperature: float,
    top_p: float,
    spread: bool,
    paper=0.0,
    filled=0.0,
    twins=0.0,
    joined=0.0,
    min_p=0.0,
) -> PaletteSampler:
    return PaletteSampler(temperature, top_p, spread, paper, filled, twins, joined, min_p)


def of_colors(*names: str) -> Palette:
    rgb = torch.tensor([[int(name[i : i + 2], 16) / 255 for i in (0, 2, 4)] for name in names])
    return Palette(lab_of_colors(rgb), rgb)


FOUR = of_colors("000000", "ffffff", "e02020", "20c040")  # in their order


def halves(side: int = 32) -> torch.Tensor:
    """(1, side, side): area 1 to the left, a smaller area 0 to the right."""
    labels = torch.zeros(1, side, side, dtype=torch.long)
    labels[..., : 5 * side // 8] = 1
    return labels


def colored(labels: torch.Tensor, colors: torch.Tensor) -> torch.Tensor:
    return colors[labels].permute(0, 3, 1, 2)


def test_an_areas_colour_is_its_commonest_not_its_mean() -> None:
    labels = halves()
    rgb = colored(labels, torch.stack([RED, GREEN]))
    rgb[..., :4, :] = 0.5
    colors, share = true_colors(rgb, torch.ones(1, 1, 32, 32), labels, 2)
    assert torch.allclose(colors[0], torch.stack([RED, GREEN]), atol=1e-5)
    assert torch.allclose(share, torch.tensor(28 / 32), atol=1e-5)


def test_colours_are_seen_through_half_of_the_ink() -> None:
    labels, image = halves(), torch.full((1, 1, 32, 32), 0.5)
    colors, _ = true_colors(colored(labels, torch.stack([RED, GREEN])) * image, image, labels, 2)
    assert torch.allclose(colors[0], torch.stack([RED, GREEN]), atol=1e-5)


@pytest.mark.parametrize("across", [True, False])
def test_a_strip_is_viewed_without_the_whole_square_around_it(
    across: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    labels = torch.zeros(30, 270, dtype=torch.long)
    labels[:, 180:], labels[5, 91] = 1, 2
    image = torch.where(labels == 1, 0.5, 1.0)[None]
    labels, image = (labels, image) if across else (labels.T, image.mT)
    expected = small_view(image, labels, 9)
    square: list[torch.Size] = []
    monkeypatch.setattr(area_colors, "LONGEST", 90)
    monkeypatch.setattr(
        area_colors, "resized", lambda *given: (square.append(given[1].shape), resized(*given))[1]
    )
    small, seen = small_view(image, labels, 9)
    assert square == [(1, 90, 90)]
    assert torch.equal(small, expected[0]) and torch.equal(seen, expected[1])
    assert seen.unique().tolist() == [0, 1, 2]


def test_an_area_under_ink_alone_is_white_and_tells_nothing() -> None:
    labels, image = halves(), torch.ones(1, 1, 32, 32)
    image[labels[:, None] == 0] = 0
    colors, share = true_colors(
        colored(labels, torch.stack([RED, GREEN])) * image, image, labels, 2
    )
    assert torch.equal(colors[0, 0], WHITE) and share[0, 0] == 0 and share[0, 1] == 1


def test_areas_are_numbered_from_the_largest_and_the_smallest_are_nobodys() -> None:
    labels = torch.tensor([[[7, 7, 7], [2, 2, 5], [2, 2, 5]]])
    ranked, count = by_size(labels, 9)
    assert ranked.tolist() == [[[1, 1, 1], [0, 0, 2], [0, 0, 2]]] and count.tolist() == [3]
    ranked, count = by_size(labels, 2)
    assert ranked[0, 2, 2] == 2 and count.tolist() == [2]
    assert torch.allclose(shares(ranked, 2), torch.tensor([[4 / 9, 3 / 9]]))


def test_resizing_keeps_lines_and_areas_in_the_same_place() -> None:
    labels = halves(64)
    image = (labels[:, None] == 1).float()
    small, seen = resized(image, labels, 32)
    assert torch.equal(small[:, 0] > 0.5, seen == 1)
    assert torch.equal(sized(seen, (64, 64)), labels)


def test_colours_come_as_often_as_their_probabilities_say() -> None:
    logits = torch.tensor([0.5, 0.25, 0.2, 0.05]).log().expand(4000, -1)
    numbers = torch.rand(4000, generator=torch.Generator().manual_seed(0))
    counts = sampler(1.0, 1.0, True).drawn_from(logits, numbers, FOUR).bincount(minlength=4) / 4000
    assert torch.allclose(counts, torch.tensor([0.5, 0.25, 0.2, 0.05]), atol=0.03)


def test_the_unlikely_tail_is_never_drawn() -> None:
    logits = torch.tensor([0.5, 0.02, 0.44, 0.04]).log().expand(2000, -1)
    drawn = sampler(1.0, 0.9, True).drawn_from(logits, torch.linspace(0, 1 - 1e-6, 2000), FOUR)
    assert drawn.unique().tolist() == [0, 2]


def test_numbers_near_each_other_give_hues_near_each_other() -> None:
    palette = of_colors("ffffff", "2020e0", "e0d020", "000000", "e02020", "808080", "20c040")
    assert palette.order.tolist() == [3, 5, 0, 1, 4, 2, 6]  # grays, then blue, red, yellow, green
    drawn = sampler(1.0, 1.0, True).drawn_from(
        torch.zeros(70, 7), torch.arange(70).add(0.5) / 70, palette
    )
    assert drawn.unique_consecutive().tolist() == [3, 5, 0, 1, 4, 2, 6]


@pytest.mark.parametrize(("min_p", "kept"), [(0.0, 4), (0.3, 3), (0.7, 2), (0.9, 2)])
def test_what_is_far_less_likely_than_the_likeliest_is_never_drawn(min_p: float, kept: int) -> None:
    # two blues that count for each other, .3 together, the second of them rarer than red and green
    palette = of_colors("2050d0", "2052d2", "d03020", "30a040")
    logits = torch.tensor([0.5, 0.04, 0.35, 0.11]).log().expand(2000, -1)
    drawn = sampler(1.0, 1.0, True, min_p=min_p).drawn_from(
        logits, torch.linspace(0, 1 - 1e-6, 2000), palette
    )
    assert drawn.unique().tolist() == [0, 1, 2, 3][:kept]


@pytest.mark.parametrize("min_p", [-0.1, 1.0, math.nan])
def test_min_p_is_a_share(min_p: float) -> None:
    with pytest.raises(ValueError, match=r"min_p is in \[0, 1\)"):
        sampler(1.0, 1.0, True, min_p=min_p)


def test_a_low_temperature_takes_the_likeliest() -> None:
    logits = torch.tensor([[0.3, 0.4, 0.2, 0.1]]).log().expand(50, -1)
    assert sampler(0.01, 1.0, True).drawn_from(
        logits, torch.linspace(0.001, 0.999, 50), FOUR
    ).unique().tolist() == [1]


def test_spread_candidates_share_out_what_is_likely() -> None:
    numbers = sampler(1.0, 1.0, True).numbers(Draws(3, [0]).candidates(8), 6)
    for column in numbers.T:
        # eight independent numbers come nearer in most columns
        assert column.sort().values.diff().min() > 0.01
    gaps = numbers[:, 1].sort().values.diff()
    assert torch.allclose(gaps, torch.full((7,), 1 / 8), atol=1e-6)


def test_a_candidates_numbers_do_not_depend_on_how_many_there_are() -> None:
    for spread in (True, False):
        made = sampler(1.0, 1.0, spread)
        eight, four = (made.numbers(Draws(3, [7]).candidates(n), 20) for n in (8, 4))
        assert torch.equal(eight[:4], four)
        assert torch.equal(made.numbers(Draws(3, [7]).candidates(8).rows(4, 8), 20), eight[4:])


def test_the_lattice_is_evenly_filled_and_no_candidate_comes_twice() -> None:
    points = lattice(torch.arange(216), 13)
    assert points[:9, 2].mul(9).round().sort().values.tolist() == list(range(9))  # Halton's base 3
    assert all((column.sort().values.diff().min() > 1e-4) for column in points.T)
    assert [mirrored(k, 2) for k in range(5)] == [0, 0.5, 0.25, 0.75, 0.125]
    steps = torch.tensor([2, 11, 13, 17, 19, 23, 29, 31, 37, 2, 3]).double().sqrt() % 1
    assert torch.allclose(lattice(torch.tensor([1]), 14)[0, [0, *range(4, 14)]], steps)


def expected(opened: float = 0.0, **nats: float) -> torch.Tensor:
    """Logits of COLORS, all alike before, for area 1; told were green area 0 of its shape and red
    area 2 beside it."""
    alike, joined = torch.zeros(3, 3), torch.zeros(3, 3)
    alike[1, 0] = joined[1, 2] = 1.0
    sites = Sites([PLACE] * 3, torch.tensor([0.0, opened, 0.0]), alike, joined)
    lab, told = COLORS.lab[None, [1, 2, 0]], torch.tensor([[True, False, True]])
    return sampler(1.0, 1.0, True, **nats).expected(
        torch.zeros(1, 3), COLORS, sites, torch.tensor([1]), lab, told
    )[0]


def test_paper_is_likelier_where_an_area_is_open_to_it_and_less_where_lines_enclose_it() -> None:
    assert torch.allclose(expected(1.0, paper=2.0, filled=1.0), torch.tensor([0.0, 0.0, 2.0]))
    assert torch.allclose(expected(-1.0, paper=2.0, filled=1.0), torch.tensor([0.0, 0.0, -1.0]))
    assert torch.equal(expected(0.0, paper=2.0, filled=1.0), torch.zeros(3))


def test_the_colour_of_a_twin_is_likelier() -> None:
    assert torch.allclose(expected(twins=3.0), torch.tensor([0.0, 3.0, 0.0]), atol=1e-4)


def test_a_colour_counts_as_a_twins_by_a_gaussian_of_one_lab_unit() -> None:
    near = Palette(
        COLORS.lab[:1] + torch.tensor([[0.0, 0, 0], [0.015, 0, 0]]), COLORS.rgb[:1].expand(2, -1)
    )
    alike = torch.tensor([[0.0, 0.0], [1.0, 0.0]])
    sites = Sites([PLACE] * 2, torch.zeros(2), alike, torch.zeros(2, 2))
    told = torch.tensor([[True, False]])
    lab = near.lab[None, [0, 0]]
    found = sampler(1.0, 1.0, True, twins=3.0).expected(
        torch.zeros(1, 2), near, sites, torch.tensor([1]), lab, told
    )[0]
    assert torch.allclose(found, torch.tensor([3.0, 3 * math.exp(-(1.5**2) / 2)]), atol=1e-3)


def test_the_colour_of_an_area_that_no_line_divides_is_likelier() -> None:
    assert torch.allclose(expected(joined=3.0), torch.tensor([3.0, 0.0, 0.0]), atol=1e-4)


def test_areas_are_joined_where_no_line_runs_between_them() -> None:
    labels, image = halves(), torch.ones(1, 32, 32)
    assert passages(*coarse(labels[0], image), 2)[0, 1] == 1
    image[:, :24, 18:22] = 0
    width = (labels == 0).sum().sqrt()
    assert torch.allclose(
        passages(*coarse(labels[0], image), 2), 8 / width * (1 - torch.eye(2)), atol=1e-6
    )


def test_shapes_are_alike_wherever_they_lie_and_however_they_are_turned() -> None:
    labels = torch.zeros(200, 200, dtype=torch.long)
    labels[10:50, 20:30], labels[100:110, 150:190], labels[150:170, 20:40] = 1, 2, 3
    alike = likeness(shapes(labels, 4))
    assert (
        alike[1, 2] > 0.99
        and alike[1, 3] < 0.01
        and alike[1, 0] < 0.01
        and (alike.diagonal() == 0).all()
    )


PLACE = Place(torch.ones(4, 4), (0, 0, 0))
COLORS = Palette(lab_of_colors(torch.stack([RED, GREEN, WHITE])), torch.stack([RED, GREEN, WHITE]))


def test_a_bias_makes_its_colour_likelier() -> None:
    plain = torch.zeros(3)
    weighed = Bias("#ff0000").weigh(plain, COLORS.rgb, PLACE, Draws(0, [0], [0]))
    assert weighed.argmax() == 0 and weighed[0] == 0


def test_a_guide_that_changes_nothing_changes_no_candidates_choice() -> None:
    logits = torch.tensor([0.5, 0.3, 0.2]).log().expand(6, -1)
    number, one = torch.linspace(0.05, 0.95, 6), sampler(1.0, 1.0, True)
    rows = Draws(0, [0]).candidates(6)
    plain = one.picked(logits, number, COLORS, [PLACE] * 6, rows, [])
    assert plain.unique().tolist() == [0, 1, 2]
    assert torch.equal(one.picked(logits, number, COLORS, [PLACE] * 6, rows, [Guide()]), plain)


def test_a_sketch_biases_each_area_towards_what_it_has_there() -> None:
    sketch = torch.zeros(3, 4, 4)
    sketch[0, :, :2], sketch[:, :, 2:] = 1.0, GREEN[:, None, None]
    left, right = torch.zeros(4, 4), torch.zeros(4, 4)
    left[:, :2], right[:, 2:] = 1, 1
    guide, draws = Bias(sketch), Draws(0, [0], [0])
    assert guide.weigh(torch.zeros(3), COLORS.rgb, Place(left, (1, 0, 0)), draws).argmax() == 0
    assert guide.weigh(torch.zeros(3), COLORS.rgb, Place(right, (2, 0, 0)), draws).argmax() == 1


def test_repulsion_weighs_down_what_earlier_candidates_have_there_and_only_there() -> None:
    guide, earlier, younger = Repulsion(2.0, 0.3, 8), Draws(0, [5], [0]), Draws(0, [5], [1])
    guide.observe(RED, PLACE, earlier)
    weighed = guide.weigh(torch.zeros(3), COLORS.rgb, PLACE, younger)
    assert torch.allclose(weighed, torch.tensor([-2.0, 0.0, 0.0]), atol=0.01)
    assert torch.equal(guide.weigh(torch.zeros(3), COLORS.rgb, PLACE, earlier), torch.zeros(3))
    elsewhere = Place(torch.ones(4, 4), (1, 0, 0))
    assert torch.equal(guide.weigh(torch.zeros(3), COLORS.rgb, elsewhere, younger), torch.zeros(3))


@pytest.mark.whole
def test_a_dot_beside_a_large_stroke_divides_the_area_and_a_strokes_rim_does_not() -> None:
    labels = torch.zeros(40, 60, dtype=torch.long)
    image = torch.ones(1, 40, 60)
    mask = torch.zeros(1, 1, 40, 60)
    rgb = RED[None, :, None, None].expand(1, 3, 40, 60).clone()
    mask[..., 4:36, 4:36] = 1
    rgb[..., 4:36, 35] = (RED + WHITE)[:, None] / 2  # the stroke's rim, blended
    assert area_hints(labels, image, Hints(rgb, mask)).labels.max() == 0
    mask[..., 20:22, 50:52] = 1
    rgb[..., 20:22, 50:52] = GREEN[:, None, None]
    found = area_hints(labels, image, Hints(rgb, mask))
    assert len(found.colors) == 2 and torch.allclose(found.colors[1], GREEN, atol=0.02)
    assert found.labels[21, 51] == 1 and found.labels[10, 10] == 0


def test_hints_of_many_colours_divide_areas_within_bounds() -> None:
    side = 200
    image = torch.ones(1, side, side)
    image[:, ::4] = image[:, :, ::4] = 0
    rows, columns = torch.arange(side)[:, None] // 4, torch.arange(side) // 4
    labels = rows * 50 + columns
    striped = (torch.arange(side) % 4 < 3).float().expand(1, 3, side, side)
    known = area_hints(labels, image, Hints(striped, torch.ones(1, 1, side, side)))
    assert known.known.all() and len(known.colors) == int(known.labels.max()) + 1
    assert 2500 + FURTHER - 4 <= len(known.colors) <= 2500 + FURTHER


@pytest.mark.parametrize("side", [300, 1700])
def test_a_thin_line_divides_areas_of_drawings_of_any_size(side: int) -> None:
    labels = (torch.arange(side) >= side // 2 + 1).long().expand(side, side)
    image = torch.ones(1, side, side)
    image[..., side // 2 - 1 : side // 2 + 1] = 0
    assert passages(*coarse(labels, image), 2).max() == 0
