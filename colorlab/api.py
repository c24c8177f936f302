"""The door for Python: what the commands do, in the same words and to the same bits; torch is
loaded when used."""

from __future__ import annotations

import functools
import logging
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from colorlab.comparing import Comparison, compare
from colorlab.evaluation.folder import Evaluation, read_evaluation
from colorlab.evaluation.options import EvaluationOptions
from colorlab.loading import DataSet, load_data
from colorlab.models import from_pretrained, save_pretrained
from colorlab.runs.config import CONFIG, TRAVELED
from colorlab.runs.run import Run, open_runs
from colorlab.sampling.options import SamplingOptions, check_lock, picture_options, sampling_options
from colorlab.sampling.words import Color, Guides, Palette, Words, checked_words, data_named

if TYPE_CHECKING:
    from PIL.Image import Image

    from colorlab.sampling.arrays import Picture
    from colorlab.sampling.varied import Points

__all__ = [
    "Comparison", "DataSet", "Evaluation", "TrainedRun", "compare", "export", "from_pretrained",
    "load_data", "open_run", "save_pretrained",
]  # fmt: skip


def open_run(path: str | Path | Sequence[str | Path]) -> TrainedRun:
    """Open a trained run; the same object for the same path, until its configuration or its weights
    change.

    path: a run folder; "pretrained/<name>" for one that ships with the package; or two of them for
    the mix model, the first above and the second below ``switch_at``. CheckpointError: there is no
    run, or it cannot be read.

    >>> run = colorlab.open_run("pretrained/gpic-openmoji-c8")
    >>> run.name
    'gpic-openmoji-c8'
    """
    runs = open_runs(path)
    stamps = [file.stat().st_mtime_ns for run in runs for file in files_of(run)]
    return _opened(tuple(str(run.path.resolve()) for run in runs), tuple(stamps))


@functools.lru_cache(maxsize=8)
def _opened(paths: tuple[str, ...], stamps: tuple[int, ...]) -> TrainedRun:
    return TrainedRun(open_runs(list(paths)))


def files_of(run: Run) -> list[Path]:
    """A run's configuration and whatever weights are there."""
    return [
        run.path / CONFIG,
        *run.path.glob(TRAVELED),
        *sorted((run.path / "checkpoints").glob("*")),
    ]


class TrainedRun:
    """A trained method that colours pictures. ``open_run`` makes it.

    name: the run's. path: its folder (of a mix model, the first run's). config: its configuration,
    plain containers.

    >>> run = colorlab.open_run("pretrained/gpic-openmoji-c8")
    >>> run.config["data"]["size"]
    64
    """

    def __init__(self, runs: Sequence[Run]) -> None:
        self.runs = tuple(runs)
        self._methods: dict[str, Any] = {}  # the last one, under what it depends on

    def __repr__(self) -> str:
        return f"open_run({str(self.path)!r})"

    @property
    def name(self) -> str:
        return " + ".join(run.name for run in self.runs)

    @property
    def path(self) -> Path:
        return self.runs[0].path

    @property
    def config(self) -> dict[str, Any]:
        return self.runs[0].config

    def sample(
        self,
        drawing: Picture,
        *,
        n: int = 8,
        seed: int = 0,
        hints: Picture | None = None,
        reference: Picture | None = None,
        like: Picture | None = None,
        vary: float = 0.3,
        lock: Picture | Points | None = None,
        edit: Sequence[Sequence[Any]] = (),
        guide: Guides = (),
        sampler: str | Words | None = None,
        steps: int | None = None,
        method: Words | None = None,
        bias: Color | None = None,
        palette: Palette | None = None,
        shade: str | Path | None = None,
        shade_at: float = 0.9,
        text: str = "captions",
        negative: str | None = None,
        same_noise: bool = False,
        switch_at: float = 0.9919,
        size: str | int = "trained",
        lines: str = "auto",
        finish: str = "areas",
        gap: float = 0.035,
        precision: str = "auto",
        device: str = "cpu",
        pixel_limit: int = 100_000_000,
        each: Callable[[Image], Any] | None = None,
    ) -> list[Image]:
        """n colourings of a picture: PIL pictures, RGB, of the picture's own size.

        drawing: a path; a PIL picture; an array (H, W), (H, W, 3) or (H, W, 4); a tensor (1, H, W),
            (3, H, W) or (4, H, W); uint8, or floats in [0, 1].
        n: colourings, >= 1. Colouring k is the same for every n.
        seed: >= 0; equal seeds give equal pictures.
        hints: a picture of the drawing's size, opaque where the colour is known.
        reference: a coloured picture, of any size, whose colours are hints where its parts fit the
            drawing's.
        like: a colouring of the drawing that is varied.
        vary: in [0, 1], the share of it, by size, that is coloured anew in a candidate.
        lock: areas of it that stay: [[x, y], ...] in pixels, or a picture, opaque there.
        edit: lines that correct areas by hand, [["cut", x, y, x, y, ...], ["join", x, y, x, y,
            ...]] in pixels: a cut divides the areas that it crosses, a join makes one of those that
            it touches.
        guide: names such as ["flat"], or configurations such as {"flat": {"strength": 0.5}}.
        sampler: another one, by its name ("ddim") or as {"name": "ddim", "eta": 0.5}; None = as
            trained.
        steps: >= 1; another number of steps for the sampler.
        method: other values of the method's keys: {"temperature": 0.7}.
        bias: colour of the start: (r, g, b) in [0, 1], "rrggbb", "palette", or the path of a
            picture.
        palette: the only colours of areas, beside white paper: ["e05030", (0.1, 0.2, 0.5)], or the
            path of a .gpl, .ase, .hex or .txt file, or of a picture; for methods that colour areas.
        shade: "gpic", or a run of method=gpic, that goes on from flats: shading.
        shade_at: in [0, 1]; the level alpha_bar from which it does.
        text: a prompt, for methods that read text.
        negative: a prompt to keep away from.
        same_noise: all candidates from the same noise, so that only their biases differ.
        switch_at: in (0, 1); mix model: alpha_bar of the hand-over.
        size: "trained", "input", or the short side in pixels at which to colour.
        lines: whether the picture is a line drawing: "auto", "always" or "never".
        finish: of line drawings: "areas", one colour each; "smooth", shading that stops at lines;
            "none", as made.
        gap: >= 0; areas are closed over gaps in lines up to twice this share of the longer side
            wide, and over wider ones where two ends of a line point at each other.
        precision: "auto", "fp32" or "bf16".
        device: "cpu" or "cuda".
        pixel_limit: larger pictures are refused before they are decoded.
        each: is called with every picture as soon as it is there; an exception in it ends the
            sampling.

        ConfigError: a word that is none, out of range, or that does not go with this run.
        DataError: a picture that cannot be used. NumericError: colours that are not finite.

        >>> run = colorlab.open_run("pretrained/gpic-openmoji-c8")
        >>> import numpy as np
        >>> drawing = np.full((40, 60), 255, np.uint8)  # white paper
        >>> drawing[10:30, [15, 45]] = drawing[[10, 30], 15:46] = 0  # and a rectangle in ink
        >>> pictures = run.sample(drawing, n=2, seed=0, steps=2)
        >>> [(picture.mode, picture.size) for picture in pictures]
        [('RGB', (60, 40)), ('RGB', (60, 40))]
        """
        words = {
            "n": n, "seed": seed, "guide": guide, "sampler": sampler, "steps": steps,
            "method": method, "bias": bias, "palette": palette, "shade": shade,
            "shade_at": shade_at, "text": text, "negative": negative, "same_noise": same_noise,
            "switch_at": switch_at, "size": size, "lines": lines, "finish": finish, "gap": gap,
            "precision": precision, "device": device, "pixel_limit": pixel_limit, "hints": None,
            "reference": None, "like": None, "vary": vary, "lock": None,
            "edit": list(map(list, edit)),
        }  # fmt: skip
        words = checked_words(words, "sample")
        check_lock(like, lock)
        hinted = hints is not None or reference is not None
        options = sampling_options(words, of_truth=False, hinted=hinted)
        wanted = picture_options(words)
        from colorlab.sampling.arrays import rgb_of, rgba_of
        from colorlab.sampling.exports import note_of, noted
        from colorlab.sampling.pictures import check_hints, colorings, understood
        from colorlab.sampling.setup import data_of, guides_of
        from colorlab.sampling.varied import likes_of

        known = None if hints is None else rgba_of(hints, "hints", pixel_limit)
        check_hints(known, None)
        other = None if reference is None else rgb_of(reference, "reference", pixel_limit)
        shown = understood(
            rgb_of(drawing, "drawing", pixel_limit),
            known,
            data_of(self.runs, options),
            wanted,
            other,
        )
        guides = [*guides_of(options, hinted), *likes_of(like, vary, lock, pixel_limit)]
        note = note_of(self.runs, options, wanted)
        made = colorings(shown, self._method(options), guides, options)
        return [noted(pixels, note, each) for pixels in made]

    def _method(self, options: SamplingOptions) -> Any:
        """The method, built once for calls that do not change it."""
        from colorlab.sampling.setup import method_of

        parts = (
            options.sampler,
            options.steps,
            options.values,
            options.switch_at,
            options.precision,
            options.device,
        )
        key = repr((parts, options.shade, options.shade_at, options.text == "captions"))
        if key not in self._methods:
            self._methods = {key: method_of(self.runs, options)}
        return self._methods[key]

    def evaluate(
        self,
        *,
        n: int = 8,
        seed: int = 0,
        split: str = "test",
        limit: int | None = None,
        hints: str | None = None,
        guide: Guides = (),
        sampler: str | Words | None = None,
        steps: int | None = None,
        method: Words | None = None,
        bias: Color | None = None,
        palette: Palette | None = None,
        shade: str | Path | None = None,
        shade_at: float = 0.9,
        text: str = "captions",
        negative: str | None = None,
        same_noise: bool = False,
        switch_at: float = 0.9919,
        precision: str = "fp32",
        device: str = "cpu",
        lpips: str = "alex",
        features: str = "lite0",
        data: str | Words | None = None,
        out: str | Path | None = None,
    ) -> Evaluation:
        """Colour the held-out drawings of the run's data set n times each, judge all, and keep
        everything in a folder; what is there already is not made again.

        n: >= 2; the words that are not here are those of ``sample``.
        split: "train", "val" or "test".
        limit: only so many drawings, evenly spread.
        hints: what is shown of the true colouring: "left", "right", "top", "bottom", "centre",
            "surround" or "dots8".
        lpips: "alex", "vgg" or "none".
        features: "lite0", "vgg16", "inception" or "none".
        data: another data set than the run's, "openmoji" or {"name": "openmoji", "size": 64}.
        out: the folder; by default one of its own below the run.

        -> path: the folder; document: evaluation.json, whose "values" hold mean, low, high and n of
        each measure; distances: between the candidates of each drawing. Where weights of a judge
        are missing, a warning says so and its measures are left out. ConfigError: as for
        ``sample``; or the folder holds samples made otherwise.

        >>> run = colorlab.open_run("pretrained/gpic-openmoji-c8")
        >>> found = run.evaluate(n=2, limit=2, steps=2, lpips="none", features="none",
        ...                      out="evaluated")
        >>> found.document["protocol"]["count"], sorted(found.document["values"])[0]
        (2, 'areas/coloured')
        """
        words = {
            "n": n, "seed": seed, "split": split, "limit": limit, "hints": hints, "guide": guide,
            "sampler": sampler, "steps": steps, "method": method, "bias": bias, "palette": palette,
            "shade": shade, "shade_at": shade_at, "text": text, "negative": negative,
            "same_noise": same_noise, "switch_at": switch_at, "precision": precision,
            "device": device, "lpips": lpips, "features": features, "pixel_limit": 100_000_000,
        }  # fmt: skip
        options = sampling_options(checked_words(words, "evaluate"), of_truth=True)
        wanted = EvaluationOptions(split, limit, lpips, features, None if out is None else str(out))
        from colorlab.evaluation.evaluating import evaluate_runs

        runs = self.runs if data is None else [run.on(data_named(data)) for run in self.runs]
        folder, lacking = evaluate_runs(runs, options, wanted, logging.getLogger("colorlab").info)
        if lacking:
            warnings.warn(str(lacking), stacklevel=2)
        return read_evaluation(folder)


def export(
    pictures: Sequence[Image], drawing: Picture, path: str | Path, *, pixel_limit: int = 100_000_000
) -> list[Path]:
    """Write colourings of a drawing as files for drawing programs. -> their paths.

    pictures: of ``TrainedRun.sample``. path: ends in .ora or .psd (lines, a group per candidate, a
    layer per colour); or, for a file of each, in .png (colours without lines), .gpl or .svg.
    ConfigError: another ending or size.

    >>> run = colorlab.open_run("pretrained/flats")
    >>> import numpy as np
    >>> drawing = np.full((64, 64), 255, np.uint8)
    >>> drawing[10:50, [12, 45]] = drawing[[10, 50], 12:46] = 0
    >>> pictures = run.sample(drawing, n=2, seed=1)
    >>> colorlab.export(pictures, drawing, "layers.ora")
    [PosixPath('layers.ora')]
    """
    from colorlab.sampling.exports import export_pictures

    return export_pictures(pictures, drawing, Path(path), pixel_limit)
