"""Whom and what the studio's HTTP interface refuses, in a line each."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.test_studio_session import drawing

pytest.importorskip("starlette")
pytest.importorskip("uvicorn")

from starlette.testclient import TestClient

from colorlab.studio.app import app_of
from colorlab.studio.guard import LARGEST_WISH, Guard
from tests import studio_client
from tests.studio_client import color

client, home = studio_client.client, studio_client.home  # fixtures


def test_a_request_that_cannot_be_is_one_line(client: TestClient, home: str) -> None:
    assert (
        "error"
        in color(client, home, n=1, run="pretrained/gpic-openmoji-c8", palette=["#ff0000"])[-1]
    )
    refused = client.post(f"{home}/candidates", json={"n": 1, "run": "/etc"})
    assert refused.status_code == 400 and refused.json() == {"error": "run=/etc is not offered"}
    assert (
        client.post(
            f"{home}/candidates", content=b"[[[", headers={"content-type": "text/plain"}
        ).status_code
        == 400
    )


@pytest.mark.parametrize(
    "path",
    [
        "/api/sessions/0000000000000000",
        "/api/sessions/..%2f..%2fetc",
        "/static/..%2fapp.py",
        "/static/../app.py",
        "/x",
    ],
)
def test_nothing_else_is_served(client: TestClient, path: str) -> None:
    assert client.get(path).status_code == 404


def test_no_picture_beyond_the_session_is_served(client: TestClient, home: str) -> None:
    for name in ("drawing", "..%2f..%2fx", "9-9"):
        assert client.get(f"{home}/pictures/{name}.png").status_code == 404


@pytest.mark.parametrize(
    "headers",
    [
        {"host": "evil.example"}, {"host": "127.0.0.1.evil.example:8123"},
        {"origin": "http://evil.example"}, {"origin": "null"}, {"origin": "http://127.0.0.1:9999"},
        {"sec-fetch-site": "cross-site"}, {"origin": "http://["}, {"origin": "http://[::1"},
    ],
)  # fmt: skip
def test_another_sites_page_is_refused(
    client: TestClient, home: str, headers: dict[str, str]
) -> None:
    assert client.post(f"{home}/candidates", json={"n": 1}, headers=headers).status_code in (
        400,
        403,
    )
    assert client.get(home, headers=headers).status_code in (400, 403)


def test_a_link_elsewhere_opens_the_studio_and_a_form_elsewhere_begins_nothing(
    client: TestClient, home: str
) -> None:
    link = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}
    assert client.get("/", headers=link).status_code == 200
    for kind in (
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "text/plain",
        "image/png",
    ):
        form = link | {"content-type": kind}
        assert (
            client.post("/api/sessions?name=a.png", content=drawing(), headers=form).status_code
            == 403
        )
        assert (
            client.post(f"{home}/candidates", content=b'{"n": 1}', headers=form).status_code == 403
        )


def test_the_own_page_is_answered(client: TestClient, home: str) -> None:
    own = {"origin": "http://127.0.0.1:8123", "sec-fetch-site": "same-origin"}
    assert client.get(home, headers=own).status_code == 200


def test_a_body_beyond_its_limit_is_refused_whether_it_says_so_or_not(
    client: TestClient, home: str
) -> None:
    def pieces() -> Iterator[bytes]:
        for _ in range(6):
            yield b"x" * (LARGEST_WISH // 4)

    for content in (b"x" * (LARGEST_WISH + 1), pieces()):
        sent = client.post(
            f"{home}/candidates", content=content, headers={"content-type": "application/json"}
        )
        assert sent.status_code == 413


@pytest.mark.parametrize("content", [b"", b"no picture", b"<svg"])
def test_what_is_no_picture_begins_nothing(client: TestClient, content: bytes) -> None:
    answer = client.post(
        "/api/sessions?name=a.png", content=content, headers={"content-type": "image/png"}
    )
    assert answer.status_code == 400 and "\n" not in answer.json()["error"]


@pytest.mark.parametrize(
    "wish", [{"run": "\ud800"}, {"\udfff": 1}, {"style": "\ud800"}, {"text": ["\ud800"]}], ids=ascii
)
def test_text_that_is_none_is_refused(client: TestClient, home: str, wish: dict[str, Any]) -> None:
    answer = client.post(
        f"{home}/candidates",
        content=json.dumps(wish).encode(),
        headers={"content-type": "text/plain"},
    )
    assert answer.status_code == 400 and answer.json() == {"error": "the body is no JSON"}


@pytest.mark.parametrize(
    "kind", ["a pipe", "no picture", "a bomb", "a link", "a wish of another shape"]
)
def test_a_strangers_session_is_refused_in_a_line(tmp_path: Path, kind: str) -> None:
    session = tmp_path / "f0f0f0f0f0f0f0f0"
    session.mkdir()
    kept = {
        "name": "x",
        "asked": [{"n": 1, "seed": 0, "pictures": 5 if kind.endswith("shape") else []}],
        "favorites": [],
    }
    (session / "session.json").write_text(json.dumps(kept))
    place = session / "drawing.png"
    if kind == "a pipe":
        os.mkfifo(place)
    elif kind == "a link":
        (tmp_path / "precious.png").write_bytes(drawing())
        place.symlink_to("../precious.png")
    else:
        place.write_bytes({"no picture": b"no picture", "a bomb": huge()}.get(kind, drawing()))
    with TestClient(app_of(tmp_path), base_url="http://127.0.0.1:8123") as client:
        answer = client.get(f"/api/sessions/{session.name}")
    assert answer.status_code == 400 and "\n" not in answer.json()["error"]


def huge() -> bytes:
    """A PNG file whose header says that it has 3,600 megapixels."""
    content = bytearray(drawing())
    content[16:24] = struct.pack(">II", 60_000, 60_000)
    content[29:33] = struct.pack(">I", zlib.crc32(content[12:29]))
    return bytes(content)


def test_what_nobody_foresaw_is_a_line_too(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("colorlab.studio.offers.drawings", lambda: {}["gone"])
    answer = client.get("/api/start")
    assert answer.status_code == 500 and "KeyError" in answer.json()["error"]


def test_a_session_whose_files_are_gone_is_told_in_a_line(tmp_path: Path) -> None:
    with TestClient(app_of(tmp_path), base_url="http://127.0.0.1:8123") as client:
        headers = {"content-type": "image/png"}
        id = client.post("/api/sessions?name=a.png", content=drawing(), headers=headers).json()[
            "id"
        ]
        shutil.rmtree(tmp_path / id)
        for what in ("drawing.png", "reference.png", "pictures/1-1.png"):
            assert client.get(f"/api/sessions/{id}/{what}").status_code == 404
        assert client.put(f"/api/sessions/{id}/favorites/1-1").status_code == 404


def test_a_page_that_goes_away_while_it_sends_is_no_failure(
    client: TestClient, caplog: Any
) -> None:
    said: list[Any] = []

    async def receive() -> Any:
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        said.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/api/sessions",
        "query_string": b"",
        "root_path": "",
    }
    headers = [
        (b"host", b"127.0.0.1"),
        (b"content-type", b"image/png"),
        (b"content-length", b"1000"),
    ]
    asyncio.run(client.app(scope | {"headers": headers}, receive, send))  # type: ignore[arg-type]
    assert said[0]["status"] == 400 and not caplog.records


@pytest.mark.parametrize("length", [b"9" * 5000, b"\xb2", b"-1", b"1.5", b""])
def test_a_length_that_is_none_is_refused(length: bytes) -> None:
    said: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        raise AssertionError("it was let through")

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        said.append(message)

    headers = [(b"host", b"127.0.0.1"), (b"content-length", length)]
    asyncio.run(
        Guard(app)(
            {"type": "http", "method": "POST", "path": "/", "headers": headers}, receive, send
        )
    )
    assert said[0]["status"] == 413
