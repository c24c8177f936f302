"""Exact likelihoods: what each is of, known answers, and where an evaluation shows them."""

from __future__ import annotations

import itertools
import json
import math
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from colorlab.color import lab_of
from colorlab.conditions.palette import lab_of_colors
from colorlab.draws import Draws
from colorlab.methods.area_inputs import Shown
from colorlab.report.table import headline
from colorlab.types import Batch
from tests.marginal_methods import batch, cic
from tests.small_methods import stirred
from tests.test_cinn import cinn, pictures
from tests.test_coltran import SMALL as COLTRAN
from tests.test_evaluate import evaluated, trained_looking
from tests.test_pic import method as in_order

SPREAD = torch.linspace(-1, 1, 4)


def of_noise(height: int = 20, width: int = 24) -> Batch:
    draws = Draws(0, [0, 1])
    rgb, image = draws.uniform(3, height, width), draws.uniform(1, height, width)
    return Batch(rgb, image, torch.arange(2), ["", ""], torch.full((2,), -1))


@pytest.mark.parametrize("name", ["pic", "pixcolor", "coltran"])
def test_bits_of_pictures_are_on_the_average_those_that_training_logs(name: str) -> None:
    built, shown = stirred(COLTRAN, 0.2) if name == "coltran" else in_order(name), of_noise()
    found, losses = built.likelihood(shown, Draws(0, [0, 1])), built.loss(shown, Draws(0, [0, 1]))
    assert found.bits.shape == found.alone.shape == (2,) and found.bits[0] != found.bits[1]
    assert float(found.bits.mean()) == pytest.approx(float(losses["bits"]), rel=1e-5)
    assert float(found.alone.mean()) == pytest.approx(float(losses["alone_bits"]), rel=1e-5)


@pytest.mark.whole
def test_names_say_which_numbers_a_likelihood_is_of() -> None:
    names = [
        in_order("pic").likelihood(of_noise(), Draws(0, [0, 1])).of,
        in_order("pic", "method.levels=23", "method.order.stride=2")
        .likelihood(of_noise(), Draws(0, [0, 1]))
        .of,
        in_order("pixcolor").likelihood(of_noise(), Draws(0, [0, 1])).of,
        stirred(COLTRAN).likelihood(of_noise(), Draws(0, [0, 1])).of,
        cinn("method.space=rgb").likelihood(pictures(), Draws(0, range(4))).of,
    ]
    assert names == [
        "ab_every_4_step_0.863", "ab_every_2_step_10", "cbcr_mean_4_levels_32",
        "rgb_mean_4_levels_2", "rgb_mean_1_density",
    ]  # fmt: skip


@pytest.mark.whole
def test_pic_of_23_levels_and_cic_are_judged_on_the_same_colours() -> None:
    pic, marginals, shown = in_order("pic", "method.levels=23"), cic("method.net.stride=4"), batch()
    colors = 110 * pic.head.scaled(pic.colors_of(shown.rgb).float()).movedim(1, -1)
    assert torch.allclose(
        colors, marginals.bins.table[marginals.bins.nearest(marginals.target(shown))], atol=1e-3
    )
    names = {each.likelihood(shown, Draws(0, range(4))).of for each in (pic, marginals)}
    assert names == {"ab_every_4_step_10"}


def test_marginals_say_the_probability_of_the_true_bins_with_the_rebalancing_undone() -> None:
    method, shown = cic().eval(), batch()
    torch.nn.init.normal_(method.classes.weight, std=0.1)
    method.bins.prior.copy_(torch.softmax(torch.arange(float(len(method.bins))) / 50, 0))
    found = method.likelihood(shown, Draws(0, range(4)))
    with torch.no_grad():
        logits = method.classes(method.net(shown.image)).double()
    p = torch.softmax(logits, 1) / method.weights().double()[:, None, None]
    p = p / p.sum(1, keepdim=True)
    ab = lab_of(shown.rgb)[:, 1:, :: method.net.stride, :: method.net.stride]
    bins = torch.cdist(ab.movedim(1, -1), method.bins.table).argmin(-1)
    bits = -p.log2().gather(1, bins[:, None])[:, 0].mean((1, 2)) / 2
    assert torch.allclose(found.bits.double(), bits, rtol=1e-4) and torch.equal(
        found.bits, found.alone
    )


@pytest.mark.parametrize("space", ["rgb", "ab"])
def test_a_flow_that_changes_nothing_says_the_normal_density_of_lab_units_or_8_bit_steps(
    space: str,
) -> None:
    condition = "gray" if space == "ab" else "lines"
    words = (f"method.space={space}", "method.learning.dequantise=false", "method.learning.noise=0")
    method, shown = cinn(*words, f"data.condition={condition}"), pictures()
    mean, std = SPREAD[: method.space.channels], 0.5 + SPREAD[: method.space.channels].square()
    method.mean.copy_(mean[:, None, None]), method.std.copy_(std[:, None, None])
    found = method.likelihood(shown, Draws(0, range(4)))
    numbers, unit = (lab_of(shown.rgb)[:, 1:], 110.0) if space == "ab" else (255 * shown.rgb, 127.5)
    middle = unit * mean + (0 if space == "ab" else 127.5)
    normal = torch.distributions.Normal(middle[:, None, None], unit * std[:, None, None])
    expected = -normal.log_prob(numbers).mean((1, 2, 3)) / math.log(2)
    assert torch.allclose(found.bits, expected, atol=1e-4) and found.alone.isnan().all()


@pytest.fixture(scope="module")
def flats():
    reading = ("trunk=none", "width=16", "heads=2", "layers=1", "side=32")
    small = ("decoder.layers=1", "decoder.colors=8", *(f"reading.{word}" for word in reading))
    made = stirred(["name=x", "method=flats", *(f"method.{word}" for word in small)], 0.3)
    made.palette.copy_(lab_of_colors(torch.rand(8, 3, generator=torch.Generator().manual_seed(0))))
    return made


def two_areas(colors: Tensor) -> Shown:
    """A drawing of two areas and paper, which have these colours (3, 3)."""
    labels = torch.zeros(1, 32, 32, dtype=torch.long)
    labels[0, 4:28, 4:16], labels[0, 4:20, 16:28] = 1, 2
    parts = (torch.ones(1, 1, 32, 32), labels, torch.tensor([3]), colors[None], torch.ones(1, 3))
    return Shown(*parts, torch.tensor([0]), torch.zeros(1, 0, 0))


@pytest.mark.whole
def test_the_likelihoods_of_all_colourings_of_a_drawing_sum_to_one(flats, monkeypatch) -> None:
    from colorlab.conditions.palette import colors_of_lab

    own, total, alone = colors_of_lab(flats.palette), 0.0, 0.0
    for chosen in itertools.product(range(8), repeat=3):
        monkeypatch.setattr(flats, "shown", lambda _, chosen=chosen: two_areas(own[list(chosen)]))
        found = flats.likelihood(None, Draws(0, [0]))
        total, alone = total + 2 ** -(3 * float(found.bits)), alone + 2 ** -(3 * float(found.alone))
    assert found.of == "areas_palette_8"
    assert total == pytest.approx(1, abs=1e-4) and alone == pytest.approx(1, abs=1e-4)
    assert float(found.bits) != pytest.approx(float(found.alone), abs=1e-3)


@pytest.mark.whole
def test_an_evaluation_holds_bits_drawing_by_drawing_where_a_method_knows_them(
    tmp_path: Path,
) -> None:
    run = trained_looking(
        tmp_path / "order", "method=pic", "data.condition=gray", "method.order.blocks=1"
    )
    found = json.loads(
        (evaluated(run, "lpips=none", "limit=3", "steps=null") / "evaluation.json").read_text()
    )
    key = "likelihood/ab_every_4_step_0.863"
    bits = found["per_drawing"][key]
    assert len(bits) == 3 and found["values"][key]["mean"] == pytest.approx(np.mean(bits))
    assert found["values"][key]["low"] < found["values"][key]["high"]
    assert len(found["per_drawing"]["alone/ab_every_4_step_0.863"]) == 3
    from colorlab.runs.run import open_run

    opened = open_run(run)
    pictures = opened.pictures()
    index = pictures.names.index(found["drawings"][1])
    assert bits[1] == pytest.approx(
        float(opened.method().likelihood(pictures[[index]], Draws(0, [index])).bits)
    )


@pytest.mark.whole
def test_a_method_without_an_exact_likelihood_has_no_such_measure(tmp_path: Path) -> None:
    found = json.loads(
        (evaluated(trained_looking(tmp_path / "gpic")) / "evaluation.json").read_text()
    )
    assert not [key for key in found["values"] if key.startswith(("likelihood/", "alone/"))]


def test_a_table_has_a_column_for_each_kind_of_numbers() -> None:
    columns = headline(8, {"likelihood/a", "alone/a", "likelihood/b"})
    assert [(column.key, column.better) for column in columns] == [
        ("likelihood/a", "lower"), ("likelihood/b", "lower"), ("alone/a", "lower"),
    ]  # fmt: skip
