"""Pretrained weights:  python -m colorlab.weights [fetch [alex vgg lite0 minilm cic-eccv16
                        siggraph17] | list]

cic-eccv16 and siggraph17 become runs, run=pretrained/cic-eccv16: the published colorizers of
photographs, from their authors' address or from --file."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from colorlab.errors import ConfigError, DataError
from colorlab.progress import with_progress
from colorlab.storage.cache import fetched_run
from colorlab.weights.catalog import MINILM, NETS, PUBLISHED_NETS, TEXT
from colorlab.weights.fetch import fetch, fetch_text
from colorlab.weights.store import _digest, located, text_folder


def _listing(net: str) -> str:
    if net in PUBLISHED_NETS:
        folder = fetched_run(net)
        return f"{net} {f'run=pretrained/{net} in {folder}' if folder.is_dir() else 'missing'}"
    try:
        if net == TEXT:
            return f"{net:6} {MINILM.sha256}  {MINILM.requirement} in {text_folder()}"
        found = located(net)
    except DataError:
        return f"{net:6} missing"
    return f"{net:6} {_digest(found.tensors)}  {found.source}"


def _published(net: str, file: str | None, prior: str | None) -> None:
    """Make a published net a run; without its prior, CIC's classes stay rebalanced."""
    from colorlab.cli.config import compose
    from colorlab.runs.published import made_of

    found, words = PUBLISHED_NETS[net], [f"name={net}", *PUBLISHED_NETS[net].words]
    if net.startswith("cic"):
        words.append(f"method.classes.undo_rebalancing={str(prior is not None).lower()}")
    elif prior is not None:
        raise ConfigError(
            f"--prior is for cic-eccv16, whose classes were rebalanced (leave it out for {net})"
        )
    made_of(
        found,
        net,
        compose("train", words),
        Path(file) if file else None,
        Path(prior) if prior else None,
    )


def main(argv: list[str]) -> None:
    """`fetch [nets] [--torchvision]` fills the cache; `list` prints one line a net: name, sha256,
    source."""
    known = (*NETS, TEXT, *PUBLISHED_NETS)
    parser = argparse.ArgumentParser(prog="python -m colorlab.weights", description=__doc__)
    parser.add_argument("action", choices=["fetch", "list"])
    parser.add_argument(
        "nets",
        nargs="*",
        metavar="net",
        help=f"{', '.join(known)}; {', '.join(NETS)} if none is named",
    )
    parser.add_argument(
        "--torchvision", action="store_true", help="use torchvision's own, larger download"
    )
    parser.add_argument(
        "--file", help="the authors' file of cic-eccv16 or siggraph17, where you have it already"
    )
    parser.add_argument(
        "--prior",
        help="prior_probs.npy of cic-eccv16: its rebalancing is then undone, colours are paler",
    )
    args = parser.parse_args(argv)
    nets = args.nets or (known if args.action == "list" else NETS)
    for net in with_progress(nets, len(nets), args.action):
        if net not in known:
            parser.error(f"no pretrained net {net!r}: {', '.join(known)}")
        if args.action == "fetch":
            _fetch(net, args)
        print(_listing(net))


def _fetch(net: str, args: argparse.Namespace) -> None:
    if net in PUBLISHED_NETS:
        _published(net, args.file, args.prior)
    elif args.file or args.prior:
        raise ConfigError(
            f"--file and --prior are for {', '.join(PUBLISHED_NETS)} (leave them out for {net})"
        )
    elif net == TEXT:
        fetch_text()
    else:
        fetch(net, args.torchvision)


if __name__ == "__main__":
    from colorlab.cli.command import run

    run(main, sys.argv[1:])
