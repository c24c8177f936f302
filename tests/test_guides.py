from __future__ import annotations

import pytest
import torch
from hydra.utils import instantiate
from omegaconf import OmegaConf

from colorlab.conditions import hints
from colorlab.draws import Draws
from colorlab.samplers.guides import Bias, Flat, Guide, Inpaint, Repulsion, palette
from colorlab.types import Condition, Hints
from tests.toy import CONF, SAMPLERS, FlatColors, TwoModes, counting, noisy_start, sampler_of

PX = 16
PAPER = Condition(torch.ones(1, 1, PX, PX))


@pytest.fixture(autouse=True)
def _without_grad():
    with torch.inference_mode():
        yield


def guided(guide, rows, condition=PAPER, toy=None, name="dpm_solver", px=PX, **changes):
    toy, sampler = toy or FlatColors(), sampler_of(name, **changes)
    V = guide.start(torch.zeros(len(rows), 3, px, px), rows)
    denoise = guide.edit(toy.denoise, condition, rows)
    return guide.finish(sampler(denoise, noisy_start(sampler, V, rows), rows), condition)


def half_known(px=PX):
    rgb = torch.rand(2, 3, px, px, generator=torch.Generator().manual_seed(0))
    return Condition(torch.ones(2, 1, px, px), hints.half(rgb, "left"))


def test_the_base_guide_changes_nothing():
    rows = Draws(0, range(2))
    picture, guide = rows.normal(3, 4, 4), Guide()
    assert guide.start(picture, rows) is picture and guide.finish(picture, PAPER) is picture
    assert guide.edit(FlatColors.denoise, PAPER, rows) is FlatColors.denoise


@pytest.mark.parametrize("known", ["noised", "clean", "repaint"])
@pytest.mark.parametrize("name", SAMPLERS)
def test_inpainting_keeps_known_colours_exactly(name, known):
    condition = half_known()
    x = guided(Inpaint(known, 2, 0.04), Draws(0, range(2)), condition, TwoModes(), name)
    left = slice(None), slice(None), slice(None), slice(0, PX // 2)
    assert torch.equal(x[left], 2 * condition.hints.rgb[left] - 1)
    assert (x[..., PX // 2 :].abs() - 0.6).abs().mean() < 0.15


@pytest.mark.parametrize("known", ["noised", "clean", "repaint"])
def test_the_rest_agrees_with_the_known_half(known):
    toy = FlatColors()
    rgb = ((toy.colors[::3] + 1) / 2)[:, :, None, None].expand(-1, -1, 32, 32)
    condition = Condition(torch.ones(9, 1, 32, 32), hints.half(rgb, "left"))
    x = guided(Inpaint(known, 3, 0.04), Draws(0, range(9)), condition, toy, px=32)
    assert (toy.nearest(x[..., 16:]) == torch.arange(0, 27, 3)).float().mean() > 0.7


def test_a_soft_mask_blends():
    condition = Condition(
        torch.ones(1, 1, 2, 2), Hints(torch.ones(1, 3, 2, 2), torch.full((1, 1, 2, 2), 0.25))
    )
    assert torch.equal(
        Inpaint("clean", 1, 0.1).finish(torch.zeros(1, 3, 2, 2), condition),
        torch.full((1, 3, 2, 2), 0.25),
    )


def test_one_hint_serves_all_candidates():
    condition = Condition(
        torch.ones(1, 1, PX, PX), hints.half(torch.full((1, 3, PX, PX), 0.5), "top")
    )
    x = guided(Inpaint("noised", 1, 0.04), Draws(0, [0]).candidates(3), condition)
    assert (x[:, :, : PX // 2] == 0).all() and len(torch.unique(x.flatten(1), dim=0)) == 3


@pytest.mark.parametrize(("known", "calls"), [("noised", 1), ("clean", 1), ("repaint", 5)])
def test_network_calls_a_level(known, calls):
    denoise, seen = counting(TwoModes().denoise)
    edited = Inpaint(known, 5, 0.04).edit(denoise, half_known(), Draws(0, range(2)))
    edited(torch.zeros(2, 3, PX, PX), 0.5)
    assert seen == [0.5] * calls


@pytest.mark.parametrize("known", ["noised", "clean", "repaint"])
def test_the_known_part_of_every_estimate_is_the_known_colour(known):
    condition = half_known()
    denoise = Inpaint(known, 2, 0.04).edit(TwoModes().denoise, condition, Draws(0, range(2)))
    x_0 = denoise(torch.zeros(2, 3, PX, PX), 0.5)
    assert torch.equal(x_0[..., : PX // 2], 2 * condition.hints.rgb[..., : PX // 2] - 1)


def test_the_known_part_is_shown_at_the_noise_level_of_the_rest():
    shown = []
    rgb = torch.full((2, 3, 64, 64), 0.75)
    condition = Condition(torch.ones(2, 1, 64, 64), Hints(rgb, torch.ones(2, 1, 64, 64)))
    denoise = Inpaint("noised", 1, 0.04).edit(
        lambda x, a: shown.append(x.clone()) or x, condition, Draws(0, range(2))
    )
    denoise(torch.zeros(2, 3, 64, 64), 0.36)
    assert shown[0].mean() == pytest.approx(0.3, abs=0.02) and shown[0].std() == pytest.approx(
        0.8, abs=0.02
    )


def test_resampling_keeps_the_state_at_its_noise_level():
    toy, rows, level = TwoModes(spread=0.05), Draws(0, range(2)), 0.3
    x = level**0.5 * toy.data(rows, 3, 64, 64) + (1 - level) ** 0.5 * rows.normal(3, 64, 64)
    nothing = Condition(
        torch.ones(2, 1, 64, 64), Hints(torch.zeros(2, 3, 64, 64), torch.zeros(2, 1, 64, 64))
    )
    before, kept = x.std().item(), x.clone()
    Inpaint("repaint", 10, 0.02).edit(toy.denoise, nothing, rows)(x, level)
    assert x.std().item() == pytest.approx(before, abs=0.02) and not torch.equal(x, kept)


def test_inpainting_draws_its_noise_from_a_stream_of_its_own():
    rows = Draws(0, range(2))
    Inpaint("noised", 1, 0.04).edit(TwoModes().denoise, half_known(), rows)(
        torch.zeros(2, 3, PX, PX), 0.5
    )
    assert torch.equal(rows.normal(3), Draws(0, range(2)).normal(3))


def test_inpainting_without_hints_says_so():
    with pytest.raises(ValueError, match="needs hints"):
        Inpaint("noised", 1, 0.04).edit(TwoModes().denoise, PAPER, Draws(0, [0]))


@pytest.mark.parametrize("color", ["#ff8000", [1.0, 128 / 255, 0.0]])
def test_a_colour_may_be_written_in_two_ways(color):
    V = Bias(color).start(torch.zeros(2, 3, 4, 4), Draws(0, range(2)))
    torch.testing.assert_close(V[1, :, 2, 3], torch.tensor([1.0, 2 * 128 / 255 - 1, -1.0]))


@pytest.mark.parametrize("color", ["red", "#12", [255, 0, 0], [0.1, 0.2]])
def test_other_colours_are_refused(color):
    with pytest.raises(ValueError, match="#rrggbb"):
        Bias(color)


def test_the_palette_is_the_216_colours_and_each_candidate_takes_its_own():
    V = Bias("palette").start(torch.zeros(218, 3, 4, 4), Draws(0, [7]).candidates(218))
    assert sorted(V[:216, :, 0, 0].add(1).mul(2.5).round().long().tolist()) == sorted(
        [r, g, b] for r in range(6) for g in range(6) for b in range(6)
    )
    assert torch.equal(V[216:], V[:2])


def test_the_first_colours_of_the_palette_are_far_apart():
    assert torch.pdist(palette()[:8]).min() > 0.6


def test_a_sketch_biases_region_by_region():
    sketch = torch.ones(3, 20, 40)
    sketch[:2, :, :20] = 0
    V = Bias(sketch).start(torch.zeros(2, 3, 8, 8), Draws(0, range(2)))
    torch.testing.assert_close(V[1, :, 4, [0, 7]], torch.tensor([[-1.0, 1], [-1, 1], [1, 1]]))


def test_the_bias_brings_its_colour():
    toy, rows = FlatColors(), Draws(0, [0]).candidates(4)
    x = guided(Bias([0.9, 0.1, 0.1]), rows, toy=toy, px=96, steps=10)
    assert (toy.nearest(x) == 18).all()  # (0.8, -0.8, -0.8)


def spread_of(x):
    return torch.pdist(x.mean((2, 3))).mean()


@pytest.mark.parametrize("name", ["ancestral", "dpm_solver", "heun"])
def test_repulsion_drives_candidates_apart_without_leaving_the_modes(name):
    toy, rows = FlatColors(), lambda: Draws(0, [4]).candidates(8)
    plain, pushed = (
        guided(Repulsion(s, 0.3, 8), rows(), toy=toy, name=name, px=32) for s in (0.0, 1.0)
    )
    assert spread_of(pushed) > 1.2 * spread_of(plain)
    assert (pushed.mean((2, 3)) - toy.colors[toy.nearest(pushed)]).abs().max() < 0.03


def test_repulsion_of_strength_0_is_exactly_off():
    rows = lambda: Draws(0, [4]).candidates(4)  # noqa: E731
    assert torch.equal(guided(Repulsion(0.0, 0.3, 8), rows()), guided(Guide(), rows()))
    assert Repulsion(0.0, 0.3, 8).edit(FlatColors.denoise, PAPER, rows()) is FlatColors.denoise


def test_repulsion_pushes_only_where_candidates_differ_and_only_the_younger():
    x_0 = torch.ones(2, 3, PX, PX)
    x_0[0, 0, :, :8], x_0[1, 0, :, :8] = 0.1, 0.2
    denoise = Repulsion(1.0, 0.3, 8).edit(
        lambda x, a: x_0.clone(), PAPER, Draws(0, [0]).candidates(2)
    )
    pushed = denoise(x_0, 0.01)
    assert torch.equal(pushed[0], x_0[0]) and torch.equal(pushed[1, :, :, 9:], x_0[1, :, :, 9:])
    d2 = torch.tensor(0.1**2 / 3 / 2)  # mean over cells and channels
    assert pushed[1, 0, 5, 2] == pytest.approx(
        0.2 + 0.99 * torch.exp(-d2 / (2 * 0.3**2)).item() * 0.1, abs=1e-5
    )


def test_two_earlier_candidates_of_one_colour_push_like_one():
    pushed = []
    for colors in ([0.0, 0.1], [0.0, 0.0, 0.1]):
        x_0 = torch.tensor(colors)[:, None, None, None].expand(-1, 3, PX, PX)
        denoise = Repulsion(1.0, 0.3, 4).edit(
            lambda x, a: x, PAPER, Draws(0, [0]).candidates(len(colors))
        )
        pushed.append(denoise(x_0, 0.01)[-1, 0, 0, 0].item())
    assert 0.19 < pushed[0] < 0.2 and pushed[1] == pytest.approx(pushed[0], abs=0.01)


def test_repulsion_fades_with_the_noise_and_leaves_distant_candidates_alone():
    x_0 = torch.zeros(2, 3, PX, PX)
    x_0[1] = 0.1
    denoise = Repulsion(1.0, 0.05, 4).edit(lambda x, a: x, PAPER, Draws(0, [0]).candidates(2))
    near, clean = denoise(x_0, 0.01)[1, 0, 0, 0], denoise(x_0, 0.999)[1, 0, 0, 0]
    far = denoise(5 * x_0, 0.01)[1, 0, 0, 0]
    assert near > 0.11 and clean < 0.1001 and far < 0.5001


@pytest.mark.parametrize(
    "guide",
    [Repulsion(1.0, 0.3, 4), Bias("palette"), Inpaint("repaint", 2, 0.04)],
    ids=lambda guide: type(guide).__name__,
)
def test_guided_candidates_are_the_same_bits_in_any_group(guide):
    condition = Condition(
        torch.ones(1, 1, PX, PX), hints.half(torch.full((1, 3, PX, PX), 0.9), "left")
    )
    whole = guided(guide, Draws(0, [5]).candidates(8), condition)
    first = guided(guide, Draws(0, [5]).candidates(8).rows(0, 3), condition)
    then = guided(guide, Draws(0, [5]).candidates(8).rows(3, 8), condition)
    assert torch.equal(torch.cat([first, then]), whole)


def test_repulsion_keeps_pictures_apart():
    guide = Repulsion(1.0, 0.3, 4)
    both = guided(guide, Draws(0, [5, 9]).candidates(3))
    assert torch.equal(guided(guide, Draws(0, [9]).candidates(3)), both[3:])
    assert torch.equal(
        guided(guide, Draws(0, [9, 5, 5, 9, 9, 5], [2, 0, 2, 1, 0, 1])), both[[5, 0, 2, 4, 3, 1]]
    )


def test_repulsion_forgets_the_last_run():
    guide = Repulsion(1.0, 0.3, 4)
    once, again = (guided(guide, Draws(0, [5]).candidates(4)) for _ in range(2))
    assert torch.equal(once, again)


@pytest.mark.parametrize("rows", [Draws(0, [5], [2]), Draws(1, [4], [1]), Draws(0, [4], [3])])
def test_repulsion_refuses_a_candidate_before_the_earlier_ones(rows):
    guide = Repulsion(1.0, 0.3, 4)
    guided(guide, Draws(0, [4]).candidates(4))
    guided(guide, Draws(0, [4]).candidates(2))  # begins anew
    with pytest.raises(ValueError, match="before the earlier ones"):
        guided(guide, rows)


def test_dots_show_the_colour_of_their_centre_and_nothing_else():
    rgb = torch.rand(2, 3, 20, 44, generator=torch.Generator().manual_seed(0))
    found = hints.dots(rgb, 3, 2.5, Draws(0, range(2)))
    shown = found.rgb[0][:, found.mask[0, 0] == 1].T.unique(dim=0)
    assert 1 <= len(shown) <= 3 and (shown[:, None] == rgb[0].flatten(1).T).all(2).any(1).all()
    assert (found.rgb * (1 - found.mask)).abs().max() == 0


def test_a_dot_is_a_disc_and_more_dots_contain_the_fewer():
    rgb = torch.full((1, 3, 64, 64), 0.5)
    one, ten = (hints.dots(rgb, count, 4.0, Draws(2, [1])).mask for count in (1, 10))
    assert 20 <= one.sum() <= 49 and ((ten - one) >= 0).all() and ten.sum() > one.sum()
    assert hints.dots(rgb, 0, 4.0, Draws(2, [1])).mask.sum() == 0


@pytest.mark.parametrize(
    ("side", "known"), [("left", (3, 0)), ("right", (3, 7)), ("top", (0, 3)), ("bottom", (7, 3))]
)
def test_halves_are_where_they_say(side, known):
    found = hints.half(torch.full((1, 3, 8, 8), 0.5), side)
    assert found.mask.sum() == 32 and found.mask[0, 0][known] == 1


def test_a_painted_picture_is_known_where_it_is_opaque():
    rgba = torch.full((1, 4, 2, 2), 0.5)
    rgba[0, 3] = torch.tensor([[0.0, 1.0], [0.5, 0.0]])
    found = hints.painted(rgba)
    assert torch.equal(found.mask[0, 0], rgba[0, 3])
    assert found.rgb[0, 0].tolist() == [[0.0, 0.5], [0.5, 0.0]]


@pytest.mark.parametrize("file", ["inpaint", "bias", "repulsion"])
def test_each_yaml_makes_a_guide(file):
    guide = instantiate(OmegaConf.load(CONF / f"guide/{file}.yaml"))
    rows, condition = Draws(0, [0]).candidates(2), half_known()
    assert guided(guide, rows, condition, steps=4).shape == (2, 3, PX, PX)


def ring(side: int = 32) -> torch.Tensor:
    """A drawing of one closed square, (1, 1, side, side)."""
    drawing, a, b = torch.ones(1, 1, side, side), side // 4, 3 * side // 4
    drawing[..., a : b + 1, [a, b]] = 0
    drawing[..., [a, b], a : b + 1] = 0
    return drawing


def test_flat_areas_agree_where_noise_is_strong_and_ink_and_outside_are_left_alone() -> None:
    x_0 = torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(0)) * 2 - 1
    condition = Condition(ring())
    edited = Flat(1.0).edit(lambda x, alpha_bar: x_0, condition, Draws(0, [0]).candidates(2))(
        x_0, 0.0
    )
    inside = torch.zeros(32, 32, dtype=torch.bool)
    inside[9:24, 9:24] = True
    assert torch.allclose(
        edited[:, :, inside],
        x_0[:, :, inside].mean(-1, keepdim=True).expand(-1, -1, 225),
        atol=1e-5,
    )
    assert torch.equal(edited[:, :, ~inside], x_0[:, :, ~inside])


def test_a_click_gives_its_area_its_colour_and_no_other() -> None:
    x_0 = torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(0)) * 2 - 1
    rgb, mask = torch.zeros(1, 3, 32, 32), torch.zeros(1, 1, 32, 32)
    rgb[:, :, 12, 12], mask[:, :, 12, 12] = torch.tensor([1.0, 0.5, 0.0]), 1
    rgb[:, :, 1, 1], mask[:, :, 1, 1] = torch.tensor([0.0, 0.0, 1.0]), 1  # outside the ring
    condition = Condition(ring(), Hints(rgb, mask))
    edited = Flat(1.0).edit(lambda x, alpha_bar: x_0, condition, Draws(0, [0]).candidates(2))(
        x_0, 0.0
    )
    assert torch.allclose(
        edited[:, :, 9:24, 9:24],
        torch.tensor([1.0, 0, -1])[:, None, None].expand(2, 3, 15, 15),
        atol=1e-5,
    )
    assert torch.equal(edited[:, :, :8], x_0[:, :, :8])


@pytest.mark.parametrize(("strength", "alpha_bar"), [(0.0, 0.1), (1.0, 1.0)])
def test_flat_is_the_identity_when_off_and_on_the_clean_picture(
    strength: float, alpha_bar: float
) -> None:
    x_0 = torch.rand(1, 3, 32, 32, generator=torch.Generator().manual_seed(0)) * 2 - 1
    edited = Flat(strength).edit(
        lambda x, level: x_0, Condition(ring()), Draws(0, [0]).candidates(1)
    )
    assert torch.equal(edited(x_0, alpha_bar), x_0)
