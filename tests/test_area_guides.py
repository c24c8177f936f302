"""Guides of methods that colour areas, one area after another or all at once: what they keep, allow
and leave."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from colorlab.cli.config import compose
from colorlab.cli.targets import build
from colorlab.conditions.area_colors import true_colors
from colorlab.conditions.palette import lab_of_colors
from colorlab.draws import Draws
from colorlab.errors import ConfigError
from colorlab.methods.area_inputs import AreaRequest
from colorlab.methods.areas import AreaMethod
from colorlab.methods.flats_diffusion import SPACE
from colorlab.samplers.area_guides import LEAST, Autoguidance, Like, OnlyColors, chosen
from colorlab.samplers.guides import Bias, Guide, Repulsion
from colorlab.types import Condition, Hints
from tests.test_flats import BLUE, RED, SMALL, dots, rooms

COLORS = torch.stack([torch.ones(3), RED, BLUE, RED])  # of the paper and the three rooms
METHODS = ("flats", "flats_diffusion")


def untrained(name: str, seed: int, *words: str) -> AreaMethod:
    """One whose answers differ from area to area."""
    torch.manual_seed(seed)
    small = SMALL if name == "flats" else (*SMALL[:-1], "method.sampler.steps=4")
    made = build(compose("train", ["name=x", f"method={name}", *small, *words]).method)
    if name == "flats":
        made.palette.copy_(
            lab_of_colors(torch.rand(16, 3, generator=torch.Generator().manual_seed(0)))
        )
        torch.nn.init.normal_(made.decoder.head.weight)
    else:
        torch.nn.init.normal_(made.denoiser.head.weight, std=0.2)
    torch.nn.init.normal_(made.encoder.style.weight)
    return made.eval().requires_grad_(False)


@pytest.fixture(scope="module", params=METHODS)
def method(request: Any) -> AreaMethod:
    return untrained(request.param, 0)


def painted(colors: Tensor = COLORS) -> Tensor:
    """The rooms in these colours, (3, 96, 96)."""
    image, labels = rooms()
    return colors[labels[0]].permute(2, 0, 1) * image[0]


def colored(method: AreaMethod, n: int, *guides: Guide, k: int = 0) -> Tensor:
    """(n, 4, 3): the colours of the paper and the three rooms."""
    image, labels = rooms()
    return method.colors(image[0], labels[0], n, Draws(0, [5 + k]), AreaRequest(guides=guides))


def same(colors: Tensor) -> Tensor:
    """(n, 4): which areas are as in COLORS."""
    return (colors - COLORS).abs().amax(-1) < 1e-4


def test_only_the_colours_of_a_palette_are_used_and_white(method: AreaMethod) -> None:
    allowed = torch.stack([RED, BLUE, torch.ones(3)])
    colors = colored(method, 32, OnlyColors(["#e61a1a", [0.1, 0.2, 0.8]]))
    nearest = torch.cdist(colors.flatten(0, 1), allowed)
    assert nearest.amin(1).max() < 0.01 and len(nearest.argmin(1).unique()) > 1


def test_near_white_stays_paper_whatever_the_palette() -> None:
    guide = OnlyColors(["#ffff00"])
    assert torch.allclose(guide.nearest(torch.tensor([[0.97, 0.97, 0.95]])), torch.ones(1, 3))
    assert torch.allclose(
        guide.nearest(torch.tensor([[0.9, 0.9, 0.9]])), torch.tensor([[1.0, 1.0, 0.0]]), atol=1e-3
    )
    lab = lab_of_colors(torch.tensor([[1.0, 1.0, 1.0], [0.5, 0.5, 0.5]]))
    offered, shares = guide.offered(lab)
    assert shares.tolist() == [[0.0, 1.0], [1.0, 0.0]] and offered[1].tolist() == [1.0, 0.0, 0.0]


def test_estimates_come_to_the_palette_as_the_noise_fades() -> None:
    denoise = OnlyColors(["#ff0000"]).drawn_to(lambda x, alpha_bar: torch.zeros_like(x))
    x = torch.zeros(1, 3, 2, 1)
    assert torch.equal(denoise(x, 0.0), x)
    assert torch.allclose(
        denoise(x, 0.25)[0, :, 0, 0], torch.tensor([0.25, -0.25, -0.25]), atol=1e-3
    )
    assert torch.allclose(denoise(x, 1.0)[0, :, 0, 0], torch.tensor([1.0, -1.0, -1.0]), atol=1e-3)


def test_a_palette_may_be_a_picture() -> None:
    picture = torch.cat(
        [RED[:, None, None].expand(3, 8, 8), BLUE[:, None, None].expand(3, 8, 8)], 2
    )
    expected = lab_of_colors(torch.stack([RED, BLUE])).sort(0).values
    assert torch.allclose(OnlyColors(picture).lab.sort(0).values, expected, atol=0.005)


def test_a_candidate_like_another_keeps_most_areas_and_the_locked_ones(method: AreaMethod) -> None:
    lock = torch.zeros(96, 96)
    lock[28, 57] = LEAST  # a click in room 2
    kept = same(colored(method, 16, Like(painted(), 0.4, lock)))
    assert kept[:, 0].all() and kept[:, 2].all()  # the paper around, and what is locked
    assert (kept.sum(1) == 3).all() and not kept[:, 1].all() and not kept[:, 3].all()


def test_nothing_is_varied_at_0_and_all_but_the_paper_at_1(method: AreaMethod) -> None:
    assert same(colored(method, 3, Like(painted(), 0.0))).all()
    assert not same(colored(method, 3, Like(painted(), 1.0)))[:, 1:].any()


def test_what_is_varied_depends_on_the_seed_and_the_candidate_alone(method: AreaMethod) -> None:
    guide = Like(painted(), 0.3)
    first, again, other = (same(colored(method, 16, guide, k=k)) for k in (0, 0, 1))
    assert (
        torch.equal(first, again) and not torch.equal(first, other) and len(first.unique(dim=0)) > 1
    )


def test_the_share_that_is_varied_is_that_of_the_sizes() -> None:
    share = torch.tensor([0.0, 0.5, 0.2, 0.1, 0.1, 0.05, 0.05]).double()
    order = torch.stack(
        [torch.randperm(7, generator=torch.Generator().manual_seed(k)) for k in range(500)]
    )
    for wanted in (0.1, 0.3, 0.6):
        varied = (chosen(order, share, wanted) * share).sum(1)
        assert abs(float(varied.mean()) - wanted) < 0.05 and (varied > 0).all()
    assert not chosen(order, share, 0.0).any() and chosen(order, share, 1.0)[:, 1:].all()
    one_large = torch.tensor([0.0, 1.0]).double()
    # something is always varied
    assert chosen(torch.tensor([[1, 0]]), one_large, 0.1).tolist() == [[False, True]]


def test_a_slip_of_the_brush_over_a_line_locks_nothing() -> None:
    labels = rooms()[1][0]
    lock = torch.zeros(96, 96)
    lock[30, 20:41] = 1  # a stroke in room 1, whose last pixel is in room 2
    assert Like(painted(), 0.5, lock).locked(labels, 4).tolist() == [True, True, False, False]


def test_hints_go_before_a_candidate_to_be_like(method: AreaMethod) -> None:
    image, labels = rooms()
    hints = dots((30, 60, torch.tensor([0.0, 1.0, 0.0])))
    made = method.sample(
        Condition(image, hints, areas=labels), 2, Draws(0, [5]), [Like(painted(), 0.0)]
    )[0]
    assert torch.allclose(made[:, :, 20, 60], torch.tensor([0.0, 1.0, 0.0]), atol=1e-4)
    assert torch.allclose(made[:, :, 60, 20], RED, atol=1e-4)


@pytest.mark.whole
def test_a_method_is_led_away_from_a_weaker_one(method: AreaMethod) -> None:
    name = "flats" if hasattr(method, "palette") else "flats_diffusion"
    plain, weaker = colored(method, 8), untrained(name, 1)
    assert not torch.equal(plain, colored(method, 8, Autoguidance(weaker, 2.0)))
    assert torch.equal(plain, colored(method, 8, Autoguidance(weaker, 0.0)))
    # from itself there is no way away
    assert torch.equal(plain, colored(method, 8, Autoguidance(method, 1.0)))


@pytest.mark.whole
def test_a_weaker_method_of_another_kind_is_refused() -> None:
    flats, diffusion = (untrained(name, 0) for name in METHODS)
    other = untrained("flats", 1)
    other.palette.zero_()  # type: ignore[operator]
    for method, weaker in ((flats, diffusion), (diffusion, flats), (flats, other)):
        with pytest.raises(ConfigError, match="another method or palette"):
            colored(method, 1, Autoguidance(weaker, 1.0))


def test_guidance_by_style_is_contrasted_as_the_formula_says() -> None:
    """One estimate of the clean colours, D + w (D - D') by hand."""
    method = untrained(
        "flats_diffusion", 0, "method.hand.style=twemoji", "method.guidance.scale=1.5"
    )
    image, labels = rooms()
    seen: list[Any] = []
    method.candidates = lambda asked, n, draws, guides: seen.append(asked) or torch.zeros(n, 4, 3)  # type: ignore
    method.colors(image[0], labels[0], 2, Draws(0, [0]))
    (asked,), x = seen, torch.randn(2, 3, 4, 1, generator=torch.Generator().manual_seed(0))
    told, nobody = (
        method.denoiser(
            type(d)(*(p.expand(2, *p.shape[1:]) for p in d)), x[..., 0].mT, torch.full((2,), 0.3)
        )
        for d in asked.drawn
    )
    assert torch.allclose(
        method._denoiser(asked, 2)(x, 0.3)[..., 0].mT, told + 1.5 * (told - nobody), atol=1e-5
    )
    assert not torch.allclose(told, nobody)


def test_a_sketch_biases_each_area_of_the_diffusion_towards_what_it_has_there() -> None:
    method = untrained("flats_diffusion", 0, "method.sampler.steps=1")
    torch.nn.init.zeros_(method.denoiser.head.weight)
    starts: list[Tensor] = []
    sampler = method.sampler
    method.sampler = lambda denoise, x, rows: starts.append(x) or sampler(denoise, x, rows)  # type: ignore
    method.sampler.levels = lambda switch_at: [0.25, 1.0]  # type: ignore
    plain, biased = (
        colored(method, 1, *guides) is not None and starts.pop()
        for guides in ((), (Bias(painted()),))
    )
    by_size = torch.tensor([0, 1, 2, 3])  # the paper, then rooms from the largest on
    moved = (biased - plain)[0, :, :, 0].T
    # lines are in the means, too
    assert torch.allclose(moved, 0.5 * (2 * COLORS[by_size] - 1), atol=0.25)


def test_colours_of_the_diffusion_that_are_nearly_white_are_white() -> None:
    method = untrained("flats_diffusion", 0, "method.sampler.steps=1")
    wanted = torch.tensor([[0.99, 0.97, 0.98], [0.9, 1, 1], [1, 1, 0.2], [0, 0, 0]])
    encoded = SPACE.encode(wanted.T[None, :, :, None].contiguous())
    method.sampler = lambda denoise, x, rows: encoded.expand_as(x)  # type: ignore
    method.sampler.levels = lambda switch_at: [0.25, 1.0]  # type: ignore
    image, labels = rooms()
    found = method.colors(image[0], labels[0], 1, Draws(0, [0]))[0]
    by_size = (-labels.flatten().bincount()).argsort()
    wanted[0] = 1
    assert torch.allclose(found[by_size], wanted, atol=1e-3)


GUIDES: dict[str, Any] = {
    "none": lambda method: [],
    "palette": lambda method: [OnlyColors(["#e61a1a", "#1a33cc", "#20a040"])],
    "a bias": lambda method: [Bias("palette")],
    "a sketch": lambda method: [Bias(painted())],
    "repulsion": lambda method: [Repulsion(1.0, 0.3, 8)],
    "like": lambda method: [Like(painted(), 0.4, torch.eye(96))],
    "a weaker one": lambda method: [Autoguidance(method, 0.5)],
    "several": lambda method: [
        Like(painted(), 0.5),
        OnlyColors(["#e61a1a", "#1a33cc"]),
        Repulsion(1.0, 0.3, 8),
    ],
}


@pytest.mark.whole
@pytest.mark.parametrize("hinted", [False, True])
@pytest.mark.parametrize("name", GUIDES)
def test_candidate_k_is_the_same_bits_for_any_n_batch_and_order(
    method: AreaMethod, name: str, hinted: bool
) -> None:
    image, labels = rooms()
    one, other = (image, labels), (image.flip(-1), labels.flip(-1))
    hints = dots((60, 60, RED)) if hinted else None

    def made(n: int, *order: int) -> Tensor:
        images, areas = (torch.cat([(one, other)[i][part] for i in order]) for part in (0, 1))
        known = None if hints is None else Hints(*(x.expand(len(order), -1, -1, -1) for x in hints))
        return method.sample(
            Condition(images, known, areas=areas), n, Draws(3, [7 + i for i in order]), guides()
        )

    def guides() -> list[Guide]:
        return GUIDES[name](method)

    ten, few, both, turned = made(10, 0)[0], made(3, 0)[0], made(10, 0, 1), made(10, 1, 0)
    assert torch.equal(ten[:3], few)
    assert torch.equal(both[0], ten) and torch.equal(both, turned.flip(0))


def test_methods_over_pixels_refuse_guides_of_areas() -> None:
    for guide, called in ((OnlyColors(["#ff0000"]), "palette="), (Like(painted(), 0.3), "like=")):
        with pytest.raises(ConfigError, match=f"{called} is for methods that colour areas"):
            guide.edit(lambda x, a: x, Condition(torch.ones(1, 1, 4, 4)), Draws(0, [0]))


def test_the_colours_of_a_candidate_are_read_to_less_than_half_a_level() -> None:
    image, labels = rooms()
    soft = torch.nn.functional.avg_pool2d(image, 3, 1, 1)  # lines with gray edges
    colors = torch.randint(0, 256, (4, 3), generator=torch.Generator().manual_seed(0)) / 255
    rgb = (255 * colors[labels[0]].permute(2, 0, 1) * soft[0]).round() / 255
    found, _ = true_colors(rgb[None], soft, labels, 4)
    assert ((found[0] - colors).abs() * 255).max() < 0.5
