"""Piggyback's Table 2 (Liu et al., 2023): true pictures through the autoencoder and back, by four
decoders.

    python experiments/piggyback_table2/run.py runs/lightness
    python experiments/piggyback_table2/run.py runs/lightness --limit 16 --lpips none --features
    none

Writes table.md and, of the first pictures, sheet.png: truth, what is shown, then a row a
decoder."""

from __future__ import annotations

import argparse
from math import nan
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from colorlab.metrics.intervals import Interval, intervals

SHOWN = 12  # pictures on the sheet


def main() -> None:
    """Reconstruct, measure, write."""
    from colorlab.evaluation.drawings import held_out
    from colorlab.nets.latent.lightness_decoder import DECODERS
    from colorlab.runs.run import open_run

    options = parsed()
    run = open_run(options.run)
    method, pictures = run.method(), run.pictures()
    drawings = held_out(pictures, "test", options.limit)
    batches = [pictures[group[:1].tolist()] for group in drawings.groups]
    truth, image = (
        torch.cat([getattr(batch, part) for batch in batches]) for part in ("rgb", "image")
    )
    # a line drawing has no lightness
    decoders = DECODERS if pictures.condition == "gray" else ("plain", "lightness")
    made = {name: eight_bit(reconstructed(method, truth, image, name)) for name in decoders}
    values = {
        name: measured(rgb, truth, options.lpips, options.features) for name, rgb in made.items()
    }
    write(options.out, values, [truth, image.expand(-1, 3, -1, -1), *made.values()], run.name)


def parsed() -> argparse.Namespace:
    """The options."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("run", help="of method=lightness_vae")
    parser.add_argument("--limit", type=int, help="held-out drawings; all if not given")
    parser.add_argument("--lpips", default="alex", choices=["alex", "vgg", "none"])
    parser.add_argument(
        "--features", default="lite0", choices=["lite0", "vgg16", "inception", "none"]
    )
    parser.add_argument("--out", type=Path, default=Path("runs/experiments/piggyback_table2"))
    return parser.parse_args()


def reconstructed(method: Any, rgb: Tensor, image: Tensor, decoder: str) -> Tensor:
    """(N, 3, H, W) in [0, 1]."""
    pairs = zip(rgb.split(8), image.split(8), strict=True)
    return torch.cat([method.reconstruct(*pair, decoder) for pair in pairs])


def eight_bit(rgb: Tensor) -> Tensor:
    """Rounded as in a file."""
    return rgb.mul(255).round() / 255


def measured(rgb: Tensor, truth: Tensor, lpips: str, net: str) -> dict[str, Interval]:
    """Means over pictures with 95 % intervals; the Frechet distance, between the two sets, has
    none."""
    from colorlab.metrics.lpips import cross_lpips
    from colorlab.metrics.realism import features, frechet
    from colorlab.metrics.ssim import ssim
    from colorlab.metrics.truth import psnr

    pairs = list(zip(rgb.split(1), truth, strict=True))
    found = {
        name: torch.cat([of(*pair) for pair in pairs])
        for name, of in (("psnr", psnr), ("ssim", ssim))
    }
    if lpips != "none":
        found[f"lpips_{lpips}"] = torch.cat(
            [cross_lpips(a, b[None], lpips).flatten() for a, b in pairs]
        )
    values = intervals({name: value.numpy() for name, value in found.items()}, 0)
    if net != "none":
        sets = (
            torch.cat([features(part, net) for part in pictures.split(32)]).numpy()
            for pictures in (rgb, truth)
        )
        values["fid" if net == "inception" else f"fd_{net}"] = Interval(
            frechet(*sets), nan, nan, len(rgb)
        )
    return values


def write(out: Path, values: dict[str, dict[str, Interval]], rows: list[Tensor], name: str) -> None:
    """table.md and sheet.png."""
    from torchvision.utils import save_image

    out.mkdir(parents=True, exist_ok=True)
    keys = list(next(iter(values.values())))
    lines = [
        f"{name}, {len(rows[0])} pictures",
        "",
        f"| decoder | {' | '.join(keys)} |",
        "| --- |" + " --- |" * len(keys),
    ]
    lines += [
        f"| {row} | {' | '.join(f'{found[key]:.4g}' for key in keys)} |"
        for row, found in values.items()
    ]
    (out / "table.md").write_text("\n".join(lines) + "\n", encoding="utf-8")
    save_image(
        torch.cat([row[:SHOWN] for row in rows]),
        out / "sheet.png",
        nrow=min(SHOWN, len(rows[0])),
        pad_value=0.5,
    )
    print("\n".join(lines), out / "table.md", out / "sheet.png", sep="\n")


if __name__ == "__main__":
    main()
