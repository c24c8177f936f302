"""Who may talk to the studio: this machine's own page, in messages of bounded length.

Hosts are held to 127.0.0.1 and localhost (a stranger's name that resolves here is refused), and
what another site's page sends is refused by its Origin (Fetch standard, Sec. 3.1) and by
Sec-Fetch-Site."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

HOSTS = ["127.0.0.1", "localhost"]
LARGEST_PICTURE, LARGEST_WISH = 64 << 20, 4 << 20  # bytes of a body
# of a length; isdigit() is true of more letters, int() of fewer digits
DIGITS = re.compile(r"[0-9]{1,18}")
HEADERS = {
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src "
    "'self' blob: data:; "
    "connect-src 'self'; form-action 'none'; frame-ancestors 'none'; base-uri 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cache-control": "no-cache",
}


class TooLargeError(Exception):
    """A body goes on beyond its limit."""


class Guard:
    """An ASGI application around another."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse, or pass on with the headers that keep a page to itself."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = {
            key.decode("latin-1"): value.decode("latin-1") for key, value in scope["headers"]
        }
        if not is_own(scope["method"], headers):
            await JSONResponse({"error": "this comes from another site"}, 403)(scope, receive, send)
            return
        limit = (
            LARGEST_PICTURE
            if headers.get("content-type", "").startswith("image/")
            else LARGEST_WISH
        )
        length = headers.get("content-length", "0")
        if not DIGITS.fullmatch(length) or int(length) > limit:
            await too_large()(scope, receive, send)
            return
        left, begun = limit, False

        async def bounded() -> Message:
            nonlocal left
            message = await receive()
            left -= len(message.get("body", b""))
            if left < 0:
                raise TooLargeError
            return message

        async def guarded(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                message["headers"] += [
                    (key.encode(), value.encode()) for key, value in HEADERS.items()
                ]
            await send(message)

        try:
            await self.app(scope, bounded, guarded)
        except TooLargeError:
            if begun:
                raise
            await too_large()(scope, receive, send)


def too_large() -> JSONResponse:
    """What a body beyond its limit is answered."""
    return JSONResponse({"error": f"at most {LARGEST_PICTURE >> 20} MB are taken"}, 413)


def is_own(method: str, headers: dict[str, str]) -> bool:
    """Whether a request comes from the studio's own page, from the address bar, or from a program;
    by GET also from a link to the studio, which changes nothing."""
    if headers.get("sec-fetch-site", "none") not in ("none", "same-origin"):
        return (
            method == "GET"
            and headers.get("sec-fetch-mode") == "navigate"
            and "origin" not in headers
        )
    try:
        return "origin" not in headers or urlsplit(headers["origin"]).netloc == headers.get(
            "host", ""
        )
    except ValueError:  # it is no address
        return False
