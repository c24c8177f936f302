"""GPIC the method: its loss, its start, its guides, its mix model."""

from __future__ import annotations

import math

import pytest
import torch

from colorlab.cli.config import compose
from colorlab.cli.targets import build
from colorlab.draws import Draws
from colorlab.methods.gpic import Mix
from colorlab.methods.pixel_diffusion import distance_of, padded, painted_color
from colorlab.types import Batch, Condition, Hints

EXACT = "donot_use_mm_for_euclid_dist"


def gpic(*overrides: str):
    cfg = compose(
        "train",
        ["name=t", "method.width=4", "method.sampler.steps=4", "trainer.max_steps=10", *overrides],
    )
    built = build(cfg.method).eval().requires_grad_(False)
    generator = torch.Generator().manual_seed(0)
    for parameter in built.parameters():
        parameter += 0.05 * torch.randn(parameter.shape, generator=generator)
    built.colors.copy_(torch.linspace(-1, 1, built.colors.shape[1])[:, None].expand(-1, 3))
    return built


def image(side: int = 32) -> torch.Tensor:
    return torch.rand(1, 1, side, side, generator=torch.Generator().manual_seed(1))


def test_the_loss_of_a_perfect_prediction_is_zero_whatever_is_predicted() -> None:
    rgb = torch.rand(2, 3, 32, 32)
    batch = Batch(rgb, image().expand(2, -1, -1, -1), torch.arange(2), ["", ""], torch.zeros(2))
    method = gpic()
    method.net.forward = lambda x, alpha_bar, drawing: 2 * rgb - 1
    assert method.loss(batch, Draws(0, [0, 1]))["loss"] < 1e-6


@pytest.mark.parametrize("predict", ["x_0", "eps", "v"])
def test_the_loss_is_the_distance_to_what_is_predicted_at_levels_of_the_schedule(
    predict: str,
) -> None:
    rgb = torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    batch = Batch(rgb, image().expand(2, -1, -1, -1), torch.arange(2), ["", ""], torch.zeros(2))
    method = gpic(
        f"method.learning.predict={predict}",
        "method.learning.distance=l1",
        "method.learning.stratified=false",
        "method.learning.min_xi=0.25",
    )
    draws = Draws(0, [0, 1])
    a = torch.exp(-((2.25 * (0.25 + 0.75 * draws.uniform())) ** 2))[:, None, None, None]
    x_0, noise, seen = 2 * rgb - 1, draws.normal(3, 32, 32), []
    method.net.forward = lambda x, alpha_bar, drawing: seen.append(x) or torch.zeros_like(x)
    target = {"x_0": x_0, "eps": noise, "v": a.sqrt() * noise - (1 - a).sqrt() * x_0}[predict]
    assert torch.allclose(
        method.loss(batch, Draws(0, [0, 1]))["loss"], target.abs().mean(), rtol=1e-4
    )
    assert torch.allclose(seen[0], a.sqrt() * x_0 + (1 - a).sqrt() * noise, atol=1e-4)


@pytest.mark.parametrize(("distance", "value"), [("l1", 2.0), ("l2", 4.0), ("huber", 0.38)])
def test_distances_have_their_textbook_values(distance: str, value: float) -> None:
    assert float(distance_of(torch.full((4,), 2.0), torch.zeros(4), distance)) == pytest.approx(
        value
    )
    with pytest.raises(ValueError, match="l1, l2 or huber"):
        distance_of(torch.zeros(1), torch.zeros(1), "lpips")


def test_stratified_levels_cover_the_range_evenly() -> None:
    xi = gpic("method.learning.stratified=true").xi(Draws(0, range(16)), torch.device("cpu"))
    assert torch.equal((xi.sort().values * 16).floor().clamp(max=15), torch.arange(16.0))
    assert xi.min() >= 0.001 and xi.max() <= 1


def test_the_line_encoder_runs_once_a_drawing_and_not_once_a_step(monkeypatch) -> None:
    method, calls = gpic(), []
    encode = method.net.encode
    monkeypatch.setattr(method.net, "encode", lambda drawing: calls.append(1) or encode(drawing))
    method.sample(Condition(image().expand(2, -1, -1, -1)), 20, Draws(0, [0, 1]))
    assert len(calls) == 2


@pytest.mark.whole
def test_sampling_with_the_encoding_kept_equals_the_whole_network_at_every_step() -> None:
    method = gpic("method.sampler.steps=6")
    cached = method.sample(Condition(image()), 8, Draws(0, [0]))
    method.denoiser = lambda drawing: (
        lambda x, a: method.net(x, torch.full((len(x),), a), drawing.expand(len(x), -1, -1, -1))
    )
    assert (cached - method.sample(Condition(image()), 8, Draws(0, [0]))).abs().max() < 1e-5


def test_the_start_is_biased_as_equation_13_says() -> None:
    method = gpic("method.start_from=mean")
    rows = Draws(0, [0]).candidates(400)
    x = method.start(Condition(image()), rows, [])
    V = method.bias(Condition(image()), rows)[:, :, 0, 0]
    level = math.exp(-(2.25**2))
    assert torch.allclose(x.mean((2, 3)), math.sqrt(level) * V, atol=5 / 32)
    assert x.std() == pytest.approx(1, abs=0.02)
    slope = (x.mean((2, 3)) * V).sum() / V.square().sum()
    assert float(slope) == pytest.approx(math.sqrt(level), abs=0.01)


def test_guides_may_name_the_colour_and_paste_the_known() -> None:
    from colorlab.samplers.guides import Bias, Inpaint

    known = torch.zeros(1, 1, 32, 32)
    known[..., :10] = 1
    rgb = torch.rand(1, 3, 32, 32)
    condition = Condition(image(), Hints(rgb, known))
    drawn = gpic().sample(
        condition, 3, Draws(0, [0]), [Bias("#ff0000"), Inpaint("noised", 1, 0.04)]
    )
    assert torch.allclose(
        drawn[0, :, :, :, :10], rgb[0, :, :, :10].expand(3, -1, -1, -1), atol=1e-6
    )


@pytest.mark.whole
def test_the_mix_model_hands_over_at_its_level(monkeypatch) -> None:
    above, below, seen = gpic("method.sampler.steps=5"), gpic(), []
    for name, method in (("above", above), ("below", below)):
        level = method.net.level.forward
        monkeypatch.setattr(
            method.net.level,
            "forward",
            lambda a, name=name, level=level: seen.append((name, float(a))) or level(a),
        )
    Mix(above, below, 0.9919).sample(Condition(image()), 8, Draws(0, [0]))
    assert {name for name, level in seen if level < 0.9919} == {"above"}
    assert [name for name, level in seen if level >= 0.9919].count("below") >= 3
    assert seen == sorted(seen, key=lambda pair: pair[1])


@pytest.mark.parametrize("above", [False, True])
@pytest.mark.parametrize("below", [False, True])
def test_the_mix_model_has_fixed_groups_if_either_of_its_models_has(
    above: bool, below: bool
) -> None:
    class Fixed(torch.nn.Module):
        def __init__(self, fixed: bool) -> None:
            super().__init__()
            self.fixed_groups = fixed

    mix = Mix(gpic(), gpic(), 0.9919)
    mix.above, mix.below = Fixed(above), Fixed(below)  # type: ignore[assignment]
    assert mix.fixed_groups == (above or below)


def test_previews_in_bf16_are_close_to_the_exact_pictures() -> None:
    method = gpic()
    exact = method.sample(Condition(image()), 2, Draws(0, [0]))
    method.bf16 = True
    preview = method.sample(Condition(image()), 2, Draws(0, [0]))
    assert 0 < (preview - exact).abs().mean() < 0.01


def test_padding_grows_to_the_stride_and_keeps_the_picture() -> None:
    condition = Condition(
        torch.rand(1, 1, 33, 20), Hints(torch.rand(1, 3, 33, 20), torch.ones(1, 1, 33, 20))
    )
    grown = padded(condition)
    assert grown.image.shape[-2:] == (48, 32)
    assert torch.equal(grown.image[..., :33, :20], condition.image)
    assert grown.hints is not None and grown.hints.mask[..., 33:, :].sum() == 0


def test_a_painted_start_is_white_around_the_outline() -> None:
    drawing = torch.ones(1, 1, 32, 32)
    drawing[..., 8:24, 8] = drawing[..., 8:24, 23] = drawing[..., 8, 8:24] = drawing[
        ..., 23, 8:24
    ] = 0
    V = gpic("method.start_from=painted").bias(Condition(drawing), Draws(0, [0]).candidates(5))
    assert (V[:, :, :8] == 1).all() and (V[..., 24:] == 1).all()
    inside = V[:, :, 10:20, 10:20]
    assert (inside == inside[:, :, :1, :1]).all() and inside.std() > 0.1


@pytest.mark.whole
def test_the_colours_kept_are_those_of_training_pictures() -> None:
    from colorlab.data.openmoji import OpenMoji
    from colorlab.data.transforms import Augment

    pictures, method = OpenMoji(32, "lines", Augment(0.0, 0.0, 0.0)), gpic()
    method.prepare(pictures)
    rgb = pictures[pictures.splits["train"].tolist()].rgb
    true = 2 * rgb.mean((2, 3)) - 1
    assert float(torch.cdist(method.colors[0], true, compute_mode=EXACT).min(1).values.max()) < 1e-5
    # coloured parts are darker than with their paper
    assert method.colors[1].mean() < method.colors[0].mean() - 0.2


def test_the_colour_of_the_painted_part_is_exact() -> None:
    rgb = torch.ones(2, 3, 8, 8)
    rgb[0, :, :4, :4] = torch.tensor([1.0, 0.5, 0.0])[:, None, None]
    rgb[0, :, 6] = 0  # ink
    assert torch.allclose(
        painted_color(rgb), torch.tensor([[1.0, 0.0, -1.0], [1.0, 1.0, 1.0]]), atol=1e-5
    )


@pytest.mark.whole
def test_the_papers_optimizer_trains() -> None:
    cfg = compose(
        "train", ["name=t", "experiment=gpic_paper", "method.width=4", "method.optimizer.lr=0.01"]
    )
    method = build(cfg.method)
    batch = Batch(
        torch.rand(4, 3, 32, 32),
        image().expand(4, -1, -1, -1),
        torch.arange(4),
        [""] * 4,
        torch.zeros(4),
    )
    optimizer = method.optimizers()[0].optimizer
    assert type(optimizer).__name__ == "Ranger"
    losses = []
    for _ in range(12):
        losses.append(method.loss(batch, Draws(0, range(4)))["loss"])
        optimizer.zero_grad()
        losses[-1].backward()
        optimizer.step()
    assert losses[-1] < losses[0]


@pytest.mark.whole
def test_the_shipped_model_colours_drawings_it_has_never_seen() -> None:
    from colorlab.runs.run import open_run

    run = open_run("pretrained/gpic-openmoji-c8")
    pictures = run.pictures()
    index = [int(group[0]) for group in pictures.drawings("test")[:24:3]]
    batch = pictures[index]
    drawn = run.method(steps=20).sample(Condition(batch.image), 8, Draws(0, index))
    best = (drawn - batch.rgb[:, None]).abs().mean((2, 3, 4)).amin(1)
    uncolored = (batch.image - batch.rgb).abs().mean((1, 2, 3))
    assert best.mean() < 0.8 * uncolored.mean()
    white = (batch.rgb.amin(1) > 0.99) & (batch.image[:, 0] > 0.99)
    paper = drawn.mean(2).permute(1, 0, 2, 3)[:, white]
    assert paper.mean() > 0.93
    ink = batch.image[:, 0] < 0.05
    assert drawn.mean(2).permute(1, 0, 2, 3)[:, ink].mean() < 0.2


@pytest.mark.slow
def test_the_compiled_decoder_draws_the_same_pictures() -> None:
    method = gpic()
    plain = method.sample(Condition(image()), 2, Draws(0, [0]))
    method.backend = "compiled"
    assert (method.sample(Condition(image()), 2, Draws(0, [0])) - plain).abs().max() < 1e-4
