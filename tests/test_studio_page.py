"""The studio in a real browser, at a desk and on a phone: paint, colour, choose, lock, vary,
export; nothing leaves."""

from __future__ import annotations

import io
import shutil
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.test_studio_session import drawing

playwright = pytest.importorskip("playwright.sync_api")
pytest.importorskip("starlette")

pytestmark = pytest.mark.slow
PATIENCE = 180_000  # ms: of a busy machine
LOOKS: dict[str, dict[str, Any]] = {
    "desk": {"viewport": {"width": 1360, "height": 860}},
    "phone": {
        "viewport": {"width": 390, "height": 844}, "device_scale_factor": 2, "has_touch": True,
        "is_mobile": True, "color_scheme": "dark",
    },
}  # fmt: skip


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Of a studio begun by its command."""
    words = [
        sys.executable,
        "-m",
        "colorlab.studio",
        "--port",
        "0",
        "--home",
        str(tmp_path_factory.mktemp("home")),
    ]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as studio:
        line = studio.stdout.readline() if studio.stdout else ""
        yield line.split(" is at ")[1].split()[0]
        studio.terminate()


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright.sync_playwright() as started:
        path = shutil.which("chromium") or shutil.which("google-chrome")
        try:
            browser = started.chromium.launch(executable_path=path, args=["--no-sandbox"])
        except playwright.Error as error:
            pytest.skip(f"there is no Chromium: {str(error).splitlines()[0]}")
        yield browser
        browser.close()


@pytest.fixture(params=[*LOOKS])
def page(request: pytest.FixtureRequest, browser: Any, address: str) -> Iterator[Any]:
    """A page with a drawing on it; it fails for an error in a script, or a request to another
    machine."""
    context = browser.new_context(base_url=address, **LOOKS[request.param])
    page, wrong = context.new_page(), []
    page.set_default_timeout(PATIENCE)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    context.on(
        "request",
        lambda it: None if it.url.startswith((address, "blob:")) else wrong.append(it.url),
    )
    page.goto(address)
    page.wait_for_selector("html[data-ready]")
    page.set_input_files("#file", {"name": "two.png", "mimeType": "image/png", "buffer": drawing()})
    page.wait_for_selector("#candidates figure >> nth=7")
    page.wait_for_selector("#colour:enabled")
    yield page
    context.close()
    assert not wrong


def click_at(page: Any, x: float, y: float) -> None:
    """Of the drawing, 120 x 80, which is shown whole."""
    box = page.locator("#page").bounding_box()
    scale = 0.94 * min(box["width"] / 120, box["height"] / 80)
    page.mouse.click(
        box["x"] + box["width"] / 2 + (x - 60) * scale,
        box["y"] + box["height"] / 2 + (y - 40) * scale,
    )


def drag(page: Any, start: tuple[float, float], end: tuple[float, float]) -> None:
    """From a place of the drawing to another."""
    box = page.locator("#page").bounding_box()
    scale = 0.94 * min(box["width"] / 120, box["height"] / 80)
    middle = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    (x, y), (to_x, to_y) = (
        (middle[0] + (x - 60) * scale, middle[1] + (y - 40) * scale) for x, y in (start, end)
    )
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(to_x, to_y, steps=5)
    page.mouse.up()


def candidates(page: Any) -> dict[str, np.ndarray]:
    """(H, W, 3) uint8 of those that are shown, by their names."""
    root = page.evaluate("() => location.hash.slice(1).split(',')[0]")
    names = [
        figure.get_attribute("data-name") for figure in page.locator("#candidates figure").all()
    ]
    bodies = {
        name: page.request.get(f"/api/sessions/{root}/pictures/{name}.png").body() for name in names
    }
    return {
        name: np.asarray(Image.open(io.BytesIO(body)).convert("RGB"))
        for name, body in bodies.items()
    }


def saved(page: Any, kind: str) -> bytes:
    page.select_option("#kind", kind)
    with page.expect_download() as download:
        page.click("#download")
    return Path(download.value.path()).read_bytes()


def test_from_a_drawing_to_layers(page: Any) -> None:
    page.fill("#hex", "#204080")
    page.dispatch_event("#hex", "change")
    click_at(page, 30, 40)
    page.click("#colour")
    page.wait_for_selector("#colour:enabled >> nth=0")
    page.wait_for_selector("#history h3 >> nth=1")
    page.click("#candidates figure >> nth=2 >> .choose")
    chosen = page.locator("#candidates figure >> nth=2").get_attribute("data-name")
    page.click("[data-tool=lock]")
    time.sleep(0.5)  # the areas of the page are there
    click_at(page, 85, 40)
    page.click("#more")
    page.wait_for_selector("#history h3 >> nth=2")
    root = page.evaluate("() => location.hash.slice(1)")
    names = [
        figure.get_attribute("data-name") for figure in page.locator("#candidates figure").all()
    ]
    pictures = {
        name: np.asarray(
            Image.open(
                io.BytesIO(page.request.get(f"/api/sessions/{root}/pictures/{name}.png").body())
            ).convert("RGB")
        )
        for name in [chosen, *names]
    }
    assert len(names) == 8 and all(
        tuple(pictures[name][40, 30]) == (0x20, 0x40, 0x80) for name in pictures
    )
    assert all(
        (pictures[name][18:62, 69:102] == pictures[chosen][18:62, 69:102]).all() for name in names
    )
    with zipfile.ZipFile(io.BytesIO(saved(page, "ora"))) as archive:
        merged = np.asarray(Image.open(archive.open("mergedimage.png"))).astype(int)
    assert np.abs(merged - pictures[chosen]).max() <= 1
    page.reload()  # the locked area is, and in the same candidate
    page.wait_for_selector("#candidates figure >> nth=7")
    page.wait_for_selector(f"#history figure[data-name='{chosen}'] >> .choose[aria-pressed=true]")
    time.sleep(1)
    page.click("#settings summary")
    page.fill("#seed", "9")
    page.click("#colour")
    page.wait_for_selector("#history h3 >> nth=3")
    page.wait_for_selector("#colour:enabled")
    again = candidates(page)
    assert not again.keys() & {chosen, *names}
    assert all(
        (each[18:62, 69:102] == pictures[chosen][18:62, 69:102]).all() for each in again.values()
    )


def test_the_keyboard_alone_does_it(page: Any) -> None:
    page.focus("#page")
    for _ in range(3):
        page.keyboard.press("ArrowLeft")
    page.keyboard.press("Enter")
    assert page.is_enabled("#undo")
    page.keyboard.press("Control+z")
    assert page.is_disabled("#undo") and page.is_enabled("#redo")
    page.keyboard.press("2")
    assert (
        page.locator("#candidates figure >> nth=1 >> .choose").get_attribute("aria-pressed")
        == "true"
    )
    assert page.is_enabled("#download") and page.is_enabled("#more")


def test_asked_again_with_nothing_changed_it_draws_others(page: Any) -> None:
    before = candidates(page)
    page.click("#colour")
    page.wait_for_selector("#history h3 >> nth=1")
    page.wait_for_selector("#colour:enabled")
    assert page.input_value("#seed") == "1"
    assert {each.tobytes() for each in candidates(page).values()} - {
        each.tobytes() for each in before.values()
    }


def test_what_is_filled_in_a_chosen_candidate_is_saved_with_it(page: Any) -> None:
    page.click("#candidates figure >> nth=1 >> .choose")
    chosen = candidates(page)[
        page.locator("#candidates figure >> nth=1").get_attribute("data-name")
    ]
    page.fill("#hex", "#204080")
    page.dispatch_event("#hex", "change")
    click_at(page, 30, 40)
    with zipfile.ZipFile(io.BytesIO(saved(page, "ora"))) as archive:
        merged = np.asarray(Image.open(archive.open("mergedimage.png")).convert("RGB")).astype(int)
    assert tuple(merged[40, 30]) == (0x20, 0x40, 0x80)
    assert np.abs(merged - chosen)[:, 60:].max() <= 1


def test_a_session_is_found_again_on_the_first_page(page: Any) -> None:
    root = page.evaluate("() => location.hash.slice(1)")
    page.click("header a")
    page.wait_for_selector("html[data-ready]")
    page.click("#sessions button >> nth=0")  # the latest
    page.wait_for_selector("#candidates figure >> nth=7")
    assert page.evaluate("() => location.hash.slice(1)") == root


def test_areas_are_joined_and_cut_by_a_line(page: Any) -> None:
    page.click("[data-tool=join]")
    time.sleep(0.5)
    drag(page, (30, 40), (85, 40))
    page.wait_for_function(
        "() => document.getElementById('said').textContent.startsWith('Joined: ')"
    )
    page.click("[data-tool=cut]")
    drag(page, (85, 12), (85, 68))
    page.wait_for_function("() => document.getElementById('said').textContent.startsWith('Cut: ')")
    page.click("#undo")
    page.fill("#hex", "#204080")
    page.dispatch_event("#hex", "change")
    page.click("[data-tool=fill]")
    click_at(page, 30, 40)
    page.click("#colour")
    page.wait_for_selector("#history h3 >> nth=1")
    pictures = candidates(page)
    assert all(
        tuple(each[40, 30]) == tuple(each[40, 85]) == (0x20, 0x40, 0x80)
        for each in pictures.values()
    )
    page.reload()  # strokes and joins are there again
    page.wait_for_selector("#candidates figure >> nth=7")
    assert page.is_enabled("#undo")


def test_several_drawings_with_one_palette_side_by_side(page: Any) -> None:
    files = [{"name": f"{k}.png", "mimeType": "image/png", "buffer": drawing()} for k in (1, 2)]
    page.set_input_files("#file", files)
    page.wait_for_selector("#pages button >> nth=2")
    page.wait_for_selector("#every:enabled")
    page.click("#settings summary")
    page.fill("#hex", "#204080")
    page.dispatch_event("#hex", "change")
    page.click("#add")
    page.fill("#named", "blue")
    page.click("#keep")
    page.wait_for_selector("#names option[value=blue]", state="attached")
    page.fill("#n", "2")
    page.select_option("#beside", "pretrained/flats")
    page.click("#every")
    page.wait_for_selector("#pages button >> nth=2 >> xpath=self::*[@aria-current='true']")
    page.wait_for_selector("#candidates h3 >> nth=1")
    page.wait_for_selector("#colour:enabled")
    assert page.locator("#candidates figure").count() == 4
    for each in candidates(page).values():
        assert {tuple(color) for color in each.reshape(-1, 3)} & {
            (0x20, 0x40, 0x80),
            (255, 255, 255),
        }
    page.click("#any")
    page.fill("#named", "blue")
    page.dispatch_event("#named", "change")
    assert page.locator("#palette .chip").count() == 1
    page.click("#forget")
    page.wait_for_selector("#names option[value=blue]", state="detached")


def test_colours_of_another_picture_are_taken_and_left_again(page: Any) -> None:
    pixels = np.asarray(Image.open(io.BytesIO(drawing())).convert("RGB")).copy()
    for left, color in ((18, (192, 32, 32)), (69, (32, 64, 160))):
        inside = pixels[18:62, left : left + 33]
        inside[inside.min(2) > 200] = color
    painted = io.BytesIO()
    Image.fromarray(pixels).save(painted, "PNG")
    page.click("#settings summary")
    page.set_input_files(
        "#reference", {"name": "like.png", "mimeType": "image/png", "buffer": painted.getvalue()}
    )
    page.wait_for_selector("#unrefer")
    page.click("#colour")
    page.wait_for_selector("#history h3 >> nth=1")
    page.wait_for_selector("#colour:enabled")
    assert {(tuple(each[40, 35]), tuple(each[40, 85])) for each in candidates(page).values()} == {
        ((192, 32, 32), (32, 64, 160))
    }
    page.click("#unrefer")
    page.wait_for_selector("#unrefer", state="hidden")
    page.click("#colour")
    page.wait_for_selector("#history h3 >> nth=2")
    page.wait_for_selector("#colour:enabled")
    assert len({tuple(each[40, 35]) for each in candidates(page).values()}) > 1


def test_everything_has_a_name_and_nothing_is_beyond_the_edge(page: Any) -> None:
    nameless = page.locator("button:visible, input:visible, select:visible").evaluate_all(
        "all => all.filter(e => !(e.ariaLabel || e.title || e.textContent.trim() || "
        "e.labels?.length || e.querySelector('img')?.alt)).map(e => e.id)"
    )
    assert nameless == []
    assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
