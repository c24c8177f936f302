"""DivColor's Tables 1, 2 and 3 (Deshpande et al., CVPR 2017): train each row, judge it, write
table.md.

    python experiments/divcolor_tables/run.py --steps 7500 --seeds 0 1 2
    python experiments/divcolor_tables/run.py --steps 20 --limit 4 --out runs/tiny -- data.size=32
    method.width=4

What stands behind -- goes to every training. Interrupted, it goes on where it was."""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from statistics import mean
from typing import Any

# measure -> mean, low, high over pictures; None where there are no bounds
Values = dict[str, dict[str, Any]]
Table = dict[str, list[Values]]  # row -> its seeds

#: Tables 1 and 2, with the KL weight as printed: a VAE each; ours+skip's is for Table 3 alone
VAES = {
    "L2": [
        "method.losses.kl=1e-2",
        "method.losses.l2=1",
        "method.losses.hist=0",
        "method.losses.mah=0",
        "method.losses.grad=0",
    ],
    "Mah": ["method.losses.kl=1e-2", "method.losses.hist=0", "method.losses.grad=0"],
    "all": ["method.losses.kl=1e-2"],
    "skip": ["method.losses.kl=1e-2", "method.net.skip=true"],
}
#: Table 3: method, the VAE that its MDN learns on
METHODS = {
    "CVAE": ("cvae", None),
    "cGAN": ("cgan", None),
    "ours": ("divcolor", "all"),
    "ours+skip": ("divcolor", "skip"),
}
COLOURINGS = 5  # shown of each picture
# of CVAE and cGAN: as published, and what does not average
CLUSTERS = ("centres", "medoids", "none")
GRAY = "all gray"  # the row of the pictures as they are
RECONSTRUCTED = ("truth/best_of_1_mae", "truth/mae_grid", "truth/weighted_mae", "truth/macro_mae")
DIVERSE = (
    "diversity/ab_variance",
    "diversity/coherence",
    "truth/weighted_mae",
    *(f"truth/best_of_{k + 1}_mae" for k in range(COLOURINGS)),
)


def main() -> None:
    """All rows, all seeds, then the two tables."""
    options = parsed(sys.argv[1:])
    reconstructed: Table = defaultdict(list)
    diverse: Table = defaultdict(list)
    for seed in options.seeds:
        for name in ("L2", "Mah", "all"):
            reconstructed[name].append(reconstruction(vae(options, name, seed), options.limit))
        for name, (method, base) in METHODS.items():
            own = (
                []
                if base is None
                else [
                    *VAES[base],
                    "method.stages.stage=mdn",
                    f"method.stages.vae={vae(options, base, seed)}",
                ]
            )
            run = trained(options, name, seed, [f"method={method}", *own])
            for cluster in CLUSTERS if base is None else ("",):
                document = evaluated(run, options.limit, cluster)
                diverse[f"{name}, {cluster}".removesuffix(", ")].append(document["values"])
    reconstructed[GRAY].append(uncoloured(vae(options, "all", options.seeds[0]), options.limit))
    diverse[GRAY].append(document["trivial"]["condition"]["values"])
    path = options.out / "table.md"
    path.write_text(written(options, reconstructed, diverse), encoding="utf-8")
    print(path)


def parsed(words: list[str]) -> argparse.Namespace:
    """The options; ``overrides`` is what stands behind --."""
    split = words.index("--") if "--" in words else len(words)
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--steps",
        type=int,
        required=True,
        help="of each training: of a VAE, of an MDN, of a baseline",
    )
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--limit", type=int, help="judge only so many held-out pictures")
    parser.add_argument("--out", type=Path, default=Path("runs/divcolor_tables"))
    options = parser.parse_args(words[:split])
    options.overrides = words[split + 1 :]
    options.out.mkdir(parents=True, exist_ok=True)
    return options


def vae(options: argparse.Namespace, name: str, seed: int) -> Path:
    """The run of one of VAES."""
    return trained(
        options, f"vae-{name}", seed, ["method=divcolor", "method.stages.stage=vae", *VAES[name]]
    )


def trained(options: argparse.Namespace, name: str, seed: int, own: list[str]) -> Path:
    """A finished run's folder; trained now, or gone on with, unless it is finished."""
    name = f"{name}-s{seed}"
    folder = options.out.resolve() / "runs" / name
    command("train", f"hydra.run.dir={folder}", f"name={name}", f"seed={seed}", "resume=auto",
            "data.condition=gray", f"trainer.max_steps={options.steps}", *own,
            *options.overrides)  # fmt: skip
    return folder


def command(name: str, *words: str) -> None:
    """python -m colorlab.<name>; its error ends this script too."""
    if code := subprocess.run([sys.executable, "-m", f"colorlab.{name}", *words]).returncode:
        sys.exit(code)


def reconstruction(folder: Path, limit: int | None) -> Values:
    """Tables 1 and 2: the true colours through encoder and decoder, z drawn from Q(z|C)."""
    import torch

    from colorlab.draws import Draws
    from colorlab.runs.run import open_run
    from colorlab.types import Batch

    method, unused = open_run(folder).method(), torch.zeros(0)

    def draw(image: Any, truths: Any, n: int) -> Any:
        draws = Draws(0, [0] * n, range(n), "reconstruction")
        rgb, gray = truths[:1].expand(n, -1, -1, -1), image.expand(n, -1, -1, -1)
        return method.reconstruct(Batch(rgb, gray, unused, [], unused), draws)

    return judged(folder, limit, draw)


def uncoloured(folder: Path, limit: int | None) -> Values:
    """Tables 1 and 2 for the gray pictures themselves, of a run's data."""
    from colorlab.evaluation.baselines import as_it_is

    return judged(folder, limit, as_it_is)


def judged(folder: Path, limit: int | None, draw: Any) -> Values:
    """RECONSTRUCTED of what ``draw`` gives for the held-out pictures of a run's data."""
    from colorlab.evaluation.drawings import held_out
    from colorlab.evaluation.judging import judge_of, judged
    from colorlab.runs.run import open_run

    drawings = held_out(open_run(folder).pictures(), "test", limit)
    judge, _ = judge_of("none", "none", "gray")
    return judged(judge, drawings, draw, 2, "cpu", folder.name).values


def evaluated(folder: Path, limit: int | None, cluster: str) -> dict[str, Any]:
    """Table 3: a run's evaluation.json. cluster: of CLUSTERS, or "" for a method without."""
    from colorlab.evaluation.folder import read_evaluation

    out = (
        folder
        / "evaluation"
        / "-".join(filter(None, ["table", cluster, f"limit{limit}" if limit else ""]))
    )
    words = [f"run={folder}", f"out={out}", f"n={COLOURINGS}", "lpips=none", "features=none"]
    words += [f"method.cluster.kind={cluster}"] if cluster else []
    command("evaluate", *words, *([f"limit={limit}"] if limit else []))
    return read_evaluation(out).document


def written(options: argparse.Namespace, reconstructed: Table, diverse: Table) -> str:
    """Markdown: of one seed means with 95 % intervals over pictures, of several their mean,
    smallest and largest."""
    seeds, overrides = ", ".join(map(str, options.seeds)), " ".join(options.overrides) or "none"
    lines = [
        f"{options.steps} steps, seeds {seeds}, {options.limit or 'all'} pictures, overrides: "
        f"{overrides}",
        "",
    ]
    for table, keys in ((reconstructed, RECONSTRUCTED), (diverse, DIVERSE)):
        lines += ["| | " + " | ".join(keys) + " |", "| --- |" + " --- |" * len(keys)]
        lines += [
            f"| {name} | " + " | ".join(cell(rows, key) for key in keys) + " |"
            for name, rows in table.items()
        ]
        lines.append("")
    return "\n".join(lines)


def cell(rows: list[Values], key: str) -> str:
    """`mean [low, high]` of one row, `mean (smallest to largest)` of several, or a dash."""
    found = [each[key] for each in rows if key in each and each[key]["mean"] is not None]
    if not found:
        return "-"
    means = [each["mean"] for each in found]
    if len(means) > 1:
        return f"{mean(means):.3g} ({min(means):.3g} to {max(means):.3g})"
    low, high = found[0]["low"], found[0]["high"]
    return f"{means[0]:.3g}" + ("" if low is None else f" [{low:.3g}, {high:.3g}]")


if __name__ == "__main__":
    main()
