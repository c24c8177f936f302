"""What a drawing shows, across artists: the code points of its emoji, or its name where a set lists
none.

Skin tones and presentation selectors are no part of a concept. Names are compared without hyphens,
skin tones and numbers at the end. A family is wider: man, woman and person of one trade, whatever
their hair."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from functools import cache

TONES = frozenset(("1f3fb", "1f3fc", "1f3fd", "1f3fe", "1f3ff"))
SELECTORS = frozenset(("fe0e", "fe0f"))
TONE_WORDS = re.compile(
    r"((-(light|medium-light|medium|medium-dark|dark)-skin-tone)|(-tone[1-5]))+$"
)
PERSON = "1f9d1"
PEOPLE = frozenset(
    ("1f466", "1f467", "1f468", "1f469", "1f474", "1f475", "1f476", "1f9d2", "1f9d3")
)
SEX_AND_HAIR = frozenset(("2640", "2642", "1f9b0", "1f9b1", "1f9b2", "1f9b3"))
SHORTEST = 4  # letters of a name that is looked for inside of others
SYNONYMS = {  # names, as sets without code points spell them -> what others call it
    "2hearts": "twohearts",
    "aok": "okhand",
    "asiaaustraliaglobe": "globeshowingasiaaustralia",
    "clock3thirty": "threethirty",
    "clock4thirty": "fourthirty",
    "clock5oclock": "fiveoclock",
    "clock6thirty": "sixthirty",
    "downpointingsmallredtrisngle": "redtrianglepointeddown",
    "exclaimationquestionmark": "exclamationquestionmark",
    "fallingleaf": "fallenleaf",
    "frownmouth": "frowningfacewithopenmouth",
    "grinsweat": "grinningfacewithsweat",
    "grintears": "facewithtearsofjoy",
    "heartblue": "blueheart",
    "heartgreen": "greenheart",
    "heartpurple": "purpleheart",
    "heartyellow": "yellowheart",
    "leftmagnifyingglass": "magnifyingglasstiltedleft",
    "manltepiececlock": "mantelpiececlock",
    "nooneunder18symbol": "nooneundereighteen",
    "pigside": "pig",
    "poo": "pileofpoo",
    "snowmountains": "snowcappedmountain",
    "soonwithrightarrow": "soonarrow",
    "speakeronesoundwave": "speakermediumvolume",
    "speakerwith1soundwave": "speakermediumvolume",
    "tongueout": "facewithtongue",
    "uppointingsmallredtrisngle": "redtrianglepointedup",
}


def stripped(code: str) -> str:
    """'1F44B-1F3FB-FE0F' -> '1f44b'."""
    return "-".join(part for part in code.lower().split("-") if part not in TONES | SELECTORS)


def family(code: str) -> str:
    """The family of a stripped code: '1f469-200d-1f373' and '1f468-200d-1f373' -> '1f9d1-1f373'."""
    parts = (part for part in code.split("-") if part != "200d" and part not in SEX_AND_HAIR)
    return "-".join(PERSON if part in PEOPLE else part for part in parts)


def keys(names: Sequence[str], code: str) -> set[str]:
    """What tells that two drawings show one thing: the family of the code, if there is one, and
    plain names."""
    named = {plain(name) for name in names if name != code} - {""}
    return named | ({family(stripped(code))} if code else set())


@cache
def plain(name: str) -> str:
    """'woman-cook-medium-light-skin-tone' -> 'womancook'; 'boar-2' -> 'boar'; 'heartblue' ->
    'blueheart'."""
    name = TONE_WORDS.sub("", name.lower())
    name = re.sub(r"[^a-z0-9]", "", re.sub(r"(?<=[a-z])-\d+$", "", name))
    return SYNONYMS.get(name, name)


def is_flag(code: str) -> bool:
    """Whether stripped code points are those of a country or region."""
    parts = code.split("-")
    return any("1f1e6" <= part <= "1f1ff" for part in parts) or any(
        part.startswith("e00") for part in parts
    )


class Names:
    """Which code points a name stands for, learnt from sets that give both, and from Unicode.

    known: (name, code) of drawings that have a code."""

    def __init__(self, known: Iterable[tuple[str, str]]) -> None:
        self.codes: dict[str, set[str]] = {}
        for name, code in known:
            self._learn(name, stripped(code))
        for code in self.all_codes():
            if "-" not in code:
                self._learn(unicodedata.name(chr(int(code, 16)), ""), code)

    def _learn(self, name: str, code: str) -> None:
        if plain(name):
            self.codes.setdefault(plain(name), set()).add(code)

    def all_codes(self) -> set[str]:
        return set().union(*self.codes.values())

    def of(self, codes: set[str]) -> set[str]:
        """All plain names of these code points."""
        return {name for name, named in self.codes.items() if named & codes}


class HeldOut:
    """Concepts that no training picture may show.

    codes: stripped."""

    def __init__(self, codes: Iterable[str], names: Names) -> None:
        self.codes, self.known = set(codes), names.codes
        self.names = names.of(self.codes)

    def shows(self, names: list[str], code: str) -> bool:
        """Whether a drawing of these names, and code, if it has one, shows any of them. A name
        without a code that no set knows does if it is part of a held-out name, or the other way
        round: 'tigerside' with 'tiger', 'angry' with 'angryface'."""
        plains = {plain(name) for name in names} - {""}
        if plains & self.names or (code and stripped(code) in self.codes):
            return True
        if code or plains & self.known.keys():
            return False
        return any(_overlap(name, held) for name in plains for held in self.names)


def _overlap(name: str, other: str) -> bool:
    return (len(other) >= SHORTEST and other in name) or (len(name) >= SHORTEST and name in other)
