"""The studio's HTTP interface: a whole piece of work without a browser."""

from __future__ import annotations

import io
import re
import weakref
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.conftest import ROOT
from tests.test_studio_session import drawing

pytest.importorskip("starlette")
pytest.importorskip("uvicorn")

from starlette.testclient import TestClient

from colorlab.studio import palettes
from colorlab.studio.app import MOST_OPEN, STATIC, app_of, begin_session
from tests import studio_client
from tests.studio_client import color, studio_of

client, home = studio_client.client, studio_client.home  # fixtures


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
