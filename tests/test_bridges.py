"""Other programs and the studio: the interface is as it is written down, and the examples work with
a real studio."""

from __future__ import annotations

import io
import json
import re
import socket
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
import yaml
from PIL import Image, ImageDraw

from tests.conftest import ROOT

pytest.importorskip("starlette")
pytest.importorskip("uvicorn")

from starlette.routing import Mount

from colorlab.exports.kinds import KINDS
from colorlab.studio import requests
from colorlab.studio.app import app_of
from colorlab.studio.requests import ColorRequest, Stroke, request_of

API = yaml.safe_load((ROOT / "docs" / "studio-api.yaml").read_text(encoding="utf-8"))
SCHEMAS = API["components"]["schemas"]
REQUEST = SCHEMAS["ColorRequest"]["properties"] | {"edits": SCHEMAS["Edits"]}
BRIDGES = ROOT / "examples" / "bridges"
VERBS = {"get", "put", "post", "delete"}


def test_every_route_is_written_down_and_no_other(tmp_path: Path) -> None:
    routes = [
        route
        for route in app_of(tmp_path).routes
        if not isinstance(route, Mount) and route.path != "/"
    ]
    there = {(route.path, verb) for route in routes for verb in route.methods - {"HEAD"}}
    written = {
        (path, verb.upper()) for path, it in API["paths"].items() for verb in it if verb in VERBS
    }
    assert there == written


def test_the_references_of_the_interface_lead_somewhere() -> None:
    for found in re.findall(r'\$ref: "#/([^"]+)"', (ROOT / "docs" / "studio-api.yaml").read_text()):
        node: Any = API
        for part in found.split("/"):
            node = node[part]


def test_a_request_is_written_down_with_its_defaults_and_limits() -> None:
    defaults = json.loads(json.dumps(request_of({})._asdict()))
    assert {name: it["default"] for name, it in REQUEST.items()} == defaults
    assert set(SCHEMAS["Stroke"]["properties"]) == set(Stroke._fields)
    most = {
        "strokes": requests.MOST_STROKES,
        "locks": requests.MOST_LOCKS,
        "palette": requests.MOST_COLORS,
    }
    for name, count in (most | {"edits": requests.MOST_EDITS}).items():
        assert REQUEST[name]["maxItems"] == count
    assert (
        REQUEST["n"]["maximum"] == requests.MOST
        and REQUEST["seed"]["maximum"] == requests.LARGEST_SEED
    )
    assert REQUEST["text"]["maxLength"] == requests.LONGEST_TEXT
    assert SCHEMAS["Stroke"]["properties"]["points"]["maxItems"] == requests.MOST_POINTS
    assert SCHEMAS["Stroke"]["properties"]["width"]["maximum"] == requests.WIDEST
    assert SCHEMAS["Name"]["pattern"] == f"^{requests.PICTURE.pattern}$"
    assert SCHEMAS["Kind"]["enum"] == list(KINDS)


@pytest.mark.parametrize("name", ["n", "seed", "vary", "temperature"])
def test_the_limits_that_are_written_down_are_kept(name: str) -> None:
    low, high = REQUEST[name]["minimum"], REQUEST[name]["maximum"]
    assert (
        getattr(request_of({name: low}), name) == low
        and getattr(request_of({name: high}), name) == high
    )
    for beyond in (low - 1, high + 1):
        with pytest.raises(Exception, match=name):
            request_of({name: beyond})
    assert set(REQUEST) == set(ColorRequest._fields)


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a studio in a process of its own."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    home = tmp_path_factory.mktemp("home")
    line = [sys.executable, "-m", "colorlab.studio", "--port", str(port), "--home", str(home)]
    process = subprocess.Popen(
        line, cwd=home, env={"PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None and "the studio is at" in process.stdout.readline()
    for _ in range(100):
        with socket.socket() as knock:
            if knock.connect_ex(("127.0.0.1", port)) == 0:
                break
        time.sleep(0.1)
    yield f"http://127.0.0.1:{port}"
    process.terminate()
    process.wait(30)


@pytest.fixture
def beside(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(BRIDGES))


def drawn() -> Image.Image:
    """Two squares in ink, 120 x 80."""
    picture = Image.new("RGB", (120, 80), "white")
    for left in (10, 65):
        ImageDraw.Draw(picture).rectangle((left, 15, left + 40, 65), outline="black", width=3)
    return picture


@pytest.mark.slow
def test_the_client_saves_layers_of_a_file(studio: str, beside: None, tmp_path: Path) -> None:
    from studio_client import main

    drawn().save(tmp_path / "drawing.png")
    main(str(tmp_path / "drawing.png"), str(tmp_path / "out.ora"), studio)
    with zipfile.ZipFile(tmp_path / "out.ora") as archive:
        assert archive.read("stack.xml").count(b"<stack") == 1 + 4


@pytest.mark.slow
def test_the_client_tells_a_mistake_in_a_line(studio: str, beside: None) -> None:
    from studio_client import Drawing, StudioError

    with pytest.raises(StudioError, match=r"^[^\n]+$"):
        Drawing(b"no picture", "x.png", studio)
    with pytest.raises(StudioError, match=r"python -m colorlab\.studio"):
        Drawing(b"", "x.png", "http://127.0.0.1:9")
    out = io.BytesIO()
    drawn().save(out, "PNG")
    with pytest.raises(StudioError, match="not offered"):
        list(Drawing(out.getvalue(), "x.png", studio).color(run="/etc"))


@pytest.mark.slow
def test_comfyuis_node_gives_colourings_of_the_size_of_its_picture(
    studio: str, beside: None
) -> None:
    from comfyui_colorlab import NODE_CLASS_MAPPINGS

    node = NODE_CLASS_MAPPINGS["ColorlabColourings"]()
    image = torch.from_numpy(np.asarray(drawn()).copy()).float()[None] / 255
    asked = {
        key: value[1]["default"]
        for key, value in node.INPUT_TYPES()["required"].items()
        if len(value) > 1
    }
    (pictures,) = getattr(node, node.FUNCTION)(
        image, **asked | {"n": 2, "palette": "#ff0000 #0000ff"}, address=studio
    )
    assert pictures.shape == (2, 80, 120, 3)
    inside = (pictures[:, 40, 30] * 255).round().int().tolist()
    assert all(color in ([255, 0, 0], [0, 0, 255], [255, 255, 255]) for color in inside)


class Layer(SimpleNamespace):
    """As Krita's: a name, pixels, whether it is seen."""

    def name(self) -> str:
        return self.title

    def pixelData(self, x: int, y: int, width: int, height: int) -> bytes:  # noqa: N802
        return np.asarray(self.picture.convert("RGBA"))[..., [2, 1, 0, 3]].tobytes()

    def setVisible(self, on: bool) -> None:  # noqa: N802
        self.seen = on


@pytest.mark.slow
def test_kritas_script_opens_layers_with_the_colours_of_its_hints(
    studio: str, beside: None
) -> None:
    from krita_colorlab import color_document

    hints = Image.new("RGBA", (120, 80))
    ImageDraw.Draw(hints).rectangle((24, 32, 40, 48), fill=(32, 64, 128, 255))
    layers = [
        Layer(title="ink", picture=drawn(), seen=True),
        Layer(title="hints", picture=hints, seen=True),
    ]

    def export(path: str, info: object) -> None:
        assert not layers[1].seen, "hints are no part of the drawing"
        drawn().save(path)

    document = SimpleNamespace(
        topLevelNodes=lambda: layers, width=lambda: 120, height=lambda: 80, exportImage=export,
        refreshProjection=lambda: None, setBatchmode=lambda on: None,
    )  # fmt: skip
    opened: list[str] = []
    krita = SimpleNamespace(
        activeDocument=lambda: document, openDocument=lambda path: path,
        activeWindow=lambda: SimpleNamespace(addView=opened.append),
    )  # fmt: skip
    path = color_document(krita, None, n=2, address=studio)
    assert opened == [str(path)] and layers[1].seen
    with zipfile.ZipFile(path) as archive:
        merged = Image.open(archive.open("mergedimage.png")).convert("RGB")
    assert (
        max(abs(a - b) for a, b in zip(merged.getpixel((30, 40)), (32, 64, 128), strict=True)) <= 1
    )
