"""A person's work on a drawing, without a page: requests are bounded, what comes is kept, what is
locked stays."""

from __future__ import annotations

import io
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw

from colorlab.errors import ColorlabError, ConfigError, DataError
from colorlab.studio import offers
from colorlab.studio.requests import Stroke, painted, request_of
from colorlab.studio.session import Session, most_different
from colorlab.studio.worker import Job, Worker


def drawing() -> bytes:
    """Two squares in ink, 120 x 80."""
    picture = Image.new("RGB", (120, 80), "white")
    pen = ImageDraw.Draw(picture)
    pen.rectangle((10, 15, 50, 65), outline="black", width=2)
    pen.rectangle((65, 15, 105, 65), outline="black", width=2)
    out = io.BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Session:
    return Session.begin(tmp_path_factory.mktemp("home"), drawing(), "two squares.png")


def colored(session: Session, **words: Any) -> list[np.ndarray]:
    told: list[dict[str, Any]] = []
    session.color(request_of({"n": 2, **words}), told.append)
    return [
        np.asarray(session.picture(each["picture"]).convert("RGB"))
        for each in told
        if "picture" in each
    ]


def test_a_click_colours_its_area_in_every_candidate(session: Session) -> None:
    stroke = {"color": "#e05030", "width": 5, "points": [[30, 40]]}
    for picture in colored(session, strokes=[stroke]):
        assert (picture[18:62, 14:47] == (224, 80, 48)).all()


def test_locked_areas_stay_and_the_rest_changes(session: Session) -> None:
    stroke = {"color": "#204080", "width": 5, "points": [[85, 40]]}
    colored(session, strokes=[stroke], seed=1)
    like = session.asked[-1]["pictures"][0]
    before = np.asarray(session.picture(like).convert("RGB"))
    for picture in colored(session, like=like, vary=1, locks=[[85, 40]], seed=2):
        assert (picture[18:62, 69:102] == before[18:62, 69:102]).all()


def test_only_the_colours_of_a_palette_come(session: Session) -> None:
    allowed = {(255, 0, 0), (0, 0, 255), (255, 255, 255)}
    for picture in colored(session, palette=["#ff0000", "#0000ff"]):
        assert {tuple(picture[40, 30]), tuple(picture[40, 85])} <= allowed


def test_a_session_is_there_again_when_it_is_reopened(session: Session) -> None:
    colored(session, seed=9)
    session.prefer(session.asked[-1]["pictures"][1], True)
    again = Session.reopened(session.folder.parent, session.id)
    assert again.state() == session.state() and again.favorites == [
        session.asked[-1]["pictures"][1]
    ]


@pytest.mark.parametrize("id", ["../../etc", "0" * 16, "", "g" * 16])
def test_no_other_folder_is_opened(session: Session, id: str) -> None:
    with pytest.raises(DataError):
        Session.reopened(session.folder.parent, id)


def test_ending_a_job_keeps_what_is_there(session: Session) -> None:
    count = len(session.asked)

    def ended(news: dict[str, Any]) -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        session.color(request_of({"n": 2}), ended)
    assert len(session.asked) == count + 1 and len(session.asked[-1]["pictures"]) == 1


def test_a_request_that_cannot_be_leaves_no_trace(session: Session) -> None:
    state = session.state() | {"asked": list(session.asked)}
    with pytest.raises(ColorlabError):
        session.color(request_of({"n": 1, "run": "runs/nowhere"}), lambda said: None)
    assert session.state() == state


def test_candidates_are_exported(session: Session) -> None:
    colored(session)
    names = session.asked[-1]["pictures"]
    name, content = session.exported(names, "ora")
    assert name == "two-squares.ora" and content[:2] == b"PK"
    assert session.exported(names, "gpl")[0] == "two-squares-gpl.zip"
    assert session.exported(names[:1], "svg")[1].startswith(b"<svg")
    for wrong in (["../x"], ["9-9"]):
        with pytest.raises(DataError):
            session.exported(wrong, "ora")


def test_areas_come_as_a_picture_of_numbers(session: Session) -> None:
    pixels = np.asarray(Image.open(io.BytesIO(session.areas())).convert("RGB")).astype(int)
    labels = pixels @ (1, 256, 65536)
    assert len({labels[2, 2], labels[40, 30], labels[40, 85]}) == 3


@pytest.mark.parametrize(
    "wrong",
    [
        None, [], {"n": 0}, {"n": 1000}, {"n": float("nan")}, {"seed": -1}, {"vary": 2},
        {"colour": "red"}, {"run": 3}, {"strokes": [{}]},
        {"strokes": [{"color": "red", "width": 3, "points": [[1, 1]]}]},
        {"strokes": [{"color": "#ff0000", "width": 3, "points": []}]}, {"strokes": [0] * 1000},
        {"strokes": [{"color": "#ff0000", "width": 3, "points": [[1, 1]] * 20_000}] * 3},
        {"strokes": [{"color": "#ff0000", "width": float("inf"), "points": [[1, 1]]}]},
        {"locks": [[1]]}, {"like": "../1-1"}, {"palette": ["url(x)"]}, {"text": "x" * 1000},
        {"temperature": "hot"},
    ],
)  # fmt: skip
def test_requests_are_bounded(wrong: Any) -> None:
    with pytest.raises(ConfigError):
        request_of(wrong)


def test_a_stroke_of_no_length_is_a_dot_and_an_eraser_takes_back() -> None:
    dot = Stroke("#ff0000", 9, ((20, 20),))
    pixels = np.asarray(painted((dot,), (40, 40)))
    assert tuple(pixels[20, 20]) == (255, 0, 0, 255) and 50 < (pixels[..., 3] > 0).sum() < 110
    pixels = np.asarray(painted((dot, Stroke("", 30, ((20, 20), (20, 20)))), (40, 40)))
    assert pixels.max() == 0
    assert painted((Stroke("", 5, ((1, 1),)),), (40, 40)) is None


def test_very_different_ones_are_the_far_ones() -> None:
    colors = ["#ff0000", "#fe0000", "#ff0100", "#0000ff", "#00ff00"]
    chosen = most_different([Image.new("RGB", (9, 9), color) for color in colors], 3)
    assert {*chosen} & {0, 1, 2} and {3, 4} <= {*chosen}


def test_a_waiting_job_is_ended_at_once_and_an_error_is_one_line() -> None:
    worker, gate, heard = Worker(), threading.Event(), []
    worker.take(Job(lambda tell: gate.wait(30) and None, lambda said: None))
    waiting = Job(lambda tell: heard.append("it ran"), heard.append)
    worker.take(waiting)
    waiting.cancel()
    over = threading.Event()

    def wrong(tell: Any) -> None:
        raise ConfigError("one line")

    def last(said: dict[str, Any]) -> None:
        heard.append(said)
        over.set()

    worker.take(Job(wrong, last))
    gate.set()
    assert over.wait(30) and heard == [{"error": "one line"}]


def test_a_worker_refuses_more_than_it_can_hold() -> None:
    worker, gate = Worker(), threading.Event()
    worker.take(Job(lambda tell: gate.wait(30) and None, lambda said: None))
    with pytest.raises(ColorlabError, match="too much waits"):
        for _ in range(100):
            worker.take(Job(lambda tell: None, lambda said: None))
    gate.set()


def test_offered_runs_can_take_a_picture() -> None:
    found = offers.runs()
    assert (
        found[0]["path"] == "pretrained/flats"
        and found[0]["areas"]
        and "openmoji" in found[0]["styles"]
    )
    assert "pretrained/prior-openmoji" not in {run["path"] for run in found}
    assert {"cat", "house", "balloon"} <= set(offers.drawings()) and offers.drawing(
        "../session"
    ) is None


def test_a_drawing_that_ships_begins_a_session(tmp_path: Path) -> None:
    content = offers.drawing("cat")
    assert content and Session.begin(tmp_path, content, "cat").drawing.size == (1024, 1024)


def test_areas_that_a_person_joined_have_one_colour(session: Session) -> None:
    stroke, join = {"color": "#204080", "width": 5, "points": [[85, 40]]}, ["join", 30, 40, 85, 40]
    for picture in colored(session, strokes=[stroke], edits=[join]):
        assert (picture[40, 30] == (0x20, 0x40, 0x80)).all() and (
            picture[40, 85] == picture[40, 30]
        ).all()
    assert Session.reopened(session.folder.parent, session.id).asked[-1]["edits"] == [join]
    before, after = (
        np.asarray(Image.open(io.BytesIO(session.areas(e))))
        for e in ((), request_of({"edits": [join]}).edits)
    )
    assert (before[40, 30] != before[40, 85]).any() and (after[40, 30] == after[40, 85]).all()


def test_colours_of_a_reference_are_hints_while_it_is_there(session: Session) -> None:
    picture = Image.open(io.BytesIO(drawing())).convert("RGB")
    ImageDraw.floodfill(picture, (30, 40), (200, 30, 90))
    ImageDraw.floodfill(picture, (85, 40), (20, 80, 190))
    out = io.BytesIO()
    picture.save(out, "PNG")
    session.refer(out.getvalue())
    for made in colored(session, reference=True):
        assert tuple(made[40, 30]) == (200, 30, 90) and tuple(made[40, 85]) == (20, 80, 190)
    assert Session.reopened(session.folder.parent, session.id).state()["reference"] is True
    session.refer(b"")
    assert session.state()["reference"] is False
    with pytest.raises(DataError, match="no such reference"):
        colored(session, reference=True)
    with pytest.raises(DataError):
        session.refer(b"no picture")
