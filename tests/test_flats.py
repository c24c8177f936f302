"""Flats as a whole: what stays exact, what changes what."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from colorlab.cli.config import compose
from colorlab.cli.targets import build
from colorlab.conditions.palette import (
    apart,
    colors_of_lab,
    commonest,
    fitted_palette,
    lab_of_colors,
)
from colorlab.draws import Draws
from colorlab.methods.area_inputs import labels_of
from colorlab.methods.flats import Flats, guided
from colorlab.methods.flats_diffusion import is_background
from colorlab.runs.run import open_run
from colorlab.samplers.guidance import GuidanceOptions
from colorlab.sampling.options import PictureOptions, SamplingOptions
from colorlab.sampling.pictures import colorings, understood
from colorlab.types import Condition, Hints
from tests.tiny_prior import tiny_text

SMALL = (
    "method.reading.trunk=none",
    "method.reading.width=16",
    "method.reading.heads=2",
    "method.reading.layers=1",
    "method.decoder.layers=1",
    "method.reading.side=32",
    "method.decoder.colors=16",
)
RED, BLUE = torch.tensor([0.9, 0.1, 0.1]), torch.tensor([0.1, 0.2, 0.8])


def untrained() -> Flats:
    """An untrained one whose answers differ from area to area."""
    torch.manual_seed(0)
    made = build(compose("train", ["name=x", "method=flats", *SMALL]).method)
    made.palette.copy_(lab_of_colors(torch.rand(16, 3, generator=torch.Generator().manual_seed(0))))
    for weight in (made.decoder.head.weight, made.encoder.style.weight):
        torch.nn.init.normal_(weight)
    return made.eval().requires_grad_(False)


@pytest.fixture(scope="module")
def method() -> Flats:
    return untrained()


def rooms() -> tuple[torch.Tensor, torch.Tensor]:
    """A drawing (1, 1, 96, 96) of three rooms of different sizes, paper around them, and its areas
    (1, 96, 96)."""
    labels = torch.zeros(96, 96, dtype=torch.long)
    labels[12:84, 12:40], labels[12:50, 40:84], labels[50:84, 40:84] = 1, 2, 3
    image = torch.ones(1, 1, 96, 96)
    for rows, columns in (
        (slice(12, 14), slice(12, 84)),
        (slice(82, 84), slice(12, 84)),
        (slice(49, 51), slice(40, 84)),
        (slice(12, 84), slice(12, 14)),
        (slice(12, 84), slice(82, 84)),
        (slice(12, 84), slice(39, 41)),
    ):
        image[..., rows, columns] = 0
    return image, labels[None]


def dots(*marks: tuple[int, int, torch.Tensor], size: int = 4) -> Hints:
    rgb, mask = torch.zeros(1, 3, 96, 96), torch.zeros(1, 1, 96, 96)
    for row, column, color in marks:
        rgb[..., row : row + size, column : column + size] = color[:, None, None]
        mask[..., row : row + size, column : column + size] = 1
    return Hints(rgb, mask)


def drawn(
    method: Flats, n: int = 3, hints: Hints | None = None, guides: tuple = ()
) -> torch.Tensor:
    image, labels = rooms()
    return method.sample(Condition(image, hints, areas=labels), n, Draws(0, [5]), guides)[0]


def test_every_area_has_one_colour_under_the_drawings_own_ink(method) -> None:
    image, labels = rooms()
    pictures = drawn(method)
    for area in range(4):
        inside = pictures[:, :, (labels[0] == area) & (image[0, 0] == 1)]
        assert (inside == inside[..., :1]).all()
    assert (pictures[:, :, image[0, 0] == 0] == 0).all()


def test_areas_are_found_where_none_are_given(method) -> None:
    image, _ = rooms()
    pictures = method.sample(Condition(image), 2, Draws(0, [5]))[0]
    assert all(
        (room[:, :, :1, :1] == room).all()
        for room in (pictures[..., 16:80, 16:36], pictures[..., 54:80, 44:80])
    )


def test_colours_do_not_depend_on_how_areas_are_numbered(method) -> None:
    image, labels = rooms()
    number = torch.tensor([3, 1, 0, 2])
    plain = method.colors(image[0], labels[0], 4, Draws(0, [5]))
    other = method.colors(image[0], number[labels[0]], 4, Draws(0, [5]))
    assert torch.equal(plain, other[:, number])


def test_a_click_colours_its_whole_area_in_every_candidate(method) -> None:
    pictures = drawn(method, hints=dots((60, 60, RED)))
    assert torch.allclose(
        pictures[:, :, 52:81, 42:81], RED[:, None, None].expand(3, 3, 29, 39), atol=1e-6
    )


def test_a_click_changes_what_the_other_areas_are_like(method) -> None:
    red, blue = (drawn(method, 8, dots((60, 60, color))) for color in (RED, BLUE))
    assert not torch.equal(red[..., 16:48, 16:36], blue[..., 16:48, 16:36])


def test_most_of_a_stroke_decides_and_a_slip_over_the_line_does_not(method) -> None:
    hints = dots((60, 60, RED), (20, 60, BLUE))
    # two pixels of the red stroke slip over
    hints.rgb[..., 48, 60:62], hints.mask[..., 48, 60:62] = RED[:, None], 1
    pictures = drawn(method, hints=hints)
    assert torch.allclose(pictures[:, :, 30, 60], BLUE, atol=1e-6)


def test_two_colours_in_one_area_divide_it(method) -> None:
    pictures = drawn(method, hints=dots((20, 20, RED), (70, 20, BLUE)))
    assert torch.allclose(pictures[:, :, 18, 30], RED, atol=1e-6) and torch.allclose(
        pictures[:, :, 78, 30], BLUE, atol=1e-6
    )
    column = pictures[0, 0, 14:82, 30]
    assert ((column - RED[0]).abs() < 1e-6).sum() > 20 and (
        (column - BLUE[0]).abs() < 1e-6
    ).sum() > 20


def test_a_half_painted_picture_is_kept_to_the_pixel(method) -> None:
    image, _ = rooms()
    rgb = torch.rand(1, 3, 96, 96, generator=torch.Generator().manual_seed(1)) * image
    mask = torch.zeros(1, 1, 96, 96)
    mask[..., :38] = 1
    pictures = drawn(method, hints=Hints(rgb * mask, mask))
    assert torch.allclose(
        pictures[..., 14:82, 14:38], rgb[..., 14:82, 14:38].expand(3, -1, -1, -1), atol=1e-6
    )


def test_drawings_that_are_not_square_keep_their_shape(method) -> None:
    image, labels = rooms()
    wide = torch.nn.functional.pad(image, (0, 60), value=1.0)
    pictures = method.sample(
        Condition(wide, areas=torch.nn.functional.pad(labels, (0, 60))), 2, Draws(0, [5])
    )[0]
    assert pictures.shape[-2:] == (96, 156)


def test_hands_colour_differently_and_an_unknown_hand_is_refused(method, monkeypatch) -> None:
    plain = drawn(method)
    monkeypatch.setattr(method, "hand", replace(method.hand, style="twemoji"))
    assert not torch.equal(plain, drawn(method))
    with pytest.raises(Exception, match="nobody is none of"):
        build(compose("train", ["name=x", "method=flats", "method.hand.style=nobody"]).method)


def test_guidance_goes_beyond_the_hand_and_zero_is_off(method, monkeypatch) -> None:
    image, labels = rooms()
    drawn_by = {}
    monkeypatch.setattr(method, "hand", replace(method.hand, style="twemoji"))
    for guidance in (0.0, 1e-9, 3.0):
        monkeypatch.setattr(method, "guidance", GuidanceOptions("", guidance))
        drawn_by[guidance] = method.colors(image[0], labels[0], 8, Draws(0, [5]))
    assert torch.equal(drawn_by[0.0], drawn_by[1e-9]) and not torch.equal(
        drawn_by[0.0], drawn_by[3.0]
    )


def test_guidance_is_ho_and_salimans_formula() -> None:
    order = torch.zeros(1, 3, dtype=torch.long)
    logits = torch.randn(2, 4, 5, generator=torch.Generator().manual_seed(0))
    told, other = (lambda order, own=own: lambda last: own for own in logits)
    log_p, log_q = logits.log_softmax(-1)
    assert torch.allclose(guided([told, other], 1.5, order)(None), log_p + 1.5 * (log_p - log_q))
    assert torch.equal(guided([told], 1.5, order)(None), log_p)


@pytest.mark.whole
def test_a_caption_is_heard(tmp_path) -> None:
    tiny_text(tmp_path, "bert")
    torch.manual_seed(0)
    made = build(
        compose(
            "train", ["name=x", "method=flats", f"method.reading.text_encoder={tmp_path}", *SMALL]
        ).method
    )
    image, labels = rooms()
    said = [made.eval()._drawn(image, labels, 4, text)[0].areas for text in ("red", "sea", "red")]
    assert torch.equal(said[0], said[2]) and (said[0] - said[1]).abs().amax(-1).min() > 1e-6


@pytest.mark.whole
@pytest.mark.parametrize("sampler", ["ancestral", "ddim", "dpm_solver"])
def test_a_candidate_of_the_diffusion_is_the_same_for_every_number(sampler: str) -> None:
    torch.manual_seed(0)
    keys = [
        "name=x",
        "method=flats_diffusion",
        *SMALL[:-1],
        f"method/sampler={sampler}",
        "method.sampler.steps=4",
    ]
    method = build(compose("train", keys).method).eval().requires_grad_(False)
    for weight in (method.denoiser.head.weight, method.encoder.style.weight):
        torch.nn.init.normal_(weight, std=0.3)
    three, eleven = drawn(method, 3), drawn(method, 11)
    assert (
        torch.equal(three, eleven[:3])
        and len({tuple(each[:, 30, 30].tolist()) for each in eleven}) == 11
    )


def test_a_palette_holds_the_commonest_colours_exactly_and_no_two_alike() -> None:
    generator = torch.Generator().manual_seed(0)
    common = lab_of_colors(torch.stack([RED, BLUE]))
    lab = torch.cat([common.repeat(50, 1), lab_of_colors(torch.rand(100, 3, generator=generator))])
    palette = fitted_palette(lab, torch.ones(len(lab)), 24)
    assert palette.shape == (24, 3)
    assert torch.cdist(common, palette).amin(1).max() < 0.005
    assert (torch.cdist(palette, palette) + torch.eye(24)).min() > 0.03
    assert torch.allclose(
        commonest(lab, torch.ones(len(lab)), 2).sort(0).values, common.sort(0).values, atol=0.005
    )
    assert len(apart(torch.zeros(5, 3), 5)) == 1


def test_lab_and_rgb_of_colours_undo_each_other() -> None:
    colors = torch.rand(2, 50, 3, generator=torch.Generator().manual_seed(0))
    assert torch.allclose(colors_of_lab(lab_of_colors(colors)), colors, atol=1e-4)


def test_a_drawing_is_coloured_at_its_own_size_under_its_own_lines(method) -> None:
    image, _ = rooms()
    drawing = torch.nn.functional.interpolate(image, scale_factor=3.0, mode="bilinear")
    wanted = PictureOptions(size="trained", lines="always")
    shown = understood(
        (drawing[0].expand(3, -1, -1) * 255).byte().numpy(), None, {"size": 32}, wanted
    )
    (pixels,) = colorings(shown, method, [], SamplingOptions(n=1, device="cpu"))
    assert pixels.shape == (288, 288, 3)
    colors = torch.from_numpy(pixels[60:130, 50:110]).flatten(0, 1).unique(dim=0)
    assert len(colors) == 1


def test_the_weights_that_ship_colour_what_lines_enclose_and_leave_the_paper_around() -> None:
    image, labels = rooms()
    method = open_run("pretrained/flats").method(changed={"style": "twemoji"})
    colors = method.colors(image[0], labels[0], 8, Draws(0, [0]))
    assert (colors[:, 0].amin(1) > 0.98).all()
    assert (colors[:, 1:].amin(2) < 0.9).float().mean() > 0.4 and len(
        colors.flatten(0, 1).unique(dim=0)
    ) > 6


def test_areas_of_small_drawings_are_looked_for_at_192_px() -> None:
    image = torch.ones(2, 1, 24, 48)
    image[..., 4:20, [8, 30]] = image[..., [4, 20], 8:31] = 0
    assert labels_of(image).shape == (2, 96, 192)
    assert labels_of(torch.ones(1, 1, 200, 100)).shape == (1, 200, 100)


def test_the_background_has_most_of_the_pictures_border() -> None:
    # by no other three sides
    nine_of_sixteen = torch.tensor([[[1, 1, 0, 1], [0, 0, 1, 0], [0, 0, 0, 0], [1, 0, 0, 1]]])
    assert is_background(nine_of_sixteen, 3).tolist() == [[False, True, False]]
