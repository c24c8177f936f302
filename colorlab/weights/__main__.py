"""Pretrained weights:  python -m colorlab.weights [fetch [alex vgg lite0 minilm] | list]"""

from __future__ import annotations

import argparse
import sys

from colorlab.errors import DataError
from colorlab.progress import with_progress
from colorlab.weights.catalogue import MINILM, NETS, TEXT
from colorlab.weights.fetch import fetch, fetch_text
from colorlab.weights.store import _digest, located, text_folder


def _listing(net: str) -> str:
    try:
        if net == TEXT:
            return f"{net:6} {MINILM.sha256}  {MINILM.requirement} in {text_folder()}"
        found = located(net)
    except DataError:
        return f"{net:6} missing"
    return f"{net:6} {_digest(found.tensors)}  {found.source}"


def main(argv: list[str]) -> None:
    """`fetch [nets] [--torchvision]` fills the cache; `list` prints one line a net: name, sha256, source."""
    parser = argparse.ArgumentParser(prog="python -m colorlab.weights", description=__doc__)
    parser.add_argument("action", choices=["fetch", "list"])
    parser.add_argument("nets", nargs="*", metavar="net", help=f"{', '.join(NETS)}, all if none is named; or {TEXT}")
    parser.add_argument("--torchvision", action="store_true", help="use torchvision's own, larger download")
    args = parser.parse_args(argv)
    nets = args.nets or ([*NETS, TEXT] if args.action == "list" else NETS)
    for net in with_progress(nets, len(nets), args.action):
        if net not in (*NETS, TEXT):
            parser.error(f"no pretrained net {net!r}: {', '.join(NETS)}, {TEXT}")
        if args.action == "fetch":
            fetch_text() if net == TEXT else fetch(net, args.torchvision)
        print(_listing(net))


if __name__ == "__main__":
    from colorlab.cli.command import run

    run(main, sys.argv[1:])
