"""Illustrations by many hands: coloured vector drawings of eleven sets made into aligned lines and
colourings.

Emoji and icons of several studios and OpenMoji (``artists.py``). Every picture is held as what is
painted below the ink, the lines, and the lines' closed areas, at a size of its own; batches are
made from these. Splits are by concept, across hands: what OpenMoji's val and test show, by code
point or by name, no training picture shows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

from colorlab.conditions.areas import areas_of
from colorlab.data import openmoji, scenes
from colorlab.data.archives import Archive
from colorlab.data.artists import MOST_AREAS, OPENMOJI, Artist, Drawing, archive_path, known
from colorlab.data.concepts import HeldOut, Names, keys, stripped
from colorlab.data.everyday import EVERYDAY
from colorlab.data.families import families, line_hash, palette, split_families
from colorlab.data.pictures import PicturePairs, Pixels
from colorlab.data.transforms import Augmentation, inked, resized
from colorlab.draws import Draws
from colorlab.storage.packed import Packed
from colorlab.types import Batch

HEAVIEST = 100  # weight of a set
STORED = 192  # px; pictures are rendered at this size, or at that of the batches if it is larger
COARSE = 4  # px; of a palette every fourth is looked at


class _Parts:
    """The pictures of several sets that are there, as one; indexing with positions (B,) gives
    (B, 5, S, S)."""

    def __init__(self, parts: list[Packed]) -> None:
        self.packed = parts
        there = [part.there() for part in parts]
        self.part = np.repeat(np.arange(len(parts)), [len(places) for places in there])
        self.place = np.concatenate(there)

    def __len__(self) -> int:
        return len(self.part)

    def __getitem__(self, positions: np.ndarray) -> np.ndarray:
        return np.stack([self.packed[self.part[i]][self.place[i]] for i in positions.tolist()])


class Illustrations(PicturePairs):
    """Pairs by many hands, with areas.

    size: of the batches, px. condition: lines or gray. sets: names of sets, openmoji among them or
    not. split_by: concept (val and test show what OpenMoji's do, by every hand), family
    (nothing that shows or looks like the same, nor a palette, is in two splits; up to STORED px) or
    artist (as concept, but test is the sets of held_out, whole).
    held_out: sets that are kept from training. weights: of a set in the training order, 1 if it is
        not named.
    augment: of training pictures. scenes: share of the training pictures that become scenes of
    several drawings, by nobody's hand and without caption. Labels are the positions of the sets in
    ``sets``; -1 of scenes."""

    def __init__(
        self,
        size: int,
        condition: str,
        sets: Sequence[str],
        split_by: str,
        held_out: Sequence[str],
        weights: Mapping[str, float],
        augment: Augmentation,
        scenes: float = 0.0,  # runs of before know none
    ) -> None:
        _check(sets, split_by, held_out, weights)
        if not 0 <= scenes <= 1:
            raise ValueError(f"data.scenes is in [0, 1], not {scenes}")
        if split_by == "family" and size > STORED:
            raise ValueError(f"data.split_by=family is for data.size up to {STORED}, not {size}")
        self.size, self.scenes = size, scenes
        artists = [Artist(name) for name in sets]
        parts = _Parts([artist.rendered(max(size, STORED)) for artist in artists])
        super().__init__(parts, None, condition, augment)
        self.labels = parts.part
        places = list(zip(parts.part.tolist(), parts.place.tolist(), strict=True))
        shown = [artists[part].drawings[i] for part, i in places]
        self.names = [f"{sets[part]}/{artists[part].drawings[i].names[0]}" for part, i in places]
        self.captions = [_caption(each) for each in shown]
        keys = [(part, artists[part].drawings[i].concept) for part, i in places]
        numbers = {key: number for number, key in enumerate(dict.fromkeys(keys))}
        self.drawing = np.array([numbers[key] for key in keys])
        self.weights = np.array([float(weights.get(name, 1.0)) for name in sets])
        if split_by == "family":
            self.splits = by_family(parts, shown)
            return
        home = homes(shown)
        if split_by == "artist":
            mine = np.isin(self.labels, [list(sets).index(name) for name in held_out])
            home = np.where(mine, "test", np.where(home == "test", "none", home))
        self.splits = {split: np.flatnonzero(home == split) for split in ("train", "val", "test")}

    def __getitem__(self, positions: int | Sequence[int]) -> Batch:
        index = torch.as_tensor(positions).reshape(-1)
        return self._batch(index, resized(inked(self.pixels[index.numpy()]), self.size))

    def training_batch(self, positions: int | Sequence[int], draws: Draws) -> Batch:
        index = torch.as_tensor(positions).reshape(-1)
        pixels = self.pixels[index.numpy()]
        if not self.scenes:
            return self._batch(index, self.augment(pixels, draws, self.size))
        mixed = self._with_scenes(pixels, draws.to("scene"))
        batch = self._batch(index, self.augment(pixels, draws, self.size))
        text = ["" if several else each for several, each in zip(mixed, batch.text, strict=True)]
        return batch._replace(text=text, label=batch.label.masked_fill(torch.tensor(mixed), -1))

    def _with_scenes(self, pixels: np.ndarray, draws: Draws) -> list[bool]:
        """Turns some of the pictures (B, 5, S, S), in place, into scenes with others of the
        training set; which."""
        train, mixed = self.splits["train"], []
        chance = draws.uniform(2 + scenes.FIGURES + scenes.CHANCES).numpy()
        for picture, (turn, count, *rest) in zip(pixels, chance, strict=True):
            mixed.append(turn < self.scenes)
            if not mixed[-1]:
                continue
            others = [int(each * len(train)) for each in rest[: scenes.figures(count) - 1]]
            made = scenes.scene(
                [picture, *self.pixels[train[others]]], np.array(rest[scenes.FIGURES :])
            )
            labels = areas_of(made[3]).labels
            mixed[-1] = bool(labels.max() < MOST_AREAS)
            if mixed[-1]:
                picture[:4], picture[4] = made, labels
        return mixed

    def one_pass(self, random: np.random.Generator) -> np.ndarray:
        """Each drawing of a set by one of its colourings, as many times as the set's weight
        says."""
        turns = []
        for number, weight in enumerate(self.weights):
            members = self.splits["train"][self.labels[self.splits["train"]] == number]
            left = round(weight * len(np.unique(self.drawing[members])))
            while left > 0:
                mixed = random.permutation(members)
                one_of_each = mixed[np.unique(self.drawing[mixed], return_index=True)[1]]
                turns.append(random.permutation(one_of_each)[:left])
                left -= len(turns[-1])
        return random.permutation(np.concatenate(turns))

    def _batch(self, index: Tensor, pixels: np.ndarray) -> Batch:
        return (
            super()
            ._batch(index, pixels[:, :4])
            ._replace(areas=torch.from_numpy(renumbered(pixels[:, 4])))
        )


def renumbered(areas: np.ndarray) -> np.ndarray:
    """(B, H, W) uint8 -> int64: the areas that each picture shows, from 0 on, in the same order."""
    out = np.empty(areas.shape, np.int64)
    for row, picture in zip(out, areas, strict=True):
        shown = np.bincount(picture.ravel(), minlength=256) > 0
        row[:] = (shown.cumsum() - 1)[picture]
    return out


def _check(
    sets: Sequence[str], split_by: str, held_out: Sequence[str], weights: Mapping[str, float]
) -> None:
    if split_by not in ("concept", "family", "artist"):
        raise ValueError(f"data.split_by is concept, family or artist, not {split_by!r}")
    if not sets or not all(isinstance(name, str) for name in sets) or len(set(sets)) < len(sets):
        raise ValueError("data.sets names at least one set, and each once")
    for key, names, among in (("held_out", held_out, sets), ("weights", weights, known())):
        if foreign := set(names) - set(among):
            raise ValueError(
                f"data.{key} names {', '.join(sorted(foreign))} (choose from {', '.join(among)})"
            )
    if odd := [name for name in sets if not 0 < weights.get(name, 1.0) <= HEAVIEST]:
        raise ValueError(
            f"data.weights.{odd[0]} is above 0, up to {HEAVIEST} (to leave a set out, take it out "
            "of data.sets)"
        )
    if split_by == "artist" and not 0 < len(set(held_out)) < len(sets):
        raise ValueError(
            "data.split_by=artist keeps some sets from training, not none or all "
            "(data.held_out=[fxemoji])"
        )
    if split_by != "artist" and held_out:
        raise ValueError("data.held_out is for data.split_by=artist")


def _caption(drawing: Drawing) -> str:
    if drawing.names == [drawing.code]:
        return openmoji.caption(drawing.code)
    return drawing.names[0].replace("-", " ")


def by_family(pixels: Pixels, shown: Sequence[Drawing]) -> dict[str, np.ndarray]:
    """The splits by what pictures (5, S, S) show, by how their lines look and by their palettes;
    see ``families``."""
    hashes, paints = [], []
    for i in range(len(shown)):
        planes = pixels[np.array([i])][0]
        hashes.append(line_hash(planes[3]))
        paints.append(palette(planes[:3, ::COARSE, ::COARSE], planes[3, ::COARSE, ::COARSE]))
    family = families(np.stack(hashes), [keys(each.names, each.code) for each in shown])
    return split_families(family, paints, {"val": openmoji.VAL_SHARE, "test": openmoji.TEST_SHARE})


def homes(shown: list[Drawing]) -> np.ndarray:
    """(N,) train, val or test by what each picture shows."""
    names, stems = Names(_named()), [path.stem for path in openmoji.svg_paths()]
    home = np.full(len(shown), "train", dtype="U8")
    for split in ("val", "test"):
        codes = {stripped(stems[i]) for i in openmoji.splits()[split]}
        held = HeldOut(codes, names)
        answers = {
            key: held.shows(list(key[0]), key[1])
            for key in {(tuple(d.names), d.code) for d in shown}
        }
        home[[answers[tuple(drawing.names), drawing.code] for drawing in shown]] = split
    return home


def _named() -> Iterator[tuple[str, str]]:
    """Names with the code points that they stand for, of all sets that list both."""
    for name in known():
        if name not in (OPENMOJI, EVERYDAY):
            archive = Archive(archive_path(name))
            for names, code in zip(archive.names, archive.codes, strict=True):
                if code:
                    yield from ((each, code) for each in names)
