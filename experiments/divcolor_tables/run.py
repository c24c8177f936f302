"""DivColor's Tables 1, 2 and 3 (Deshpande et al., CVPR 2017): train each row, judge it, write table.md.

    python experiments/divcolor_tables/run.py --steps 7500 --seeds 0 1 2
    python experiments/divcolor_tables/run.py --steps 20 --limit 4 --out /tmp/tiny -- data.size=32 method.width=4

What stands behind -- goes to every training. Interrupted, it goes on where it was."""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path
from statistics import mean
from typing import Any

Values = dict[str, float]

#: Tables 1 and 2, with the KL weight as printed: a VAE each; ours+skip's is for Table 3 alone
VAES = {
    "L2": ["method.kl=1e-2", "method.l2=1", "method.hist=0", "method.mah=0", "method.grad=0"],
    "Mah": ["method.kl=1e-2", "method.hist=0", "method.grad=0"],
    "all": ["method.kl=1e-2"],
    "skip": ["method.kl=1e-2", "method.skip=true"],
}
#: Table 3: method, the VAE that its MDN learns on
METHODS = {
    "CVAE": ("cvae", None),
    "cGAN": ("cgan", None),
    "ours": ("divcolor", "all"),
    "ours+skip": ("divcolor", "skip"),
}
COLOURINGS = 5  # shown of each picture
RECONSTRUCTED = ("truth/best_of_1_mae", "truth/mae_grid", "truth/weighted_mae", "truth/macro_mae")
DIVERSE = ("diversity/ab_variance", "diversity/coherence", *(f"truth/best_of_{k + 1}_mae" for k in range(COLOURINGS)))


def main() -> None:
    """All rows, all seeds, then the table."""
    options = parsed(sys.argv[1:])
    measured = {
        name: [row(options, name, seed) for seed in options.seeds] for name in [*VAES, *METHODS] if name != "skip"
    }
    path = options.out / "table.md"
    path.write_text(written(options, measured), encoding="utf-8")
    print(path)


def parsed(words: list[str]) -> argparse.Namespace:
    """The options; ``overrides`` is what stands behind --."""
    split = words.index("--") if "--" in words else len(words)
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, required=True, help="of each training: of a VAE, of an MDN, of a baseline")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--limit", type=int, help="judge only so many held-out pictures")
    parser.add_argument("--out", type=Path, default=Path("runs/divcolor_tables"))
    options = parser.parse_args(words[:split])
    options.overrides = words[split + 1 :]
    options.out.mkdir(parents=True, exist_ok=True)
    return options


def row(options: argparse.Namespace, name: str, seed: int) -> Values:
    """Train what a row needs, and measure it."""
    if name in VAES:
        return reconstruction(vae(options, name, seed), options.limit)
    method, base = METHODS[name]
    own = []
    if base is not None:
        own = [*VAES[base], "method.stage=mdn", f"method.vae={vae(options, base, seed).resolve()}"]
    return diversity(trained(options, name, seed, [f"method={method}", *own]), options.limit)


def vae(options: argparse.Namespace, name: str, seed: int) -> Path:
    """The run of one of VAES."""
    return trained(options, f"vae-{name}", seed, ["method=divcolor", "method.stage=vae", *VAES[name]])


def trained(options: argparse.Namespace, name: str, seed: int, own: list[str]) -> Path:
    """A finished run's folder; trained now, or gone on with, unless it is finished."""
    run = f"{name}-s{seed}"
    command("train", options.out, f"name={run}", f"seed={seed}", "resume=auto", "data.condition=gray",
            f"trainer.max_steps={options.steps}", *own, *options.overrides)  # fmt: skip
    return options.out / "runs" / run


def command(name: str, folder: Path, *words: str) -> None:
    """python -m colorlab.<name>, in a folder; its error ends this script too."""
    done = subprocess.run([sys.executable, "-m", f"colorlab.{name}", *words], cwd=folder)
    if done.returncode:
        sys.exit(done.returncode)


def reconstruction(folder: Path, limit: int | None) -> Values:
    """Tables 1 and 2: the true colours through encoder and decoder, z drawn from Q(z|C)."""
    from colorlab import judging
    from colorlab.draws import Draws
    from colorlab.run import open_run
    from colorlab.types import Batch

    run = open_run(folder)
    method = run.method()
    drawings = judging.held_out(run.pictures(), "test", limit)

    def draw(image: Any, truths: Any, n: int) -> Any:
        draws = Draws(0, [0] * n, range(n), "reconstruction")
        rgb, gray = truths[:1].expand(n, -1, -1, -1), image.expand(n, -1, -1, -1)
        return method.reconstruct(Batch(rgb, gray, None, [], None), draws)

    judge, _ = judging.judge_of("none", "none", "gray")
    values = judging.judged(judge, drawings, draw, 2, "cpu", folder.name).values
    return {key: values[key]["mean"] for key in RECONSTRUCTED if key in values}


def diversity(folder: Path, limit: int | None) -> Values:
    """Table 3."""
    from colorlab.evaluation import located, read_evaluation

    words = [f"run={folder.resolve()}", f"n={COLOURINGS}", "lpips=none", "features=none"]
    command("evaluate", folder, *words, *([f"limit={limit}"] if limit else []))
    values = read_evaluation(located(str(folder), None)).document["values"]
    return {key: values[key]["mean"] for key in DIVERSE if key in values}


def written(options: argparse.Namespace, measured: dict[str, list[Values]]) -> str:
    """Markdown: means over seeds, with the smallest and the largest where there are several."""
    seeds, overrides = ", ".join(map(str, options.seeds)), " ".join(options.overrides) or "none"
    lines = [f"{options.steps} steps, seeds {seeds}, {options.limit or 'all'} pictures, overrides: {overrides}", ""]
    for rows, keys in ((VAES, RECONSTRUCTED), (METHODS, DIVERSE)):
        lines += ["| | " + " | ".join(keys) + " |", "| --- |" + " --- |" * len(keys)]
        shown = [name for name in rows if name in measured]
        lines += [f"| {name} | " + " | ".join(cell(measured[name], key) for key in keys) + " |" for name in shown]
        lines.append("")
    return "\n".join(lines)


def cell(values: list[Values], key: str) -> str:
    """`mean (smallest to largest)`, or a dash."""
    found = [each[key] for each in values if key in each]
    if not found:
        return "-"
    spread = f" ({min(found):.3g} to {max(found):.3g})" if len(found) > 1 else ""
    return f"{mean(found):.3g}{spread}"


if __name__ == "__main__":
    main()
