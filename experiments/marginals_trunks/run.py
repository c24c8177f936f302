"""Do better features give better marginals? Plain, semantic and capsule trunks of equal size, on
held-out pictures.

    python experiments/marginals_trunks/run.py --steps 3000 --seeds 0 1 2
    python experiments/marginals_trunks/run.py --steps 3000 --seeds 0 1 2 -- data=folder
    data.root=PHOTOGRAPHS

What stands behind -- goes to every training. Interrupted, it goes on where it was."""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path
from statistics import mean

import torch

from colorlab.metrics.marginals import calibration_error, macro_error, nll
from colorlab.runs.run import open_run

TRUNKS = ("plain", "semantic", "capsule")
MEASURES = {
    "NLL, nats a pixel": nll,
    "calibration error": calibration_error,
    "macro error": macro_error,
}
Values = dict[str, float]


def main() -> None:
    """Train, judge, print the table."""
    options = parsed(sys.argv[1:])
    measured = {
        trunk: [judged(trained(options, trunk, seed)) for seed in options.seeds] for trunk in TRUNKS
    }
    print(written(measured))


def parsed(words: list[str]) -> argparse.Namespace:
    """The options; ``overrides`` is what stands behind --."""
    split = words.index("--") if "--" in words else len(words)
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--steps", type=int, required=True)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--name", default="trunk", help="of the runs: NAME-plain-s0, ...")
    options = parser.parse_args(words[:split])
    options.overrides = words[split + 1 :]
    return options


def trained(options: argparse.Namespace, trunk: str, seed: int) -> Path:
    """A finished run's folder; trained now, or gone on with, unless it is finished."""
    name = f"{options.name}-{trunk}-s{seed}"
    command = [
        sys.executable,
        "-m",
        "colorlab.train",
        f"name={name}",
        "resume=auto",
        "sheet=0",
        f"seed={seed}",
    ]
    command += [
        "method=marginals",
        f"method.net.trunk={trunk}",
        "data.condition=gray",
        f"trainer.max_steps={options.steps}",
    ]
    if code := subprocess.run([*command, *options.overrides]).returncode:
        sys.exit(code)
    return Path("runs") / name


@torch.inference_mode()
def judged(folder: Path) -> Values:
    """MEASURES over all held-out pictures together, and the prior's NLL beside them."""
    run = open_run(folder)
    method, pictures = run.method(), run.pictures()
    held_out, log_p, bins = pictures.splits["test"], [], []
    for start in range(0, len(held_out), 32):
        batch = pictures[held_out[start : start + 32].tolist()]
        log_p.append(method.marginals(batch.image).log_p)
        bins.append(method.bins.soft(method.target(batch), 1, 1.0).index[..., 0])
    found, truth = torch.cat(log_p), torch.cat(bins)
    values = {name: measure(found, truth) for name, measure in MEASURES.items()}
    prior = method.bins.prior.clamp_min(1e-8).log()
    return values | {"NLL of the prior alone": float(-prior[truth].mean())}


def written(measured: dict[str, list[Values]]) -> str:
    """Markdown: means over seeds, with the smallest and the largest."""
    lines = ["| | " + " | ".join(measured) + " |", "| --- |" + " --- |" * len(measured)]
    for name in next(iter(measured.values()))[0]:
        columns = [[values[name] for values in each] for each in measured.values()]
        cells = [f"{mean(c):.3f} ({min(c):.3f} to {max(c):.3f})" for c in columns]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
