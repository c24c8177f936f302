"""Vector drawings that are made to harm: each is drawn or refused, and takes no time."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from colorlab.data.vectors import pairs, rendered

SVG = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9">{}</svg>'
SQUARE = '<rect width="9" height="9" fill="#c81e28"/>'
PATIENCE = 5.0  # seconds of this process for what a careless reading would need minutes for
#: Drawings of which a careless reader would never come back, or with all memory gone.
ENDLESS: dict[str, Callable[[], str]] = {
    "gradients in a circle": lambda: SVG.format(
        '<linearGradient id="a" href="#b"/><linearGradient id="b" href="#a"/>'
        '<rect width="9" height="9" fill="url(#a)"/>'
    ),
    "a gradient of itself": lambda: SVG.format(
        '<linearGradient id="a" href="#a"/><rect width="9" height="9" fill="url(#a)"/>'
    ),
    "a transform of letters": lambda: SVG.format(SQUARE[:-2] + f' transform="{"a" * 300_000}"/>'),
    "a transform of brackets": lambda: SVG.format(SQUARE[:-2] + f' transform="{"a(" * 150_000}"/>'),
    "styles that do not end": lambda: SVG.format(f"<!--{'<style' * 50_000}-->{SQUARE}"),
    "rules that do not end": lambda: SVG.format(f"<style>{'.a{' * 100_000}</style>{SQUARE}"),
    "a long rule, used often": lambda: SVG.format(
        "<style>.a{fill:" + "x" * 100_000 + "}</style>" + '<g class="a"/>' * 9_000 + SQUARE
    ),
    "a group of itself": lambda: SVG.format(f'<g id="a"><use href="#a"/></g>{SQUARE}'),
    "a chain of groups": lambda: SVG.format(
        "".join(f'<g id="a{k}"><use href="#a{k + 1}"/></g>' for k in range(1500)) + SQUARE
    ),
    "groups within groups": lambda: SVG.format("<g>" * 150_000 + "</g>" * 150_000 + SQUARE),
    "a deep group, used": lambda: SVG.format(
        f'<use href="#d"/><g id="d">{"<g>" * 150_000}{"</g>" * 150_000}</g>'
    ),
    "very many shapes": lambda: SVG.format("<path/>" * 100_000),
    "entities of entities": lambda: (
        '<!DOCTYPE svg [<!ENTITY a "aaaaaaaaaa">'
        + "".join(f'<!ENTITY {chr(98 + k)} "' + f"&{chr(97 + k)};" * 10 + '">' for k in range(9))
        + f"]>{SVG.format('<g>&j;</g>' + SQUARE)}"
    ),
    "numbers without end": lambda: SVG.format(
        f'<rect width="{"9" * 500}" height="9" transform="scale(1e999) '
        'matrix(1e308,1e308,1e308,1e308,0,0)"/>'
    ),
    "an extent without end": lambda: SVG.format(SQUARE).replace(
        "0 0 9 9", "1e308 -1e308 1e308 1e308"
    ),
    "an extent that is none": lambda: SVG.format(SQUARE).replace("0 0 9 9", "0 0 nan inf"),
    "a colour without end": lambda: SVG.format(
        f'<rect width="9" height="9" fill="hsl({"9" * 90},1%,1%)"/>'
    ),
}


@pytest.mark.parametrize("kind", ENDLESS)
def test_a_hostile_drawing_is_drawn_or_refused_and_takes_no_time(kind: str) -> None:
    began = time.process_time()
    try:
        (picture,) = pairs([ENDLESS[kind]()], 48, 0.02, rendered)
    except ValueError as error:
        assert len(str(error)) < 700
    else:
        assert picture.shape == (4, 48, 48)
    assert time.process_time() - began < PATIENCE
