"""Free text on the command line: file names, prompts and titles are what was typed, not Hydra's
grammar.

`input=a (1).png`, `text="a parrot (blue), dog's collar"`, `name=1e5` arrive as they are, as text.
Three things keep their meaning: `null`; a value in quotes of its own (`text='a, b'`, the way Hydra
writes it); a list in brackets where a key takes one (`bias=[1,0,0]`). With -m a comma is a comma
too, but in `text=choice(a red bird,a blue bird)`, which makes a job of each."""

from __future__ import annotations

import re

#: Keys whose values are free text, in any command.
TEXT = re.compile(
    r"[+]{0,2}(input|from|hints|reference|like|shade|text|negative|out|root|name|title|evaluation|objective|quality"
    r"|simplify|bins|features"
    r"|data\.(root|simplify)|guide\.\w+\.(color|run)|logger\.(project|entity|group)"
    r"|method\.(\w+\.)?(negative|prior|published|marginals|text_encoder|decoder|features|vae|bins))"
)
#: Text too, or a list of it in brackets.
LISTS = re.compile(r"[+]{0,2}(bias|export|run|runs|names|plugins|palette|lock|guide\.\w+\.colors)")
# in a list: #1e0050 is no comment, 1e0050 no number
COLOR = re.compile(r"(?<=[\[,])\s*(#?[0-9a-fA-F]{6})\s*(?=[,\]])")
# one value in quotes of its own
ALONE = re.compile(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"", re.DOTALL)
CHOICE = re.compile(r"choice\((.*)\)", re.DOTALL)
GRAMMAR = re.compile(r"\[|^\w+\(")  # of Hydra's, among values: a list, a function such as glob(*)
# up to a comma that is not in quotes
PART = re.compile(rf"\s*({ALONE.pattern}|[^,]*?)\s*(?:,|\Z)", re.DOTALL)


def as_text(words: list[str]) -> list[str]:
    """A command's words, free text in them quoted for Hydra. A quoted word stays as it is."""
    sweep = any(re.fullmatch(r"-\w*m|--multirun", word) for word in words)
    return [_as_text(word, sweep) for word in words]


def _as_text(word: str, sweep: bool) -> str:
    key, equals, value = word.partition("=")
    takes_list = LISTS.fullmatch(key) is not None
    if (
        not equals
        or not (takes_list or TEXT.fullmatch(key))
        or value == "null"
        or ALONE.fullmatch(value)
    ):
        return word
    if sweep and (chosen := CHOICE.fullmatch(value)):
        return f"{key}={_each_quoted(chosen[1])}"
    if takes_list and sweep and "," in value and not GRAMMAR.search(value):
        return f"{key}={_each_quoted(value)}"
    if takes_list and (value.startswith("[") or (sweep and "," in value)):
        return f"{key}={COLOR.sub(lambda found: quoted(found[1]), value)}"
    return f"{key}={quoted(value)}"


def _each_quoted(values: str) -> str:
    """Values between commas as Hydra writes a sweep over texts; of those in its choice() it drops
    the quotes."""
    parts = [part for part in PART.findall(values) if part]
    return ",".join(
        part if part == "null" or ALONE.fullmatch(part) else quoted(part) for part in parts
    )


def quoted(text: str) -> str:
    """As a word of Hydra's grammar that means this text: backslashes before a quote or the end are
    doubled, and OmegaConf's `${` is escaped."""
    text = re.sub(r"(\\*)\$\{", lambda found: found[1] * 2 + "\\${", text)
    text = re.sub(r"(\\*)('|\Z)", lambda found: found[1] * 2 + ("\\'" if found[2] else ""), text)
    return f"'{text}'"
