"""How often a JPEG file goes through its picture, counted without decoding it.

ITU-T T.81, Annex B.1.1.2 (markers) and B.2.1 (order of segments)."""

from __future__ import annotations

import re
from typing import BinaryIO

SIGNATURE = b"\xff\xd8\xff"
# 0 is a byte of a scan's data, d0 to d7 restart it
MARKER = re.compile(rb"\xff+([\x01-\xcf\xd8-\xfe])", re.DOTALL)
END, SCAN = 0xD9, 0xDA
READ = 1 << 27  # bytes of a file that are looked at


def scans(file: BinaryIO, enough: int) -> int:
    """The number of scans in a JPEG file: one in most, about ten in progressive ones. 0: it is
    none. Where there are surely fewer than ``enough``, their number is not exact."""
    file.seek(0)
    if file.read(len(SIGNATURE)) != SIGNATURE:
        return 0
    file.seek(len(SIGNATURE) - 1)
    data = file.read(READ)
    if (most := data.count(bytes((0xFF, SCAN)))) < enough:
        return most
    count = place = 0
    while (found := MARKER.search(data, place)) and (kind := found[1][0]) != END:
        count += kind == SCAN
        place = found.end() + max(2, int.from_bytes(data[found.end() : found.end() + 2], "big"))
    return count
