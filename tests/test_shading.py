"""Shading over flats: the areas keep their colours, the paper stays white, and a level of 1 is the
flats alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw

import colorlab
from colorlab.cli.config import compose
from colorlab.color import lab_of
from colorlab.draws import Draws
from colorlab.errors import CheckpointError, ConfigError
from colorlab.methods.shaded import Shaded
from colorlab.runs.run import open_run
from colorlab.sample import sample
from colorlab.samplers.area_guides import OnlyColors
from colorlab.samplers.shading import CHROMA, coherent
from colorlab.types import Condition
from tests.test_area_guides import painted, untrained
from tests.test_evaluate import trained_looking
from tests.test_flats import BLUE, RED, rooms


def test_areas_keep_their_mean_lightness_and_nearly_their_chroma() -> None:
    image, labels = rooms()
    image = torch.where(image < 1, 0.0, 1.0)
    flats = painted(torch.stack([torch.ones(3), RED, BLUE, torch.tensor([0.5, 0.6, 0.4])]))[None]
    made = (
        flats + 0.1 * torch.rand(1, 3, 96, 96, generator=torch.Generator().manual_seed(0))
    ) * image
    shaded = coherent(made, flats, image, labels)
    other = coherent(made.flip(1) * 0.7, flats, image, labels)
    for area in (1, 2, 3):
        where = (labels[0] == area) & (image[0, 0] == 1)
        for each in (shaded, other):  # whatever colour the diffusion has made of the area
            assert (
                lab_of(each)[0, :, where].mean(1) - lab_of(flats)[0, :, where].mean(1)
            ).abs().max() < 1.0
        assert lab_of(shaded)[0, 0, where].std() > 1.0
    assert (shaded[:, :, (labels[0] == 0) & (image[0, 0] == 1)] == 1).all()  # paper has no shading
    assert (shaded[:, :, image[0, 0] == 0] == 0).all()


def test_differences_of_lightness_are_kept_and_those_of_chroma_for_a_share() -> None:
    flats = torch.full((1, 3, 8, 8), 0.5)
    made = flats.clone()
    made[:, 0, :4] += 0.1
    labels, image = torch.zeros(1, 8, 8, dtype=torch.long), torch.ones(1, 1, 8, 8)
    shaded = coherent(made, flats, image, labels)
    was, now = (lab_of(each)[0, :, 0, 0] - lab_of(each)[0, :, 7, 0] for each in (made, shaded))
    assert torch.allclose(now, was * torch.tensor([1.0, CHROMA, CHROMA]), atol=0.05)


def test_under_thin_ink_the_flat_colour_stays_where_nothing_is_shaded() -> None:
    image = torch.linspace(0.5, 1, 8).expand(1, 1, 8, 8)
    flats = torch.tensor([0.8, 0.5, 0.3]).view(1, 3, 1, 1) * image
    same = coherent(flats, flats, image, torch.zeros(1, 8, 8, dtype=torch.long))
    assert torch.allclose(same, flats, atol=1e-3)


@pytest.mark.parametrize(("gray", "tells"), [(0.3, False), (0.4, True)])
def test_colours_under_dark_ink_tell_nothing(gray: float, tells: bool) -> None:
    image, labels = torch.ones(1, 1, 8, 8), torch.zeros(1, 8, 8, dtype=torch.long)
    image[..., :4, :] = gray
    flats = torch.full((1, 3, 8, 8), 0.5) * image
    made = torch.where(image < 1, 0.6 * flats, flats)
    bare = coherent(made, flats, image, labels)[..., 4:, :]
    assert bool((bare - 0.5).abs().max() > 0.01) == tells


def test_a_picture_that_is_the_flats_changes_nothing() -> None:
    image, labels = rooms()
    flats = painted(torch.rand(4, 3, generator=torch.Generator().manual_seed(0)))[None]
    assert torch.allclose(coherent(flats, flats, image, labels), flats, atol=1e-3)


@pytest.fixture(scope="module")
def gpic(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return trained_looking(tmp_path_factory.mktemp("runs") / "gpic")


@pytest.mark.whole
@pytest.mark.parametrize("at", [0.2, 1.0])
def test_candidate_k_is_the_same_bits_for_any_n_and_batch(gpic: Path, at: float) -> None:
    method = Shaded(untrained("flats", 0), open_run(gpic).method(), at)
    image, labels = (x[..., ::3, ::3] for x in rooms())
    both = Condition(torch.cat([image, image.flip(-1)]), areas=torch.cat([labels, labels.flip(-1)]))
    five = method.sample(both, 5, Draws(0, [3, 4]), [OnlyColors(["#1a33cc"])])
    two = method.sample(both.picture(0), 2, Draws(0, [3]), [OnlyColors(["#1a33cc"])])
    assert torch.equal(five[0, :2], two[0])
    flats = method.areas.sample(both.picture(0), 2, Draws(0, [3]), [OnlyColors(["#1a33cc"])])
    assert torch.allclose(two, flats, atol=1e-3) == (at == 1)


@pytest.mark.whole
def test_the_command_and_python_shade_alike_at_the_drawings_own_size(
    gpic: Path, tmp_path: Path
) -> None:
    drawing = Image.new("RGB", (120, 100), "white")
    ImageDraw.Draw(drawing).rectangle((20, 20, 90, 80), outline="black", width=3)
    drawing.save(tmp_path / "box.png")
    words = [
        "run=pretrained/flats",
        f"input={tmp_path / 'box.png'}",
        f"out={tmp_path}",
        "n=2",
        f"shade={gpic}",
    ]
    sample(compose("sample", [*words, "shade_at=0.2", "palette=[3060c0]"]))
    run = colorlab.open_run("pretrained/flats")
    made = run.sample(drawing, n=2, shade=gpic, shade_at=0.2, palette=["3060c0"])
    written = [np.asarray(Image.open(tmp_path / f"box-{k}.png")) for k in (1, 2)]
    assert all(np.array_equal(a, b) for a, b in zip(made, written, strict=True))
    inside = torch.from_numpy(written[0][30:70, 30:80] / 255).float().permute(2, 0, 1)[None]
    flat = torch.tensor([0x30, 0x60, 0xC0]).div(255)[None, :, None, None]
    lightness, *chroma = (lab_of(inside).mean((2, 3)) - lab_of(flat)[..., 0, 0])[0].abs().tolist()
    # the hue is the palette's; the net is untrained, so light is by chance
    assert max(chroma) < 1 and 1 < lightness < 8


@pytest.mark.whole
def test_what_cannot_be_shaded_or_shade_is_told_in_a_line(gpic: Path) -> None:
    drawing = np.full((40, 40), 255, np.uint8)
    with pytest.raises(ConfigError, match="shade= goes on from colours of areas"):
        colorlab.open_run(gpic).sample(drawing, n=1, shade=gpic)
    flats = colorlab.open_run("pretrained/flats")
    with pytest.raises(ConfigError, match="is no diffusion over pixels"):
        flats.sample(drawing, n=1, shade="pretrained/flats")
    with pytest.raises(CheckpointError, match="there is no run in nowhere"):
        flats.sample(drawing, n=1, shade="nowhere")
