"""Captions of flats: heard in training, left out at times, gone beyond by guidance, and opened again with the run."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor

from colorlab.cli.config import compose
from colorlab.cli.targets import build
from colorlab.conditions.palette import lab_of_colors
from colorlab.draws import Draws
from colorlab.methods.areas import CAPTION_DROPOUT, COLOUR_WORDS, AreaMethod, Wishes, captions
from colorlab.runs.checkpoint import save_weights
from colorlab.runs.run import begin, open_run
from colorlab.types import Batch
from tests.test_flats import BLUE, RED, SMALL
from tests.tiny_prior import tiny_text

STEPS = 100


def words(name: str, folder: Path) -> list[str]:
    small = SMALL if name == "flats" else (*SMALL[:-1], "method.sampler.steps=8")
    return [f"name={name}", f"method={name}", f"method.text_encoder={folder}", "data.size=32", *small]


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
    colors = torch.stack([torch.stack([torch.ones(3), color]) for color in (RED, BLUE)]).repeat(N // 2, 1, 1)
    rgb = torch.stack([own[labels[0]].permute(2, 0, 1) for own in colors]) * image
    return Batch(rgb, image, torch.arange(N), [*captions], torch.full((N,), -1), labels)


@pytest.fixture(scope="module", params=["flats", "flats_diffusion"])
def trained(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[AreaMethod, Path]:
    """A method that has learned the two, and the folder of its run."""
    folder = tmp_path_factory.mktemp(request.param)
    tiny_text(folder / "text", "bert")
    torch.manual_seed(0)
    cfg = compose("train", words(request.param, folder / "text"))
    method = build(cfg.method)
    if request.param == "flats":
        method.palette.copy_(lab_of_colors(torch.rand(16, 3, generator=torch.Generator().manual_seed(0))))
        method.palette[:3] = lab_of_colors(torch.stack([torch.ones(3), RED, BLUE]))
    optimizer = torch.optim.AdamW(method.parameters(), 1e-2)
    for step in range(STEPS):
        draws = Draws(0, range(8), [step] * 8, "train")
        loss = method.loss(batch(*("red car", "blue car") * 4), draws)["loss"]
        optimizer.zero_grad(), loss.backward(), optimizer.step()
    begin(folder / "run", cfg)
    save_weights(method, folder / "run" / "checkpoints")
    return method.eval().requires_grad_(False), folder / "run"


def reds(method: AreaMethod, text: str, n: int = 32) -> Tensor:
    """(n,): in which candidates the room is nearer to red than to blue."""
    image, labels = room()
    colors = method.colors(image[0], labels[0], n, Draws(0, [0]), Wishes(text))[:, 1]
    return (colors - RED).norm(dim=1) < (colors - BLUE).norm(dim=1)


def test_a_colour_in_the_caption_is_what_the_drawing_gets(trained: tuple[AreaMethod, Path]) -> None:
    method, _ = trained
    assert reds(method, "red car").float().mean() > 0.8 and reds(method, "blue car").float().mean() < 0.2
    assert 0.1 < reds(method, "").float().mean() < 0.9  # without words both


def test_guidance_goes_beyond_the_words_and_away_from_the_negative_ones(trained: tuple[AreaMethod, Path]) -> None:
    method, _ = trained
    try:
        method.guidance, method.negative = 2.0, "red car"
        assert reds(method, "").float().mean() < 0.1
        method.negative = ""
        assert reds(method, "red car").all() and not reds(method, "blue car").any()
    finally:
        method.guidance, method.negative = 0.0, ""


def test_a_run_with_captions_is_opened_with_its_encoder(trained: tuple[AreaMethod, Path]) -> None:
    method, folder = trained
    opened = open_run(folder).method(changed={"guidance": 0.0})
    image, labels = room()
    assert opened.takes_text
    made = [each.colors(image[0], labels[0], 2, Draws(0, [0]), Wishes("blue car")) for each in (method, opened)]
    assert torch.equal(*made)


def test_a_share_of_the_captions_is_left_out_and_half_name_colours() -> None:
    said = captions(batch(*["car"] * 400), Draws(0, range(400)))
    assert abs(said.count("") / 400 - CAPTION_DROPOUT) < 0.08
    colours = [text for text in said if "red" in text or "blue" in text]
    assert abs(len(colours) / (400 - said.count("")) - COLOUR_WORDS) < 0.1
    assert set(said) == {"", "car", "red car", "blue car"}
