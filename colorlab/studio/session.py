"""A person's work on one drawing: colours put on it, candidates, what was chosen; kept in a folder,
no page needed."""

from __future__ import annotations

import io
import json
import re
import secrets
import tempfile
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from threading import Lock
from typing import Any

import cv2
import numpy as np
import torch
from PIL import Image, ImageOps
from PIL.PngImagePlugin import PngInfo

import colorlab
from colorlab.color import lab_of
from colorlab.data.intake import decoded, open_picture
from colorlab.errors import ConfigError, DataError
from colorlab.exports.kinds import KINDS
from colorlab.samplers.clusters import farthest
from colorlab.sampling.edits import Edit, typed
from colorlab.sampling.options import PictureOptions
from colorlab.sampling.pictures import drawn_of
from colorlab.sampling.record import RECORD
from colorlab.storage.files import replacing, write_bytes, write_json
from colorlab.studio import shelf
from colorlab.studio.requests import ColorRequest, painted

LARGEST = 16_000_000  # pixels of a drawing
SMALL = 480  # px, the longer side of a picture in a list
# candidates that very different ones are chosen from; px of a large page
AMONG, AMONG_LARGE, LARGE = 32, 16, 1_500_000
SEEN = 24  # px, the side at which candidates are compared

Tell = Callable[[dict[str, Any]], None]


class Session:
    """folder: holds drawing.png, session.json, the candidates, and reference.png if there is one.
    asked: what was asked for, with the names of the pictures that came; favorites: names of
    pictures."""

    def __init__(self, folder: Path, name: str) -> None:
        self.folder, self.name = folder, name
        self.asked: list[dict[str, Any]] = []
        self.favorites: list[str] = []
        self._keeping = Lock()  # a job ends while the page chooses a favourite
        self.drawing = Image.fromarray(
            np.moveaxis(open_picture(folder / "drawing.png", LARGEST), 0, 2)
        )

    @property
    def id(self) -> str:
        return self.folder.name

    @staticmethod
    def begin(home: Path, content: bytes, name: str) -> Session:
        """A new one below a folder, of a picture file's bytes. DataError: it is none, or too
        large."""
        pixels = decode_upload(content, name)
        folder = home / secrets.token_hex(8)
        write_bytes(folder / "drawing.png", png_of(pixels))
        session = Session(folder, name)
        session.keep()
        return session

    @staticmethod
    def reopened(home: Path, id: str) -> Session:
        """One that was begun. DataError: there is none; CheckpointError: links in it lead
        elsewhere."""
        kept = shelf.read(home, id)
        session = Session(home / id, kept["name"])
        session.asked, session.favorites = kept["asked"], kept["favorites"]
        return session

    def keep(self) -> None:
        """Write what is not a picture."""
        with self._keeping:
            write_json(self.folder / shelf.RECORD, self.state())

    def state(self) -> dict[str, Any]:
        """All of it that is not a picture, plain data."""
        width, height = self.drawing.size
        kept = {"id": self.id, "name": self.name, "width": width, "height": height}
        return kept | {
            "reference": self.reference.is_file(),
            "asked": self.asked,
            "favorites": self.favorites,
        }

    @property
    def reference(self) -> Path:
        """Where a picture lies whose colours are hints, if there is one."""
        return self.folder / "reference.png"

    def refer(self, content: bytes) -> None:
        """Take a picture file's bytes as the reference; none of b"". DataError: it is no picture,
        or too large."""
        if content:
            write_bytes(self.reference, png_of(decode_upload(content, "the reference")))
        else:
            self.reference.unlink(missing_ok=True)
        self.keep()

    def color(self, request: ColorRequest, tell: Tell) -> None:
        """Colour the drawing as asked for. tell: is given {"picture": name, ...} as soon as each is
        there; an exception in it ends the work, and what is there stays. ConfigError: the run
        cannot do that."""
        strokes = [stroke._asdict() for stroke in request.strokes]
        plain = request._asdict() | {
            "strokes": strokes,
            "edits": typed(request.edits),
            "pictures": [],
        }
        asked = json.loads(json.dumps(plain))  # as it is kept
        number, seen = len(self.asked) + 1, request.n
        self.asked.append(asked)
        if request.wide:
            seen = max(
                request.n,
                AMONG if self.drawing.width * self.drawing.height < LARGE else AMONG_LARGE,
            )

        def came(picture: Image.Image) -> None:
            name = f"{number}-{len(asked['pictures']) + 1}"
            self._save(name, picture)
            asked["pictures"].append(name)
            tell(
                {"picture": name, "seed": request.seed, "k": len(asked["pictures"]), "n": request.n}
            )

        try:
            alive = (lambda _: tell({"looking": True})) if request.wide else came
            pictures = self._sampled(request, seen, alive)
            if request.wide:
                for k in most_different(pictures, request.n):
                    came(pictures[k])
        finally:
            if not asked["pictures"]:
                self.asked.remove(asked)
            self.keep()

    def _sampled(
        self, request: ColorRequest, n: int, each: Callable[[Image.Image], None]
    ) -> list[Image.Image]:
        """By the three lines of Python: nothing here knows a method."""
        values: dict[str, Any] = (
            {} if request.temperature is None else {"choice": {"temperature": request.temperature}}
        )
        values |= {"hand": {"style": request.style}} if request.style else {}
        like = self.picture(request.like) if request.like else None
        width, height = self.drawing.size
        locks = [[x, y] for x, y in request.locks if 0 <= x < width and 0 <= y < height]
        return colorlab.open_run(request.run).sample(
            self.drawing, n=n, seed=request.seed, hints=painted(request.strokes, self.drawing.size),
            like=like, reference=self.referred() if request.reference else None,
            vary=request.vary, lock=locks if like and locks else None, edit=typed(request.edits),
            palette=list(request.palette) or None, text=request.text or "captions",
            method=values or None, each=each, pixel_limit=LARGEST,
        )  # fmt: skip

    def referred(self) -> Path:
        """The reference. DataError: there is none."""
        if not self.reference.is_file():
            raise DataError("there is no such reference (send one first)")
        return self.reference

    def _save(self, name: str, picture: Image.Image) -> None:
        """At its own size, and small."""
        texts = PngInfo()
        texts.add_text(RECORD, picture.info[RECORD])
        with replacing(self.folder / f"{name}.png") as path:
            picture.save(path, "PNG", pnginfo=texts, compress_level=1)
        with replacing(self.folder / f"{name}-small.png") as path:
            thumbnail(picture).save(path, "PNG", compress_level=1)

    def picture(self, name: str) -> Image.Image:
        """A candidate, with what made it."""
        picture = Image.open(shelf.picture_of(self.folder, name))
        picture.load()
        return picture

    def prefer(self, name: str, on: bool) -> None:
        """Make a picture a favourite, or no longer."""
        shelf.picture_of(self.folder, name)
        self.favorites = [each for each in self.favorites if each != name] + [name] * on
        self.keep()

    def areas(self, edits: Sequence[Edit] = ()) -> bytes:
        """A PNG file whose pixels are the numbers of their areas, cut and joined: red + 256 green +
        65,536 blue."""
        pixels = np.moveaxis(np.asarray(self.drawing), 2, 0)
        labels = drawn_of(pixels, PictureOptions(edit=tuple(edits))).areas.labels
        numbers = np.stack([labels & 255, labels >> 8 & 255, labels >> 16], -1).astype(np.uint8)
        out = io.BytesIO()
        Image.fromarray(numbers).save(out, "PNG", compress_level=3)
        return out.getvalue()

    def exported(self, names: Sequence[str], kind: str) -> tuple[str, bytes]:
        """Pictures as a file to be saved: its name and its bytes; several files come in a zip
        archive."""
        if kind not in KINDS or not 1 <= len(names) <= 64:
            raise ConfigError(f"export is of one picture or more, as {', '.join(KINDS)}")
        pictures = [self.picture(name) for name in names]
        stem = re.sub(r"[^\w-]+", "-", Path(self.name).stem).strip("-")[:60] or "drawing"
        with tempfile.TemporaryDirectory(prefix="colorlab-") as folder:
            paths = colorlab.export(pictures, self.drawing, Path(folder) / f"{stem}.{kind}")
            if len(paths) == 1:
                return f"{stem}.{kind}", paths[0].read_bytes()
            out = io.BytesIO()
            with zipfile.ZipFile(out, "w") as archive:
                for path in paths:
                    archive.writestr(path.name, path.read_bytes())
            return f"{stem}-{kind}.zip", out.getvalue()


def thumbnail(picture: Image.Image) -> Image.Image:
    """A picture of SMALL px at most."""
    scale = SMALL / max(picture.size)
    if scale >= 1:
        return picture
    size = [max(1, round(scale * length)) for length in picture.size]
    return Image.fromarray(cv2.resize(np.asarray(picture), size, interpolation=cv2.INTER_AREA))


def png_of(pixels: np.ndarray) -> bytes:
    """(3, H, W) uint8 as a PNG file."""
    picture = io.BytesIO()
    Image.fromarray(np.moveaxis(pixels, 0, 2)).save(picture, "PNG", compress_level=3)
    return picture.getvalue()


def decode_upload(content: bytes, name: str) -> np.ndarray:
    """(3, H, W) uint8 of a picture file's bytes, of whatever kind. DataError."""
    if content.lstrip()[:1] != b"<":
        return decoded(io.BytesIO(content), name, LARGEST)
    with tempfile.TemporaryDirectory(prefix="colorlab-") as folder:
        path = Path(folder) / "drawing.svg"
        path.write_bytes(content)
        try:
            return open_picture(path, LARGEST)
        except DataError as error:
            raise DataError(str(error).replace(str(path), name)) from error


def most_different(pictures: Sequence[Image.Image], count: int) -> list[int]:
    """Places of so many pictures, each far from those before it in Lab."""
    small = [np.asarray(ImageOps.fit(picture.convert("RGB"), (SEEN, SEEN))) for picture in pictures]
    rgb = torch.from_numpy(np.stack(small)).movedim(-1, 1).float() / 255
    lab = lab_of(rgb).flatten(1)
    return [int(k) for k in farthest(torch.cdist(lab, lab).square(), min(count, len(pictures)))]
