"""Captions of flats: heard in training, left out at times, gone beyond by guidance, and opened
again with the run."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor

from colorlab.cli.config import compose
from colorlab.cli.targets import build
from colorlab.conditions.palette import lab_of_colors
from colorlab.draws import Draws
from colorlab.methods.area_inputs import AreaRequest
from colorlab.methods.areas import CAPTION_DROPOUT, COLOR_WORDS, AreaMethod, captions
from colorlab.runs.checkpoint import save_weights
from colorlab.runs.run import begin, open_run
from colorlab.samplers.guidance import GuidanceOptions
from colorlab.types import Batch
from tests.test_area_guides import untrained
from tests.test_flats import BLUE, RED, SMALL
from tests.tiny_prior import tiny_text


def words(name: str, folder: Path) -> list[str]:
    small = SMALL if name == "flats" else (*SMALL[:-1], "method.sampler.steps=8")
    return [
        f"name={name}",
        f"method={name}",
        f"method.reading.text_encoder={folder}",
        "data.size=32",
        *small,
    ]


def room() -> tuple[Tensor, Tensor]:
    """A drawing (1, 1, 32, 32) of one room, and its areas (1, 32, 32)."""
    labels = torch.zeros(1, 32, 32, dtype=torch.long)
    labels[:, 6:26, 6:26] = 1
    image = torch.ones(1, 1, 32, 32)
    image[..., 5:27, 5:27] = 0
    image[..., 6:26, 6:26] = 1
    return image, labels


def batch(*captions: str) -> Batch:
    """The room once for each caption, red and blue in turn."""
    N = len(captions)
    image, labels = (x.expand(N, *x.shape[1:]) for x in room())
    colors = torch.stack([torch.stack([torch.ones(3), color]) for color in (RED, BLUE)]).repeat(
        N // 2, 1, 1
    )
    rgb = torch.stack([own[labels[0]].permute(2, 0, 1) for own in colors]) * image
    return Batch(rgb, image, torch.arange(N), [*captions], torch.full((N,), -1), labels)


@pytest.fixture(scope="module", params=["flats", "flats_diffusion"])
def made(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[AreaMethod, Path]:
    """A method that hears captions, and the folder of its run."""
    folder = tmp_path_factory.mktemp(request.param)
    tiny_text(folder / "text", "bert")
    cfg = compose("train", words(request.param, folder / "text"))
    method = build(cfg.method)
    method.load_state_dict(
        untrained(request.param, 0, f"method.reading.text_encoder={folder / 'text'}").state_dict()
    )
    begin(folder / "run", cfg)
    save_weights(method, folder / "run" / "checkpoints")
    return method.eval(), folder / "run"


def colors(method: AreaMethod, text: str) -> Tensor:
    image, labels = room()
    return method.colors(image[0], labels[0], 4, Draws(0, [0]), AreaRequest(text))


@pytest.mark.whole
def test_a_caption_is_learned_from_where_it_is_told(
    made: tuple[AreaMethod, Path], monkeypatch
) -> None:
    method, _ = made
    loud: list[float] = []
    for dropout in (0.0, 1.0):
        monkeypatch.setattr("colorlab.methods.areas.CAPTION_DROPOUT", dropout)
        losses = [
            float(method.loss(batch(*two), Draws(0, range(2)))["loss"])
            for two in (["red"] * 2, ["sea"] * 2)
        ]
        loud.append(abs(losses[0] - losses[1]))
    assert loud[0] > 0 and loud[1] == 0
    method.zero_grad()
    method.loss(batch("red", "sea"), Draws(0, range(2)))["loss"].backward()
    assert method.encoder.caption.weight.grad.abs().max() > 0  # type: ignore[union-attr]


@pytest.mark.whole
def test_guidance_goes_beyond_the_words_and_away_from_the_negative_ones(
    made: tuple[AreaMethod, Path],
) -> None:
    method, _ = made
    plain = colors(method, "red car")
    try:
        method.guidance = GuidanceOptions("red car", 3.0)
        assert torch.equal(colors(method, "red car"), plain)  # nothing to go away from
        method.guidance = GuidanceOptions("blue sea", 3.0)
        assert not torch.equal(colors(method, "red car"), plain)
    finally:
        method.guidance = GuidanceOptions("", 0.0)


@pytest.mark.whole
def test_a_run_with_captions_is_opened_with_its_encoder(made: tuple[AreaMethod, Path]) -> None:
    method, folder = made
    opened = open_run(folder).method()
    assert opened.takes_text
    assert torch.allclose(colors(opened, "blue car"), colors(method, "blue car"), atol=1e-4)


@pytest.mark.whole
def test_a_share_of_the_captions_is_left_out_and_half_name_colours() -> None:
    said = captions(batch(*["car"] * 400), Draws(0, range(400)))
    assert abs(said.count("") / 400 - CAPTION_DROPOUT) < 0.08
    colors = [text for text in said if "red" in text or "blue" in text]
    assert abs(len(colors) / (400 - said.count("")) - COLOR_WORDS) < 0.1
    assert set(said) == {"", "car", "red car", "blue car"}


@pytest.mark.slow
def test_a_colour_in_the_caption_is_what_the_drawing_gets(tmp_path: Path) -> None:
    tiny_text(tmp_path / "text", "bert")
    torch.manual_seed(0)
    method = build(
        compose("train", [*words("flats", tmp_path / "text"), "method.decoder.turns=4"]).method
    )
    method.palette.copy_(
        lab_of_colors(torch.rand(16, 3, generator=torch.Generator().manual_seed(0)))
    )
    method.palette[:3] = lab_of_colors(torch.stack([torch.ones(3), RED, BLUE]))
    optimizer = torch.optim.AdamW(method.parameters(), 5e-3)
    for step in range(500):
        loss = method.loss(batch("red car", "blue car"), Draws(0, range(2), [step] * 2, "train"))[
            "loss"
        ]
        optimizer.zero_grad(), loss.backward(), optimizer.step()
    image, labels = room()
    red, blue, either = (
        torch.cdist(
            method.eval().colors(image[0], labels[0], 32, Draws(0, [0]), AreaRequest(text))[:, 1],
            RED[None],
        )
        < 0.5
        for text in ("red car", "blue car", "")
    )
    assert (
        red.float().mean() > 0.8 and blue.float().mean() < 0.2 and 0.1 < either.float().mean() < 0.9
    )
