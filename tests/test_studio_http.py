"""The studio's HTTP interface: a whole piece of work without a browser, and whom it refuses."""

from __future__ import annotations

import asyncio
import io
import json
import os
import re
import shutil
import struct
import weakref
import zipfile
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.conftest import ROOT
from tests.test_studio_session import drawing

pytest.importorskip("starlette")
pytest.importorskip("uvicorn")

from starlette.testclient import TestClient

from colorlab.studio import palettes
from colorlab.studio.app import MOST_OPEN, STATIC, Studio, app_of, begin_session
from colorlab.studio.guard import LARGEST_WISH, Guard


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    with TestClient(
        app_of(tmp_path_factory.mktemp("home")), base_url="http://127.0.0.1:8123"
    ) as client:
        yield client


@pytest.fixture(scope="module")
def home(client: TestClient) -> str:
    """Of a session."""
    begun = client.post(
        "/api/sessions?name=two.png", content=drawing(), headers={"content-type": "image/png"}
    )
    assert begun.status_code == 201
    return f"/api/sessions/{begun.json()['id']}"


def studio_of(client: TestClient) -> Studio:
    """What answers a client."""
    route = next(each for each in client.app.routes if each.path == "/api/start")  # type: ignore[attr-defined]
    return route.endpoint.__closure__[0].cell_contents.__self__  # type: ignore[no-any-return]


def color(client: TestClient, home: str, **request: Any) -> list[dict[str, Any]]:
    answer = client.post(f"{home}/candidates", json=request)
    assert answer.status_code == 200, answer.text
    return [json.loads(line) for line in answer.text.splitlines()]


@pytest.mark.whole
def test_a_drawing_becomes_layers_in_the_hand_of_its_user(client: TestClient, home: str) -> None:
    stroke = {"color": "#204080", "width": 5, "points": [[30, 40]]}
    told = color(client, home, n=2, strokes=[stroke])
    names = [said["picture"] for said in told if "picture" in said]
    assert told[0] == {"waiting": 0} and told[-1] == {"done": True} and len(names) == 2
    picture = Image.open(io.BytesIO(client.get(f"{home}/pictures/{names[0]}.png").content))
    assert picture.size == (120, 80) and picture.getpixel((30, 40)) == (0x20, 0x40, 0x80)
    told = color(client, home, n=1, like=names[0], vary=1, locks=[[30, 40]], seed=5)
    more = next(said["picture"] for said in told if "picture" in said)
    assert client.put(f"{home}/favorites/{more}").json() == {"favorites": [more]}
    file = client.get(f"{home}/export?pictures={names[0]},{more}&kind=ora")
    assert file.headers["content-disposition"] == 'attachment; filename="two.ora"'
    with zipfile.ZipFile(io.BytesIO(file.content)) as archive:
        merged = np.asarray(Image.open(archive.open("mergedimage.png"))).astype(int)
    assert np.abs(merged - np.asarray(picture)).max() <= 1
    assert [each["pictures"] for each in client.get(home).json()["asked"]] == [names, [more]]


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


def test_the_first_page_lists_the_sessions_with_pictures(client: TestClient, home: str) -> None:
    client.post(
        "/api/sessions?name=plain.png", content=drawing(), headers={"content-type": "image/png"}
    )
    name = color(client, home, n=1)[-2]["picture"]
    found = client.get("/api/start").json()["sessions"]
    assert {"id": home[-16:], "name": "two.png"}.items() <= found[0].items()
    assert (
        client.get(
            f"/api/sessions/{found[0]['id']}/pictures/{found[0]['picture']}.png?small"
        ).status_code
        == 200
    )
    assert "plain.png" not in {each["name"] for each in found}
    assert client.get(f"/api/sessions/..%2fx/pictures/{name}.png").status_code == 404


def test_what_nobody_foresaw_is_a_line_too(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("colorlab.studio.offers.drawings", lambda: {}["gone"])
    answer = client.get("/api/start")
    assert answer.status_code == 500 and "KeyError" in answer.json()["error"]


@pytest.mark.parametrize("name", ["a.hex%00", "a.hex/../../x", f"a.{'x' * 300}", ".", "a.svgz"])
def test_a_file_of_colours_may_have_any_name(client: TestClient, name: str) -> None:
    answer = client.post(
        f"/api/palette?name={name}", content=b"ff0000", headers={"content-type": "image/x"}
    )
    assert answer.status_code == 400 and "error" in answer.json()


def test_a_file_of_colours_is_read(client: TestClient) -> None:
    found = client.post(
        "/api/palette?name=a.hex", content=b"e05030\n204080\n", headers={"content-type": "image/x"}
    )
    assert found.json() == {"colors": ["#e05030", "#204080"]}


def test_every_answer_keeps_the_page_to_itself(client: TestClient) -> None:
    headers = client.get("/").headers
    assert (
        "default-src 'none'" in headers["content-security-policy"]
        and headers["x-content-type-options"] == "nosniff"
    )


def test_the_page_names_no_other_machine() -> None:
    for path in STATIC.rglob("*.*"):
        text = path.read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")
        assert not re.search(r"https?:|//[a-z]+\.", text), path.name
        assert path.suffix != ".js" or not re.search(
            r"innerHTML|insertAdjacentHTML|\beval\b|document\.write", text
        )


def test_the_page_has_its_files(client: TestClient) -> None:
    page = client.get("/").text
    files = re.findall(r'(?:src|href)="(/static/[^"#]+)', page)
    assert len(files) > 4 and all(client.get(file).status_code == 200 for file in files)
    used = set(re.findall(r'\bof\("([a-z]+)"\)', (STATIC / "studio.js").read_text()))
    assert used <= set(re.findall(r'\bid="([a-z]+)"', page))


def test_the_interface_is_documented(client: TestClient) -> None:
    text = (ROOT / "docs" / "studio.md").read_text(encoding="utf-8")
    for route in client.app.routes:  # type: ignore[attr-defined]
        if route.path.startswith("/api"):
            assert f"`{route.path}`" in text, route.path


def test_the_studio_is_begun_and_ended_by_its_command(tmp_path: Path) -> None:
    from colorlab.errors import ConfigError
    from colorlab.studio.__main__ import bound, parser

    assert parser().parse_args([]).port == 8123
    taken = bound(0)
    assert taken.getsockname()[0] == "127.0.0.1"
    taken.listen()
    with pytest.raises(ConfigError, match="cannot be had"):
        bound(taken.getsockname()[1])
    taken.close()


def test_areas_are_shown_as_they_were_cut_and_joined(client: TestClient, home: str) -> None:
    pictures = [
        client.get(f"{home}/areas.png"),
        client.post(f"{home}/areas.png", json={"edits": [["cut", 30, 5, 30, 75]]}),
    ]
    before, after = (np.asarray(Image.open(io.BytesIO(each.content))) for each in pictures)
    assert (before[40, 20] == before[40, 40]).all() and (after[40, 20] != after[40, 40]).any()
    refused = client.post(f"{home}/areas.png", json={"edits": [["cut", 30]]})
    assert refused.status_code == 400 and refused.json()["error"].startswith(
        "edit= is lines over areas"
    )


def test_a_reference_is_sent_shown_and_taken_away(client: TestClient, home: str) -> None:
    where, headers = f"{home}/reference.png", {"content-type": "image/png"}
    assert (
        client.get(where).status_code == 404
        and client.put(where, content=b"", headers=headers).status_code == 400
    )
    assert client.put(where, content=drawing(), headers=headers).json() == {"reference": True}
    assert Image.open(io.BytesIO(client.get(where).content)).size == (120, 80)
    assert client.get(home).json()["reference"] is True
    assert (
        client.delete(where).json() == {"reference": False} and client.get(where).status_code == 404
    )


def test_palettes_are_kept_under_names(client: TestClient) -> None:
    two = ["#ff0000", "#0000ff"]
    assert client.put("/api/palettes/my%20two", json=two).json() == {"palettes": {"my two": two}}
    assert client.get("/api/start").json()["palettes"] == {"my two": two}
    for wrong in (["red"], "x" * 10, [1], ["#ff0000"] * 100, {"a": 1}):
        assert client.put("/api/palettes/other", json=wrong).status_code == 400
    assert client.put(f"/api/palettes/{'x' * 80}", json=two).status_code == 400
    assert client.delete("/api/palettes/my%20two").json() == {"palettes": {}}


def test_palettes_that_come_at_once_are_all_kept(tmp_path: Path) -> None:
    with ThreadPoolExecutor(20) as threads:
        list(threads.map(lambda k: palettes.keep(tmp_path, f"p{k}", ["#ff0000"]), range(20)))
    assert len(palettes.kept(tmp_path)) == 20


def test_a_session_that_a_job_works_on_is_the_one_that_is_answered(tmp_path: Path) -> None:
    """However many others are opened meanwhile: of two, each would number its pictures, and one
    would lose its own."""
    with TestClient(app_of(tmp_path), base_url="http://127.0.0.1:8123") as client:
        studio = studio_of(client)
        first = begin_session(tmp_path, drawing(), "first")
        studio._keep(first)
        for k in range(MOST_OPEN + 2):
            studio._keep(begin_session(tmp_path, drawing(), str(k)))
        # as a job does, which holds it
        first.asked.append({"n": 1, "seed": 0, "pictures": ["1-1"]})
        assert client.get(f"/api/sessions/{first.id}").json()["asked"] == first.asked
        known, id = weakref.ref(first), first.id
        del first
        for k in range(MOST_OPEN + 2):
            studio._keep(begin_session(tmp_path, drawing(), str(k)))
        assert known() is None and client.get(f"/api/sessions/{id}").json()["asked"] == []


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
