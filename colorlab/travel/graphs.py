"""Nets as ONNX graphs, for programs without torch: the two of flats, and GPIC's denoiser.

flats:  encoder.onnx  (image, labels, areas, style) -> (features, relations); decoder.onnx
        (features, relations, lab, order) -> logits over palette.json, the i-th of area order[i]
        given the colours of those before it.
gpic:   denoiser.onnx  (x, alpha_bar, image) -> x_0, colours in [-1, 1].

Areas, sampling and what is laid under the lines stay with the program that runs them
(docs/models.md)."""

from __future__ import annotations

import json
from pathlib import Path

import torch
from torch import Tensor, nn

from colorlab import diffusion
from colorlab.conditions.palette import colors_of_lab
from colorlab.errors import ConfigError
from colorlab.methods.base import Method
from colorlab.methods.flats import Flats
from colorlab.methods.gpic import GPIC
from colorlab.nets.area_encoder import Drawn
from colorlab.nets.onnx_graph import Graph, write_graph
from colorlab.storage.files import write_text

FEWEST = 3  # areas; a drawing with fewer is told of empty ones
EXAMPLE = 6, 3  # areas and candidates of the example that a graph is traced with


class Encoder(nn.Module):
    """image (1, 1, S, S) in [0, 1], ink dark; labels (1, S, S) from 0 on; areas (R,), any numbers,
    one per area; style (1,), 0 = nobody's -> features (1, R, d), relations (1, R, R, heads)."""

    def __init__(self, method: Flats) -> None:
        super().__init__()
        self.net = method.encoder

    def forward(
        self, image: Tensor, labels: Tensor, areas: Tensor, style: Tensor
    ) -> tuple[Tensor, Tensor]:
        drawn = self.net.read(image, labels, torch.ones_like(areas, dtype=torch.bool)[None], style)
        return drawn.areas, drawn.relations


class Decoder(nn.Module):
    """features, relations of one drawing; lab (n, R, 3) in hundreds; order (n, R), permutations ->
    logits (n, R, K)."""

    def __init__(self, method: Flats) -> None:
        super().__init__()
        self.net = method.decoder

    def forward(self, features: Tensor, relations: Tensor, lab: Tensor, order: Tensor) -> Tensor:
        n = lab.shape[0]  # len() would make it a constant of the graph
        areas, relations = features.expand(n, -1, -1), relations.expand(n, -1, -1, -1)
        valid = torch.ones_like(order, dtype=torch.bool)
        logits: Tensor = self.net(Drawn(areas, relations, valid, features[:, 0]), lab, order)
        return logits


class Denoiser(nn.Module):
    """x (n, 3, H, W), the noisy colours in [-1, 1]; alpha_bar (1,); image (1, 1, H, W) in [0, 1] ->
    x_0 like x; H and W are multiples of 16."""

    def __init__(self, method: GPIC) -> None:
        super().__init__()
        self.net, self.predict = method.net, method.learning.predict

    def forward(self, x: Tensor, alpha_bar: Tensor, image: Tensor) -> Tensor:
        return diffusion.x_0_of(self.net(x, alpha_bar, image), x, alpha_bar, self.predict)


def write_graphs(method: Method, folder: Path) -> list[Path]:
    """Write the graphs of a method into a folder. -> their paths. ConfigError: there are none of
    it."""
    if isinstance(method, Flats):
        return [
            *_written(graphs_of_flats(method), folder),
            palette_of(method, folder / "palette.json"),
        ]
    if isinstance(method, GPIC):
        return _written(graphs_of_gpic(method), folder)
    raise ConfigError(f"{type(method).__name__} has no graphs (flats and gpic have)")


def graphs_of_flats(method: Flats) -> dict[str, Graph]:
    """name -> graph."""
    S, (R, n) = method.side, EXAMPLE
    labels = torch.arange(S * S).reshape(1, S, S) * R // (S * S)
    shown = {
        "image": torch.ones(1, 1, S, S), "labels": labels, "areas": torch.arange(R),
        "style": torch.zeros(1, dtype=torch.long),
    }  # fmt: skip
    encoder = Encoder(method).eval()
    with torch.no_grad():
        features, relations = encoder(*shown.values())
    told = {"features": features, "relations": relations, "lab": torch.zeros(n, R, 3)}
    told["order"] = torch.arange(R).repeat(n, 1)
    varied = {"features": {1: "R"}, "relations": {1: "R", 2: "R"}}
    varied |= {"lab": {0: "n", 1: "R"}, "order": {0: "n", 1: "R"}, "logits": {0: "n", 1: "R"}}
    return {
        "encoder": Graph(encoder, shown, {"areas": {0: "R"}} | varied, ["features", "relations"]),
        "decoder": Graph(Decoder(method).eval(), told, varied, ["logits"]),
    }


def graphs_of_gpic(method: GPIC) -> dict[str, Graph]:
    """name -> graph."""
    shown = {"x": torch.zeros(EXAMPLE[1], 3, 64, 48), "alpha_bar": torch.full((1,), 0.5)}
    shown["image"] = torch.ones(1, 1, 64, 48)
    noisy = {0: "n", 2: "H", 3: "W"}
    axes = {"x": noisy, "image": {2: "H", 3: "W"}, "x_0": noisy}
    return {"denoiser": Graph(Denoiser(method).eval(), shown, axes, ["x_0"])}


def palette_of(method: Flats, path: Path) -> Path:
    """The colours that logits are over: Lab in hundreds, and RGB in [0, 1]."""
    colors = {
        "lab": method.palette.tolist(),
        "rgb": colors_of_lab(method.palette).tolist(),
        "styles": method.hand.styles,
    }
    write_text(path, json.dumps(colors))
    return path


def _written(graphs: dict[str, Graph], folder: Path) -> list[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    return [write_graph(graph, folder / f"{name}.onnx") for name, graph in graphs.items()]
