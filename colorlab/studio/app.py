"""The studio's HTTP interface, on 127.0.0.1 alone; docs/studio.md lists it. Candidates stream as
lines of JSON."""

from __future__ import annotations

import asyncio
import functools
import json
import logging
import os
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any
from weakref import WeakValueDictionary

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

import colorlab
from colorlab.data.intake import SUFFIXES
from colorlab.data.swatches import READERS
from colorlab.errors import ColorlabError, ConfigError
from colorlab.studio import offers, palettes, shelf
from colorlab.studio.guard import HOSTS, Guard, TooLargeError
from colorlab.studio.requests import MOST_COLORS, request_of
from colorlab.studio.worker import Job, Worker

if TYPE_CHECKING:  # torch, which the page does not wait for
    from colorlab.studio.session import Session

STATIC = Path(__file__).parent / "static"
MOST_OPEN = 16  # sessions
log = logging.getLogger("colorlab.studio")
TYPES = {
    "ora": "image/openraster",
    "psd": "image/vnd.adobe.photoshop",
    "zip": "application/zip",
    "png": "image/png",
}


class Studio:
    """home: the folder that sessions lie in."""

    def __init__(self, home: Path) -> None:
        self.home, self.worker = home, Worker()
        self._latest: dict[str, Session] = {}
        # those that jobs hold as well
        self._living: WeakValueDictionary[str, Session] = WeakValueDictionary()
        self.worker.take(Job(lambda tell: warm_up(), lambda said: None))

    async def start(self, request: Request) -> Response:
        """What is offered."""
        runs = await run_in_threadpool(offers.runs)
        kept = await run_in_threadpool(palettes.kept, self.home)
        sessions = await run_in_threadpool(shelf.latest, self.home)
        return JSONResponse(
            {"runs": runs, "drawings": offers.drawings(), "palettes": kept, "sessions": sessions}
        )

    async def begin(self, request: Request) -> Response:
        """A session, of the picture in the body or of a drawing that ships (?drawing=)."""
        chosen = request.query_params.get("drawing")
        content = await request.body() if chosen is None else offers.drawing(chosen)
        if not content:
            raise ConfigError(
                "there is no such drawing" if chosen else "there is no picture (send a file)"
            )
        name = (chosen or request.query_params.get("name", "drawing"))[:120]
        session = await run_in_threadpool(begin_session, self.home, content, name)
        self._keep(session)
        return JSONResponse(session.state(), 201)

    async def state(self, request: Request) -> Response:
        """Everything of a session that is not a picture."""
        return JSONResponse(self._of(request).state())

    async def drawing(self, request: Request) -> Response:
        """The drawing, on white paper."""
        return file_at(self._of(request).folder / "drawing.png")

    async def reference(self, request: Request) -> Response:
        """The picture whose colours are hints: PUT takes the one in the body, DELETE leaves
        none."""
        session = self._of(request)
        if request.method == "GET":
            return file_at(session.referred())
        content = await request.body() if request.method == "PUT" else b""
        if request.method == "PUT" and not content:
            raise ConfigError("there is no picture (send a file)")
        await run_in_threadpool(session.refer, content)
        return JSONResponse({"reference": bool(content)})

    async def areas(self, request: Request) -> Response:
        """Which area each pixel belongs to, as a picture; by POST, once they are cut and joined
        ({"edits": [...]})."""
        edits = request_of(await json_in(request)).edits if request.method == "POST" else ()
        return Response(
            await run_in_threadpool(self._of(request).areas, edits), media_type="image/png"
        )

    async def picture(self, request: Request) -> Response:
        """A candidate, at its own size or small (?small)."""
        id, name = request.path_params["id"], request.path_params["name"]
        await run_in_threadpool(shelf.read, self.home, id)
        return file_at(shelf.picture_of(self.home / id, name, "small" in request.query_params))

    async def prefer(self, request: Request) -> Response:
        """Favourites: PUT makes one, DELETE takes it back."""
        session = self._of(request)
        session.prefer(request.path_params["name"], request.method == "PUT")
        return JSONResponse({"favorites": session.favorites})

    async def color(self, request: Request) -> Response:
        """Candidates as asked for, a line of JSON each when it is there. The job ends when the page
        goes away."""
        session, wanted = self._of(request), request_of(await json_in(request))
        if wanted.run not in {run["path"] for run in await run_in_threadpool(offers.runs)}:
            raise ConfigError(f"run={wanted.run} is not offered")
        news: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        loop = asyncio.get_running_loop()
        job = Job(functools.partial(session.color, wanted), lambda said: publish(loop, news, said))
        before = self.worker.take(job)

        async def lines() -> AsyncIterator[str]:
            try:
                yield json.dumps({"waiting": before}) + "\n"
                while True:
                    said = await news.get()
                    yield json.dumps(said) + "\n"
                    if "done" in said or "error" in said:
                        return
            finally:
                job.cancel()

        return StreamingResponse(lines(), media_type="application/x-ndjson")

    async def export(self, request: Request) -> Response:
        """Pictures as a file (?pictures=1-1,1-3&kind=psd)."""
        names = request.query_params.get("pictures", "").split(",")
        kind = request.query_params.get("kind", "")
        name, content = await run_in_threadpool(self._of(request).exported, names, kind)
        headers = {
            "content-disposition": "attachment; "
            f'filename="{name.encode("ascii", "replace").decode()}"'
        }
        return Response(
            content, headers=headers, media_type=TYPES.get(name.rpartition(".")[2], "text/plain")
        )

    async def palette(self, request: Request) -> Response:
        """The colours in a file of colours, or in a picture (?name=)."""
        suffix = Path(request.query_params.get("name", "picture.png")).suffix.lower()
        known = suffix if suffix in SUFFIXES or suffix in READERS else ""
        colors = await run_in_threadpool(colors_of, await request.body(), known)
        return JSONResponse({"colors": colors})

    async def keep_palette(self, request: Request) -> Response:
        """PUT keeps a palette under a name (a list of '#rrggbb'), DELETE takes it out."""
        colors = await json_in(request) if request.method == "PUT" else []
        name = request.path_params["name"]
        return JSONResponse(
            {"palettes": await run_in_threadpool(palettes.keep, self.home, name, colors)}
        )

    def _of(self, request: Request) -> Session:
        from colorlab.studio.session import Session

        id = request.path_params["id"]
        session = self._living.get(id) or Session.reopened(self.home, id)
        self._keep(session)
        return session

    def _keep(self, session: Session) -> None:
        """Open, with the latest others."""
        self._latest.pop(session.id, None)
        self._latest[session.id] = self._living[session.id] = session
        while len(self._latest) > MOST_OPEN:
            self._latest.pop(next(iter(self._latest)))


def begin_session(home: Path, content: bytes, name: str) -> Session:
    """A new session."""
    from colorlab.studio.session import Session

    return Session.begin(home, content, name)


def warm_up() -> None:
    """The first model opened, so that the first drawing need not wait for it."""
    import numpy as np

    page = np.full((96, 96), 255, np.uint8)
    page[20:80, [20, 79]] = page[[20, 79], 20:80] = 0
    colorlab.open_run(offers.FIRST).sample(page, n=1)


def publish(
    loop: asyncio.AbstractEventLoop, news: asyncio.Queue[dict[str, Any]], said: dict[str, Any]
) -> None:
    """From the models' thread to the page's task, unless the studio is closing."""
    if not loop.is_closed():
        loop.call_soon_threadsafe(news.put_nowait, said)


def colors_of(content: bytes, suffix: str) -> list[str]:
    """'#rrggbb' each, of a file's bytes."""
    from colorlab.conditions.palette import colors_of_lab
    from colorlab.samplers.area_guides import OnlyColors
    from colorlab.sampling.palettes import palette_named
    from colorlab.sampling.setup import colors_of as colors_or_picture

    descriptor, path = tempfile.mkstemp(suffix=suffix)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        guide = OnlyColors(colors_or_picture(palette_named("palette", path) or [], 16_000_000))
    finally:
        Path(path).unlink()
    rgb = (colors_of_lab(guide.lab) * 255).round().int().tolist()
    return [f"#{bytes(color).hex()}" for color in rgb[:MOST_COLORS]]


def file_at(path: Path) -> Response:
    """A file that is answered. OSError: it is gone."""
    return FileResponse(path, stat_result=path.stat())


async def json_in(request: Request) -> Any:
    """The body. ConfigError: it is no JSON, or has text that is none."""
    try:
        found = await request.json()
        json.dumps(found, ensure_ascii=False).encode()
        return found
    except (ValueError, RecursionError) as error:
        raise ConfigError("the body is no JSON") from error


def answering(
    action: Callable[[Request], Awaitable[Response]],
) -> Callable[[Request], Awaitable[Response]]:
    """A mistake is one line, and the status 400 or 404; what nobody foresaw is one too, and 500."""

    async def answered(request: Request) -> Response:
        try:
            return await action(request)
        except ColorlabError as error:
            return JSONResponse(
                {"error": str(error)}, 404 if "there is no such" in str(error) else 400
            )
        except FileNotFoundError:
            return JSONResponse({"error": "there is no such file"}, 404)
        except TooLargeError:  # the guard's
            raise
        except ClientDisconnect:  # nobody hears the answer
            return Response(status_code=400)
        except Exception as error:  # what nobody foresaw
            log.exception("a request failed")
            return JSONResponse(
                {"error": f"unforeseen {type(error).__name__} (the studio's terminal says more)"},
                500,
            )

    return answered


async def page(request: Request) -> Response:
    """The one page."""
    return FileResponse(STATIC / "index.html")


def app_of(home: Path) -> Starlette:
    """The application; sessions are kept below ``home``."""
    studio = Studio(home)
    one = "/api/sessions/{id}"
    routes = [
        Route("/", page),
        Route("/api/start", answering(studio.start)),
        Route("/api/palette", answering(studio.palette), methods=["POST"]),
        Route("/api/palettes/{name}", answering(studio.keep_palette), methods=["PUT", "DELETE"]),
        Route("/api/sessions", answering(studio.begin), methods=["POST"]),
        Route(one, answering(studio.state)),
        Route(f"{one}/drawing.png", answering(studio.drawing)),
        Route(
            f"{one}/reference.png", answering(studio.reference), methods=["GET", "PUT", "DELETE"]
        ),
        Route(f"{one}/areas.png", answering(studio.areas), methods=["GET", "POST"]),
        Route(f"{one}/candidates", answering(studio.color), methods=["POST"]),
        Route(f"{one}/pictures/{{name}}.png", answering(studio.picture)),
        Route(f"{one}/favorites/{{name}}", answering(studio.prefer), methods=["PUT", "DELETE"]),
        Route(f"{one}/export", answering(studio.export)),
        Mount("/static", StaticFiles(directory=STATIC)),
    ]
    allowed = Middleware(TrustedHostMiddleware, allowed_hosts=HOSTS, www_redirect=False)
    return Starlette(routes=routes, middleware=[allowed, Middleware(Guard)])
