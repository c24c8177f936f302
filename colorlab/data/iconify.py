"""Coloured icon sets as the npm packages @iconify-json/<set> hold them: one JSON of SVG bodies,
names and licence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from colorlab.data.archives import About, Vector
from colorlab.data.shapes import SVG, XLINK
from colorlab.errors import DataError
from colorlab.storage.plain import content, json_of

LARGEST = 200_000_000  # bytes of a file
OPTIONAL = ("chars.json", "metadata.json")
FILES = ("icons.json", "info.json", "package.json", *OPTIONAL)


def read_package(folder: Path) -> tuple[About, list[Vector]]:
    """The drawings of an unpacked package, flags and withdrawn ones left out; DataError if it is
    none."""
    icons, info, package, chars, metadata = (_json(folder / name) for name in FILES)
    try:
        return _about(info, package), _drawings(
            icons, chars, set(metadata.get("categories", {}).get("Flags", []))
        )
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise DataError(
            f"{folder} is no @iconify-json package: {error!r} is amiss (give another)"
        ) from error


def _about(info: dict[str, Any], package: dict[str, Any]) -> About:
    author, terms = info.get("author", {}), info["license"]
    license_name = terms.get("spdx") or terms["title"]
    return About(
        info["name"],
        author.get("name", ""),
        author.get("url", ""),
        license_name,
        package["version"],
    )


def _drawings(icons: dict[str, Any], chars: dict[str, str], flags: set[str]) -> list[Vector]:
    code_of = {name: code for code, name in reversed(chars.items())}
    aliases: dict[str, list[str]] = {}
    for alias, target in icons.get("aliases", {}).items():
        if not set(target) - {"parent"}:  # one that is mirrored or turned is another drawing
            aliases.setdefault(target["parent"], []).append(alias)
    return [
        Vector([name, *aliases.get(name, [])], code_of.get(name, ""), _svg(icon, icons))
        for name, icon in sorted(icons["icons"].items())
        if not icon.get("hidden") and name not in flags
    ]


def _svg(icon: dict[str, Any], icons: dict[str, Any]) -> str:
    left, top = icon.get("left", 0), icon.get("top", 0)
    width, height = (icon.get(side, icons.get(side, 16)) for side in ("width", "height"))
    links = f' xmlns:xlink="{XLINK}"' if "xlink:" in icon["body"] else ""
    return f'<svg xmlns="{SVG}"{links} viewBox="{left} {top} {width} {height}">{icon["body"]}</svg>'


def _json(path: Path) -> Any:
    if path.name in OPTIONAL and not path.is_file():
        return {}
    try:
        return json_of(content(path, LARGEST))
    except (OSError, ValueError) as error:
        raise DataError(
            f"{path} cannot be read: {error} (give an unpacked @iconify-json package)"
        ) from error
