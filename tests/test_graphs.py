"""Nets as ONNX graphs: what another program computes with them is what torch computes."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from colorlab.cli.config import compose
from colorlab.cli.targets import build
from colorlab.conditions.palette import lab_of_colors
from colorlab.draws import Draws
from colorlab.errors import ConfigError
from colorlab.travel.graphs import write_graphs
from tests.test_flats import SMALL

pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")

pytestmark = pytest.mark.slow  # an export takes seconds


def opened(path: Path):
    return onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])


def told(graph, **inputs: torch.Tensor) -> list[torch.Tensor]:
    outputs = graph.run(
        None, {name: np.ascontiguousarray(value.numpy()) for name, value in inputs.items()}
    )
    return [torch.from_numpy(output) for output in outputs]


def randomized(method):
    """A method no weight of which is zero."""
    draws = Draws(0, range(1), [0], "weights")
    for k, weight in enumerate(p for p in method.parameters() if not p.any()):
        weight.data.copy_(0.1 * draws.to(str(k)).normal(*weight.shape)[0])
    return method.eval().requires_grad_(False)


def test_flats_colours_are_those_of_torch_for_any_number_of_areas_and_candidates(
    tmp_path: Path,
) -> None:
    method = randomized(build(compose("train", ["name=x", "method=flats", *SMALL]).method))
    method.palette.copy_(lab_of_colors(Draws(0, range(16), [0] * 16, "palette").uniform(3)))
    paths = write_graphs(method, tmp_path)
    assert [path.name for path in paths] == ["encoder.onnx", "decoder.onnx", "palette.json"]
    assert np.allclose(json.loads(paths[2].read_text())["lab"], method.palette)
    encoder, decoder = map(opened, paths[:2])
    for R, n in ((3, 1), (5, 3), (17, 4)):
        draws = Draws(0, range(n), [R] * n, "drawing")
        image = draws.uniform(1, 32, 32)[:1]
        labels = (draws.to("areas").uniform(32, 32)[:1] * R).long()
        style, order = torch.tensor([1]), draws.to("order").uniform(R).argsort(1)
        lab = draws.to("lab").uniform(R, 3)
        drawn = method.encoder(image, labels, torch.tensor([R]), style)
        features, relations = told(
            encoder, image=image, labels=labels, areas=torch.arange(R), style=style
        )
        assert torch.allclose(features, drawn.areas, atol=1e-4)
        assert torch.allclose(relations, drawn.relations, atol=1e-4)
        (logits,) = told(decoder, features=features, relations=relations, lab=lab, order=order)
        step = method.decoder.steps(drawn, order)  # the way that sampling goes, area by area
        for i in range(R):
            last = lab.gather(1, order[:, i - 1, None, None].expand(-1, 1, 3))[:, 0] if i else None
            assert torch.allclose(logits[:, i], step(last), atol=2e-4)


@pytest.mark.parametrize("predict", ["x_0", "eps"])
def test_gpics_denoiser_is_that_of_torch_at_any_size_and_level(
    predict: str, tmp_path: Path
) -> None:
    words = ["name=x", "method=gpic", "method.width=4", f"method.learning.predict={predict}"]
    method = randomized(build(compose("train", words).method))
    (path,) = write_graphs(method, tmp_path)
    graph = opened(path)
    for n, height, width, alpha_bar in ((1, 16, 32, 0.1), (3, 64, 48, 0.97)):
        draws = Draws(0, range(n), [n] * n, "noise")
        x, image = draws.normal(3, height, width), draws.to("image").uniform(1, height, width)[:1]
        (found,) = told(graph, x=x, alpha_bar=torch.tensor([alpha_bar]), image=image)
        assert torch.allclose(found, method.denoiser(image)(x, alpha_bar), atol=1e-4)


def test_a_method_without_graphs_says_so(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="flats and gpic"):
        write_graphs(build(compose("train", ["name=x", "method=pix2pix"]).method), tmp_path)
