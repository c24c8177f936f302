"""Fig. 6 of Piggyback: is a colour that the prompt names in the picture? Every colour word before
every caption.

    python experiments/piggyback_fig6_words/run.py RUN [--limit 34] [--scales 1 3 6]
    [-- method.guidance.structure=2]

scales: of the guidance by text (method.guidance.text), a column each. What stands behind -- goes to
every evaluation. Interrupted, it goes on where it was."""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

import numpy as np

from colorlab.cli.config import slug
from colorlab.evaluation.color_names import named_shares
from colorlab.evaluation.folder import read_evaluation, read_sample
from colorlab.evaluation.judging import as_pictures

HERE = Path("runs/experiments/piggyback_fig6_words")
SAID = ("red", "orange", "yellow", "green", "blue", "purple", "pink", "brown")
CANDIDATES = 4
SHARE = 0.15  # of what is coloured, for a picture to show the word


def main() -> None:
    """At each scale, evaluate without a word and with each, then print how often each word is
    seen."""
    split = sys.argv.index("--") if "--" in sys.argv else len(sys.argv)
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("run")
    parser.add_argument("--limit", type=int, default=34)
    parser.add_argument("--scales", type=float, nargs="+", default=[3.0])
    options = parser.parse_args(sys.argv[1:split])
    columns = [
        column
        for scale in options.scales
        for column in rates(options, scale, sys.argv[split + 1 :])
    ]
    heads = [
        f"{what}, scale {scale:g}"
        for scale in options.scales
        for what in ("seen when named", "seen when not")
    ]
    print("| named | " + " | ".join(heads) + " |\n| --- |" + " --- |" * len(heads))
    for i, word in enumerate((*SAID, "mean")):
        print(f"| {word} | " + " | ".join(f"{column[i]:.2f}" for column in columns) + " |")


def rates(
    options: argparse.Namespace, scale: float, extra: list[str]
) -> tuple[list[float], list[float]]:
    """How often each word of SAID is seen when it is named and when none is, and the means behind
    them."""
    named = [seen(options, word, scale, extra)[place] for place, word in enumerate(SAID)]
    unnamed = seen(options, "", scale, extra).tolist()
    return [*named, float(np.mean(named))], [*unnamed, float(np.mean(unnamed))]


def seen(options: argparse.Namespace, word: str, scale: float, extra: list[str]) -> np.ndarray:
    """Of each of SAID, the share of all candidates that show it, when this one is named."""
    folder = HERE / slug("-".join([f"scale{scale:g}", *extra])) / (word or "none")
    text = f"text='{word} {{plain}}'" if word else "text=plain"
    words = [
        f"run={options.run}",
        f"n={CANDIDATES}",
        f"limit={options.limit}",
        "features=none",
        "lpips=none",
        text,
    ]
    words += [f"method.guidance.text={scale:g}", f"out={folder}", *extra]
    if code := subprocess.run([sys.executable, "-m", "colorlab.evaluate", *words]).returncode:
        sys.exit(code)
    names = read_evaluation(folder).document["drawings"]
    shown = [named_shares(as_pictures(read_sample(folder, name)), SAID) >= SHARE for name in names]
    return np.mean([each.float().mean(0).numpy() for each in shown], axis=0)


if __name__ == "__main__":
    main()
