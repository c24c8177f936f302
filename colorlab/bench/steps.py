"""One step of sampling: the suite beside the paper's loop, and beside diffusers' nets of the same
size."""

from __future__ import annotations

import itertools
from functools import partial

import torch

from colorlab.bench.nets import LEVEL, Step, gpic, inputs, naive, operations, parameters, peer
from colorlab.bench.timing import Table, Work, flops, matrix_product, medians, share_of_bound
from colorlab.cli.device import has_bf16_units

WIDTHS = (8, 32)
SMALL = 32 * 2**19  # width x candidates x pixels: timed five times up to here, once beyond


@torch.inference_mode()
def measure(table: Table, quick: bool) -> None:
    for width in WIDTHS:
        net = gpic(width).net
        target = flops(lambda net=net: naive(net)(*inputs(1, 64)))  # type: ignore[misc]
        peers = {
            "diffusers, equal operations": peer(operations, target),
            "diffusers, equal parameters": peer(parameters, parameters(net)),
        }
        for size, n in itertools.product(
            (64,) if quick else (64, 128, 256), (8,) if quick else (1, 8, 32)
        ):
            others = peers if n == 8 and size in (64, 256) else {}
            often = 5 if width * n * size**2 <= SMALL and not quick else 2 if quick else 1
            cell(table, width, size, n, {"naive loop": naive(net)} | others, often)


def cell(table: Table, width: int, size: int, n: int, others: dict[str, Step], often: int) -> None:
    """A row for everything that a step is timed beside, each so often."""
    (x, image), method = inputs(n, size), gpic(width)
    here = partial(method.denoiser(image), x, LEVEL)
    works: dict[str, Work] = {"here": here}
    works["product"] = matrix_product()
    for name, other in others.items():
        works[name] = partial(other, x, image)
    method.backend = "onnx"
    works["ONNX Runtime, where faster"] = partial(method.denoiser(image), x, LEVEL)
    method.backend = "torch"
    if has_bf16_units():
        method.bf16 = True
        works["previews in bf16"] = partial(method.denoiser(image), x, LEVEL)
    took = medians(works, often)
    truth = others["naive loop"](x, image)
    apart = float((here() - truth).abs().max() / truth.abs().max())
    notes = {
        "naive loop": f"{share_of_bound(here, took['here'], took['product'])}; {apart:.0e} apart, "
        "relative"
    }
    for name in list(works)[2:]:
        table.compare(
            f"a step of C{width}",
            f"{size} px, n={n}",
            name,
            took["here"],
            took[name],
            notes.get(name, ""),
        )
