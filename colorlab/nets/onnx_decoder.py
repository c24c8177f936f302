"""GPIC's decoder by ONNX Runtime: the same numbers to a few millionths, on many processors in less
time.

The graph is made once for every net and kept in the cache, and so is which of the two, torch or it,
a step took less time by at a size: the choice falls once on a machine, and candidates stay the same
bits from then on."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from colorlab.errors import ConfigError
from colorlab.nets.frozen import weights_digest
from colorlab.nets.gpic_net import Encoding, GPICNet
from colorlab.nets.onnx_graph import Graph, write_graph
from colorlab.storage.cache import cache_dir
from colorlab.storage.files import read_json, write_json

SKIPS = ("skip_0", "skip_1", "skip_2", "skip_3")  # coarse to fine
INPUTS = ("x", "embedding", "first", *SKIPS)
TRIES = 3  # of each, in turns; the fastest counts
MISSING = (
    "backend=onnx needs onnxruntime (pip install 'colorlab-suite[onnx]'), or set "
    "method.backend=torch"
)

Decode = Callable[[Tensor, Tensor, Encoding], Tensor]


def fastest_decoder(net: GPICNet, encoding: Encoding, rows: int) -> Decode:
    """``net.decode`` or the same by ONNX Runtime, whichever took less time for so many rows of such
    a drawing.
    ConfigError: no ONNX Runtime, or not on a CPU."""
    first = encoding.first
    if first.device.type != "cpu" or first.dtype != torch.float32:
        raise ConfigError(
            "backend=onnx runs in float32 on the CPU (set device=cpu precision=fp32, or "
            "method.backend=torch)"
        )
    threads, name = torch.get_num_threads(), name_of(net)
    path = graph_of(net, name)
    decode = partial(run, str(path), threads)
    height, width = 8 * first.shape[2], 8 * first.shape[3]
    kept = path.with_name(f"{name}-{height}x{width}-{rows}-{threads}.json")
    if not kept.is_file():
        write_json(
            kept,
            dict(
                zip(
                    ("torch", "onnx"),
                    compared(net.decode, decode, net, encoding, rows),
                    strict=True,
                )
            ),
        )
    took = read_json(kept, {"torch": float, "onnx": float})
    return decode if took["onnx"] < took["torch"] else net.decode


def compared(
    ours: Decode, theirs: Decode, net: GPICNet, encoding: Encoding, rows: int
) -> tuple[float, float]:
    """Seconds of a step by either."""
    first = encoding.first
    x = first.new_zeros(rows, 3, 8 * first.shape[2], 8 * first.shape[3]).contiguous(
        memory_format=torch.channels_last
    )
    embedding, spent = net.level(first.new_tensor([0.5])), ([], [])  # type: ignore[var-annotated]
    for _ in range(1 + TRIES):
        for decode, kept in zip((ours, theirs), spent, strict=True):
            begun = time.perf_counter()
            decode(x, embedding, encoding)
            kept.append(time.perf_counter() - begun)
    return min(spent[0][1:]), min(spent[1][1:])


def run(path: str, threads: int, x: Tensor, embedding: Tensor, encoding: Encoding) -> Tensor:
    """``GPICNet.decode`` by the graph in a file; encoding is of one drawing."""
    values = (x, embedding, encoding.first, *encoding.skips)
    feed = {name: value.contiguous().numpy() for name, value in zip(INPUTS, values, strict=True)}
    return torch.from_numpy(session(path, threads).run(None, feed)[0])


@cache
def session(path: str, threads: int) -> Any:
    """The graph, opened once in a process."""
    runtime = _runtime()
    options = runtime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    return runtime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def graph_of(net: GPICNet, name: str) -> Path:
    """The file of a net's graph, written if it is not there."""
    version = _runtime().__version__
    path = cache_dir() / "onnx" / version / f"{name}.onnx"
    return path if path.is_file() else write_graph(decoder_graph(net), path)


def decoder_graph(net: GPICNet) -> Graph:
    """The decoder for one drawing and any number of rows, of any size."""
    x = torch.zeros(3, 3, 32, 48)
    with torch.no_grad():
        encoding, embedding = net.encode(x[:1, :1]), net.level(torch.tensor([0.5]))
    values = (x, embedding, encoding.first, *encoding.skips)
    noisy = {0: "n", 2: "H", 3: "W"}
    axes = {"x": noisy, "output": noisy} | {
        side: {2: f"{side}_H", 3: f"{side}_W"} for side in INPUTS[2:]
    }
    return Graph(_Decoder(net), dict(zip(INPUTS, values, strict=True)), axes, ["output"])


class _Decoder(nn.Module):
    """``GPICNet.decode`` of tensors alone."""

    def __init__(self, net: GPICNet) -> None:
        super().__init__()
        self.net = net

    def forward(self, x: Tensor, embedding: Tensor, first: Tensor, *skips: Tensor) -> Tensor:
        return self.net.decode(x, embedding, Encoding(first, list(skips)))


def name_of(net: GPICNet) -> str:
    """Of the net's weights."""
    return bytes(weights_digest(net).numpy().tobytes()).hex()[:32]


def _runtime() -> Any:
    try:
        import onnxruntime
    except ImportError:
        raise ConfigError(MISSING) from None
    return onnxruntime
