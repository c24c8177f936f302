"""The studio from another program: its HTTP interface (docs/studio-api.yaml) in plain Python,
nothing to install.

    python -m colorlab.studio                       # in one terminal
    python studio_client.py drawing.png colored.ora  # in another

One file, so that it can be copied into the folder of a plug-in."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import quote, urlencode
from urllib.request import ProxyHandler, Request, build_opener

ADDRESS = "http://127.0.0.1:8123"
_open = build_opener(ProxyHandler({})).open  # the studio is on this machine, behind no proxy


class StudioError(Exception):
    """The studio does not answer, or says in one line what is wrong."""


class Drawing:
    """A session of the studio. size: (width, height); names: of the candidates that came, in
    order."""

    def __init__(self, picture: bytes, name: str = "drawing", address: str = ADDRESS) -> None:
        self.address = address
        told = json.load(
            ask(f"{address}/api/sessions?{urlencode({'name': name})}", picture, "image/png")
        )
        self.home = f"{address}/api/sessions/{told['id']}"
        self.size: tuple[int, int] = (told["width"], told["height"])
        self.names: list[str] = []

    def color(self, **request: Any) -> Iterator[bytes]:
        """Candidates as PNG files, each as soon as it is made. request: n, seed, strokes, palette,
        like, ... ."""
        for line in ask(
            f"{self.home}/candidates", json.dumps(request).encode(), "application/json"
        ):
            said = json.loads(line)
            if "error" in said:
                raise StudioError(said["error"])
            if "picture" in said:
                self.names.append(said["picture"])
                yield ask(f"{self.home}/pictures/{quote(said['picture'])}.png").read()

    def export(self, kind: str, names: list[str] | None = None) -> bytes:
        """Candidates as a file of a kind: ora, psd, png, gpl or svg. names: all that came, if none
        are named."""
        return ask(
            f"{self.home}/export?"
            + urlencode({"kind": kind, "pictures": ",".join(names or self.names)})
        ).read()


def ask(url: str, body: bytes | None = None, kind: str = "") -> Any:
    """A response that can be read, or read line by line. StudioError."""
    try:
        return _open(Request(url, body, {"content-type": kind} if kind else {}))
    except HTTPError as error:
        try:
            said = json.load(error)["error"]
        except (ValueError, KeyError):
            said = str(error)
        raise StudioError(said) from error
    except URLError as error:
        raise StudioError(
            f"there is no studio at {url[:40]} (python -m colorlab.studio): {error.reason}"
        ) from error


def main(given: str, out: str, address: str = ADDRESS) -> None:
    """Four colourings of a drawing, as one file of the kind that its name ends in."""
    drawing = Drawing(Path(given).read_bytes(), Path(given).name, address)
    for k, _ in enumerate(drawing.color(n=4), 1):
        print(f"candidate {k} of 4")
    Path(out).write_bytes(drawing.export(Path(out).suffix[1:]))
    print(out)


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except (StudioError, OSError, TypeError) as error:
        sys.exit(f"studio_client: {error} (python studio_client.py drawing.png colored.ora)")
