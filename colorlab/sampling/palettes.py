"""The only colours that candidates may have, as a user names them: a list, a file of colours or a
picture."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

from colorlab.data.swatches import READERS, colors_in
from colorlab.errors import ConfigError

HEX = re.compile(r"#?([0-9a-fA-F]{6})")

#: '#rrggbb' or [r, g, b] in [0, 1] each; or the path of a picture whose colours are meant.
Colors = list[Any] | str


def palette_named(key: str, given: Any) -> Colors | None:
    """Colours as guides take them, or the path of a picture, of what was given for a key; null
    stays None.

    ConfigError: it is neither; DataError: a file that holds no colours."""
    if given is None:
        return None
    if isinstance(given, str) and HEX.fullmatch(given) and not os.path.exists(given):
        given = [given]
    if isinstance(given, str):
        path = Path(given)
        if path.suffix.lower() in READERS:
            return [*colors_in(path)]
        if not os.path.isfile(path):
            raise ConfigError(
                f"{key}={given} is not there (give [e05030,204080], a file of colours, or a "
                "picture)"
            )
        return given
    if not given:
        raise ConfigError(f"{key} is empty (give one colour at least, or null for any)")
    return [color_of(key, color) for color in given]


def color_of(key: str, color: Any) -> Any:
    """'#rrggbb', or [r, g, b] in [0, 1]."""
    if isinstance(color, list | tuple):
        if len(color) == 3 and all(
            isinstance(value, int | float) and 0 <= value <= 1 for value in color
        ):
            return [float(value) for value in color]
    elif found := HEX.fullmatch(str(color)):
        return f"#{found[1].lower()}"
    raise ConfigError(f"{key} holds {color!r} (a colour is rrggbb, or [r, g, b] in [0, 1])")
