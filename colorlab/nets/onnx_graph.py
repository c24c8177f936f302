"""A net as an ONNX graph in one file, weights and all."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor, nn

from colorlab.errors import ConfigError
from colorlab.storage.files import replacing

OPSET = 18
Axes = dict[int, str]  # axis -> the name of its length


class Graph(NamedTuple):
    """net: to be exported. inputs: an example, by name. axes: those that vary. outputs: names."""

    net: nn.Module
    inputs: dict[str, Tensor]
    axes: dict[str, Axes]
    outputs: list[str]


def write_graph(graph: Graph, path: Path) -> Path:
    """Whole or not at all. -> path. ConfigError: what writes graphs is not installed."""
    try:
        import onnx
    except ImportError:
        raise ConfigError("ONNX graphs need onnx (pip install 'colorlab-suite[onnx]')") from None
    axes = {
        name: axes for name, axes in graph.axes.items() if name in (*graph.inputs, *graph.outputs)
    }
    with warnings.catch_warnings(), torch.no_grad(), replacing(path) as temporary:
        warnings.simplefilter("ignore")  # traced lengths are held to torch by the tests
        torch.onnx.export(
            graph.net, tuple(graph.inputs.values()), temporary, input_names=list(graph.inputs),
            output_names=graph.outputs, dynamic_axes=axes, opset_version=OPSET,
            dynamo=False,  # torch.export takes minutes for the decoder's two free lengths
        )  # fmt: skip
        onnx.checker.check_model(temporary)
    return path
