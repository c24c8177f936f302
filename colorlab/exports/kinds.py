"""Which kinds of files colourings are exported as, known without torch."""

from __future__ import annotations

from typing import Any

from colorlab.errors import ConfigError

WHOLE = ("ora", "psd")  # all candidates in one file
KINDS = (*WHOLE, "png", "gpl", "svg")  # the others: a file per candidate


def kinds_of(wanted: Any) -> tuple[str, ...]:
    """The kinds that a word or a list of words asks for; none for null. ConfigError."""
    words = [] if wanted is None else [wanted] if isinstance(wanted, str) else list(wanted)
    for word in words:
        if word not in KINDS:
            raise ConfigError(f"export={word} is unknown (choose from {', '.join(KINDS)})")
    return tuple(dict.fromkeys(words))


def endings_of(kind: str, n: int) -> list[str]:
    """What the names of the files of a kind end in, behind the drawing's name, for n candidates."""
    if kind in WHOLE:
        return [f".{kind}"]
    return [f"-{k + 1}-colors.png" if kind == "png" else f"-{k + 1}.{kind}" for k in range(n)]
