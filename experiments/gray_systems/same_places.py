"""Bits per number of PIC and of CIC's independent marginals, of the very same numbers: where PIC's
grid has a place, CIC's finer one has one too.

    python experiments/gray_systems/same_places.py CIC_RUN PIC_RUN [drawings]

PIC is one of 23 levels, which are the lines and columns of CIC's bins."""

from __future__ import annotations

import math
import sys

import numpy as np

from colorlab.draws import Draws
from colorlab.evaluation.drawings import held_out
from colorlab.metrics.intervals import interval
from colorlab.runs.run import open_run


def main(cic_run: str, pic_run: str, limit: str = "102") -> None:
    opened = open_run(pic_run)
    cic = open_run(cic_run).method()
    pic = opened.method()
    drawings = held_out(opened.pictures(), "test", int(limit))
    found, each = [], pic.order.stride // cic.net.stride
    for group in drawings.groups:
        index = int(group[0])
        batch = drawings.pictures[[index]]
        joint, alone, _ = pic.likelihood(batch, Draws(0, [index]))
        marginals = cic.nats(batch)[:, ::each, ::each].mean() / (2 * math.log(2))
        found.append((float(marginals), float(joint), float(alone)))
    cic_bits, joint_bits, alone_bits = np.array(found).T
    for title, bits in (
        ("CIC's marginals", cic_bits), ("PIC, joint", joint_bits),
        ("PIC's trunk alone", alone_bits),
        ("PIC, joint, minus CIC's marginals", joint_bits - cic_bits),
    ):  # fmt: skip
        print(f"{title}: {interval(bits, 0):.3f}")


if __name__ == "__main__":
    main(*sys.argv[1:])
