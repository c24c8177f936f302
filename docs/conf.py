"""The site: python -m sphinx -W -c docs . dist/docs  (make docs).

Its root is the root of the sources, so that the pages of docs/, the README and the experiments link
to one another as they do on disk."""

from __future__ import annotations

import re

import colorlab

project, author, release = "colorlab", "The colorlab developers", colorlab.__version__
copyright = "the colorlab developers, Apache-2.0"
extensions = ["myst_parser", "sphinx.ext.autodoc"]
root_doc = "docs/index"
include_patterns = [
    "docs/*.md", "README.md", "CONTRIBUTING.md", "CHANGELOG.md", "experiments/*/README.md",
    "examples/plugin/README.md",
]  # fmt: skip
html_theme, html_title = "furo", f"colorlab {release}"
myst_heading_anchors = 3
myst_enable_extensions = ["colon_fence"]
autodoc_typehints, autodoc_member_order = "signature", "bysource"
python_maximum_signature_line_length = 100
nitpicky = False
#: Links to folders and to files that are in the sources and not on the site stay as they are
#: written.
suppress_warnings = ["myst.xref_missing"]

PART = re.compile(r"^((?:[a-z_]+, )*[a-z_]+): ")


def as_fields(
    app: object, what: str, name: str, obj: object, options: object, lines: list[str]
) -> None:
    """In docstrings of the house a line 'name: what it is' begins a part, which goes on to the next
    or to a blank line: as fields for Sphinx. Stars are stars."""
    inside, fresh = False, True  # fresh: a paragraph begins
    for number, line in enumerate(lines):
        if not line.startswith(">>>") and "``" not in line:
            line = line.replace("*", "\\*")
        begins = bool(PART.match(line)) and (inside or fresh)
        fresh = not line.strip()
        inside = begins or (inside and not fresh)
        lines[number] = (
            PART.sub(r":\1: ", line) if begins else f"    {line.strip()}" if inside else line
        )


def setup(app: object) -> None:
    """Called by Sphinx."""
    app.connect("autodoc-process-docstring", as_fields)  # type: ignore[attr-defined]
