"""What flats learn: known losses, weighed by the areas' sizes, with known errors and givens."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch

from colorlab.cli.config import compose
from colorlab.cli.targets import build
from colorlab.conditions.palette import lab_of_colors
from colorlab.draws import Draws
from colorlab.methods.flats import Flats
from colorlab.types import Batch
from tests.test_flats import BLUE, RED, SMALL, rooms, untrained


@pytest.fixture(scope="module")
def method() -> Flats:
    return untrained()


def test_colours_of_earlier_areas_are_learned_from_with_errors_of_one_and_a_half_lab_units(
    method: Flats,
) -> None:
    shown = SimpleNamespace(colors=torch.zeros(2, 400, 3))
    _, jitter = method.randomness(shown, Draws(0, [1, 2]))  # type: ignore[arg-type]
    assert jitter.shape == (2, 2, 400, 3)
    assert abs(100 * jitter.std().item() - 1.5) < 0.1 and abs(100 * jitter.mean().item()) < 0.1


def test_an_area_costs_the_cross_entropy_with_the_palette_around_its_colour(
    method, monkeypatch
) -> None:
    # told in the order 1, 2, 0
    colors, scores = torch.stack([RED, BLUE, RED])[None], torch.tensor([[2.0, 0.0, 1.0]])
    logits = torch.randn(1, 3, 16, generator=torch.Generator().manual_seed(0))
    monkeypatch.setattr(method.decoder, "forward", lambda drawn, lab, order: logits)
    drawing = SimpleNamespace(valid=torch.ones(1, 3, dtype=torch.bool))
    errors = method.losses(drawing, SimpleNamespace(colors=colors), [scores, torch.zeros(1, 3, 3)])
    units = compose("train", ["name=x", "method=flats"]).method.decoder.softness / 100
    near = (
        -torch.cdist(lab_of_colors(colors)[0].double(), method.palette.double()).square()
        / (2 * units**2)
    ).exp()
    right = near / near.sum(1, keepdim=True)
    expected = [
        -(right[area] * logits[0, place].log_softmax(0)).sum()
        for area, place in ((0, 2), (1, 0), (2, 1))
    ]
    assert torch.allclose(errors[0].double(), torch.stack(expected), rtol=1e-3)


def test_the_loss_weighs_areas_by_the_root_of_their_size(method, monkeypatch) -> None:
    image, labels = rooms()
    rgb = torch.stack([torch.ones(3), RED, BLUE, RED])[labels[0]].permute(2, 0, 1)[None] * image
    batch = Batch(
        rgb, image, torch.zeros(1, dtype=torch.long), [""], torch.zeros(1, dtype=torch.long), labels
    )
    weight = method.shown(batch).weight[0]
    sizes = labels.flatten().bincount().sort(descending=True).values / 96**2
    assert torch.allclose(weight, sizes.sqrt(), atol=0.05)
    cost = torch.tensor([1.0, 2.0, 5.0, 9.0])
    monkeypatch.setattr(
        method, "losses", lambda drawn, shown, random: cost.expand(len(shown.colors), -1)
    )
    loss = method.loss(batch, Draws(0, [0]))["loss"]
    expected = float((cost * weight).sum() / weight.sum())
    assert loss.item() == pytest.approx(expected, rel=1e-4)
    many = Batch(
        *(x * 9 if isinstance(x, list) else x.repeat(9, *[1] * (x.ndim - 1)) for x in batch)
    )
    assert method.loss(many, Draws(0, range(9)))["loss"].item() == pytest.approx(expected, rel=1e-4)


def test_diffusion_costs_hubers_distance_by_the_root_of_the_signal_to_noise_ratio(
    monkeypatch,
) -> None:
    keys = ["name=x", "method=flats_diffusion", *SMALL[:-1]]
    method, seen = build(compose("train", keys).method), []
    colors = torch.rand(3, 2, 3, generator=torch.Generator().manual_seed(0))
    given = torch.tensor([[1.0, 0.0]] * 3)
    noise, level = torch.ones(3, 2, 3), torch.tensor([0.0, 0.5, 1.0])
    monkeypatch.setattr(
        method.denoiser,
        "forward",
        lambda drawn, x, alpha_bar: seen.append(x) or torch.zeros_like(x),
    )
    errors = method.losses(
        None, SimpleNamespace(colors=colors), [noise, level[:, None].expand(-1, 2), given]
    )
    a, x_0 = torch.exp(-((2.25 * (0.02 + 0.98 * level)) ** 2))[:, None, None], 2 * colors - 1
    far = x_0.abs()
    huber = torch.where(far < 0.3, far**2 / 2, 0.3 * (far - 0.15)).sum(2)
    assert torch.allclose(errors, huber * (a / (1 - a)).clamp(0.05, 5).sqrt()[:, :, 0], rtol=1e-3)
    assert torch.equal(seen[0][:, 0], x_0[:, 0])
    assert torch.allclose(seen[0][:, 1:], a.sqrt() * x_0[:, 1:] + (1 - a).sqrt(), atol=1e-4)


def test_paper_around_is_given_in_six_of_ten_training_pictures() -> None:
    method = build(compose("train", ["name=x", "method=flats_diffusion", *SMALL[:-1]]).method)
    B, R = 300, 4
    shown = SimpleNamespace(colors=torch.zeros(B, R, 3), labels=rooms()[1].expand(B, -1, -1))
    given = method.randomness(shown, Draws(0, list(range(B))))[2].float()
    others = given[..., 1:].mean().item()
    # area 0 is the paper around
    assert abs(given[..., 0].mean().item() - (0.6 + 0.4 * others)) < 0.04
    assert others < 0.5


@pytest.mark.whole
def test_the_loss_falls_where_every_drawing_has_the_same_colours() -> None:
    torch.manual_seed(0)
    made = build(compose("train", ["name=x", "method=flats", *SMALL]).method)
    image, labels = rooms()
    rgb = torch.stack([torch.ones(3), RED, BLUE, RED])[labels].permute(0, 3, 1, 2) * image
    batch = Batch(rgb, image, torch.zeros(1).long(), [""], torch.tensor([-1]), labels)
    made.palette.copy_(lab_of_colors(torch.rand(16, 3, generator=torch.Generator().manual_seed(0))))
    made.palette[:3] = lab_of_colors(torch.stack([torch.ones(3), RED, BLUE]))
    optimizer, losses = torch.optim.AdamW(made.parameters(), 1e-2), []
    for step in range(100):
        loss = made.loss(batch, Draws(0, [0], [step], "train"))["loss"]
        optimizer.zero_grad(), loss.backward(), optimizer.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.5 * losses[0]
    learned = made.eval().colors(image[0], labels[0], 4, Draws(0, [0]))
    assert (learned - torch.stack([torch.ones(3), RED, BLUE, RED])).abs().max() < 0.02
