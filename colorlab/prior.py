"""Count how often each bin of the ab plane occurs:  python -m colorlab.prior data=folder data.root=FOLDER out=FILE

The file serves method.prior of cic and marginals, which count for themselves without one (CIC Sec. 2.2)."""

from __future__ import annotations

import sys
from pathlib import Path


def main(argv: list[str]) -> None:
    """argv: key=value. Writes the prior, prints its entropy and the share of the gray bins."""
    from colorlab.cli.config import compose
    from colorlab.cli.targets import build

    if not argv or argv[0] in ("-h", "--help"):
        print(__doc__)
        return
    cfg = compose("prior", argv)

    import torch

    from colorlab.ab_bins import Bins, entropy, save_prior
    from colorlab.color import AB, AB_SCALE

    pictures, bins = build(cfg.data), Bins(cfg.bins)
    train = pictures.splits["train"]
    chosen = train[torch.linspace(0, len(train) - 1, min(cfg.pictures, len(train))).long().numpy()].tolist()
    groups = [chosen[start : start + 32] for start in range(0, len(chosen), 32)]
    encoded = (AB_SCALE * AB().encode(pictures[group].rgb) for group in groups)
    bins.fit((ab.movedim(1, -1).flatten(0, 2) for ab in encoded), cfg.sigma)
    save_prior(Path(cfg.out), bins.table, bins.prior)
    gray = float(bins.prior[bins.table.norm(dim=1) < 15].sum())
    print(
        f"{cfg.out}: {len(bins)} bins, {len(chosen)} pictures, entropy {entropy(bins.prior):.2f} nats, gray {gray:.0%}"
    )


if __name__ == "__main__":
    from colorlab.cli.command import run

    run(main, sys.argv[1:])
