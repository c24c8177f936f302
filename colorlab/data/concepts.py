"""What a drawing shows, across artists: the code points of its emoji, or its name where a set lists none.

Skin tones and presentation selectors are no part of a concept. Names are compared without hyphens, skin tones and
numbers at the end."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

TONES = frozenset(("1f3fb", "1f3fc", "1f3fd", "1f3fe", "1f3ff"))
SELECTORS = frozenset(("fe0e", "fe0f"))
TONE_WORDS = re.compile(r"((-(light|medium-light|medium|medium-dark|dark)-skin-tone)|(-tone[1-5]))+$")
SHORTEST = 4  # letters of a name that is looked for inside of others


def stripped(code: str) -> str:
    """'1F44B-1F3FB-FE0F' -> '1f44b'."""
    return "-".join(part for part in code.lower().split("-") if part not in TONES | SELECTORS)


def plain(name: str) -> str:
    """'woman-cook-medium-light-skin-tone' -> 'womancook'; 'boar-2' -> 'boar'."""
    name = TONE_WORDS.sub("", name.lower())
    return re.sub(r"[^a-z0-9]", "", re.sub(r"(?<=[a-z])-\d+$", "", name))


class Concepts:
    """Names -> code points, learnt from sets that give both, and from Unicode.

    named: (name, code) of every drawing that has a code, aliases too."""

    def __init__(self, named: Iterable[tuple[str, str]]) -> None:
        self.codes: dict[str, set[str]] = {}
        for name, code in named:
            self._learn(name, stripped(code))
        for code in {code for codes in self.codes.values() for code in codes}:
            if re.fullmatch("[0-9a-f]+", code):
                self._learn(unicodedata.name(chr(int(code, 16)), "").replace(" ", "-"), code)

    def _learn(self, name: str, code: str) -> None:
        if plain(name):
            self.codes.setdefault(plain(name), set()).add(code)

    def of(self, names: list[str], code: str) -> frozenset[str]:
        """All concepts that a drawing may stand for: code points, or a plain name if no set knows its code."""
        if code:
            return frozenset((stripped(code),))
        known = [codes for name in names if (codes := self.codes.get(plain(name)))]
        return frozenset().union(*known[:1]) if known else frozenset((plain(names[0]),))

    def names(self, codes: Iterable[str]) -> set[str]:
        """All plain names of these code points."""
        wanted = set(codes)
        return {name for name, named in self.codes.items() if named & wanted}


class HeldOut:
    """Concepts that no training picture may show."""

    def __init__(self, codes: Iterable[str], concepts: Concepts) -> None:
        self.codes = set(codes)
        self.names = concepts.names(self.codes)
        self.known = concepts.codes

    def __contains__(self, drawing: tuple[list[str], frozenset[str]]) -> bool:
        """drawing: its names and concepts. A name that no set knows is held out if it is part of a held-out name, or
        the other way round: 'tigerside' with 'tiger', 'angry' with 'angryface'."""
        names, concepts = drawing
        plains = {plain(name) for name in names} - {""}
        if concepts & self.codes or plains & self.names:
            return True
        if concepts & set().union(*(self.known.get(name, set()) for name in plains)):
            return False
        return any(_overlap(name, held) for name in plains for held in self.names)


def _overlap(name: str, other: str) -> bool:
    return (len(other) >= SHORTEST and other in name) or (len(name) >= SHORTEST and name in other)


def is_flag(code: str) -> bool:
    """Whether stripped code points are those of a country or region."""
    parts = code.split("-")
    return any("1f1e6" <= part <= "1f1ff" for part in parts) or any(part.startswith("e00") for part in parts)
