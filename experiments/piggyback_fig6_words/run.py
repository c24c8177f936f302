"""Fig. 6 of Piggyback: is a colour that the prompt names in the picture? Every colour word before every caption.

    python experiments/piggyback_fig6_words/run.py RUN [--limit 34] [-- method.text_scale=5]

What stands behind -- goes to every evaluation. Interrupted, it goes on where it was."""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

import numpy as np

from colorlab.captions import WORDS, shares
from colorlab.evaluation import read_evaluation, read_sample
from colorlab.judging import as_pictures

HERE = Path("runs/experiments/piggyback_fig6_words")
SAID = ("red", "orange", "yellow", "green", "blue", "purple", "pink", "brown")
CANDIDATES = 4
SHARE = 0.15  # of what is coloured, for a picture to show the word


def main() -> None:
    """Evaluate without a word and with each, then print how often each word is seen."""
    split = sys.argv.index("--") if "--" in sys.argv else len(sys.argv)
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run")
    parser.add_argument("--limit", type=int, default=34)
    options = parser.parse_args(sys.argv[1:split])
    found = {word: seen(options, word, sys.argv[split + 1 :]) for word in ("", *SAID)}
    print("| named | seen when named | seen when not |\n| --- | --- | --- |")
    for word in SAID:
        place = WORDS.index(word)
        print(f"| {word} | {found[word][place]:.2f} | {found[''][place]:.2f} |")
    named = np.mean([found[word][WORDS.index(word)] for word in SAID])
    unnamed = np.mean([found[""][WORDS.index(word)] for word in SAID])
    print(f"| mean | {named:.2f} | {unnamed:.2f} |")


def seen(options: argparse.Namespace, word: str, extra: list[str]) -> np.ndarray:
    """Of each of WORDS, the share of all candidates that show it, when this one is named."""
    folder = HERE / (word or "none")
    text = f"text='{word} {{}}'" if word else "text=captions"
    words = [f"run={options.run}", f"n={CANDIDATES}", f"limit={options.limit}", "features=none", "lpips=none", text]
    command = [sys.executable, "-m", "colorlab.evaluate", *words, f"out={folder}", *extra]
    if code := subprocess.run(command).returncode:
        sys.exit(code)
    names = read_evaluation(folder).document["drawings"]
    shown = [shares(as_pictures(read_sample(folder, name))) >= SHARE for name in names]
    return np.mean([each.float().mean(0).numpy() for each in shown], axis=0)


if __name__ == "__main__":
    main()
