"""Areas of held-out drawings against their artists' colourings, whole and with lines that the test
breaks."""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np
import pytest
import torch

from colorlab.conditions.area_colors import true_colors
from colorlab.conditions.areas import Areas, areas_of
from colorlab.data.openmoji import drawing_of, rasterised, splits, svg_paths

SIDE = 192
BROAD = 0.03  # of the side: ink farther than this from paper is no line
LONG = 3  # a border is broken if it is so many times as long as the gap

pytestmark = pytest.mark.slow


@cache
def drawings() -> list[np.ndarray]:
    """One picture of every held-out drawing, (4, SIDE, SIDE) uint8: the colouring, and the
    lines."""
    test = splits()["test"]
    _, first = np.unique(drawing_of()[test], return_index=True)
    return [rasterised(svg_paths()[k], SIDE) for k in test[np.sort(first)]]


def test_a_drawing_painted_by_areas_in_their_true_colours_is_nearly_the_true_colouring() -> None:
    errors = []
    for picture in drawings():
        rgb, line = (
            torch.from_numpy(part).float()[None] / 255 for part in (picture[:3], picture[3:])
        )
        areas = areas_of(picture[3])
        labels = torch.from_numpy(areas.labels)[None].long()
        colors, _ = true_colors(rgb, line, labels, len(areas.shares))
        errors.append(float((colors[0].T[:, labels[0]] * line[0] - rgb[0]).abs().mean()))
    assert len(errors) > 200 and np.mean(errors) <= 0.011 and np.median(errors) <= 0.003


@pytest.mark.parametrize(("gap", "kept"), [(0.01, 0.9), (0.02, 0.8), (0.03, 0.65)])
def test_areas_stay_apart_when_the_line_between_them_is_broken(gap: float, kept: float) -> None:
    apart = []
    for k, picture in enumerate(drawings()[::3]):
        whole = areas_of(picture[3], gap=0)
        broken, pairs = broken_lines(picture[3], whole, gap, np.random.default_rng(k))
        rows, columns = (whole.centers * SIDE).astype(int).T
        opened, closed = (areas_of(broken, gap=each).labels[rows, columns] for each in (0, 0.035))
        apart += [closed[a] != closed[b] for a, b in pairs if opened[a] == opened[b]]
    assert len(apart) > 40 and np.mean(apart) >= kept


def broken_lines(
    line: np.ndarray, areas: Areas, gap: float, random: np.random.Generator
) -> tuple[np.ndarray, list[tuple[int, int]]]:
    """A drawing with gaps, so wide as a share of the side: each area loses a piece of a line
    between it and another, at a place drawn by chance. -> and the areas on both sides of the
    gaps."""
    width = cv2.distanceTransform((~areas.paper).astype(np.uint8), cv2.DIST_L2, 5)
    out, pairs, done = line.copy(), [], np.zeros(len(areas.shares), bool)
    borders = borders_of(areas)
    for k in random.permutation(len(borders)):
        (a, b), places = borders[k]
        near = places[np.hypot(*(places - random.choice(places)).T) <= gap * SIDE / 2]
        half = width[near[:, 0], near[:, 1]].max()
        if len(places) < LONG * gap * SIDE or (done[a] and done[b]) or half > BROAD * SIDE:
            continue
        out[beside(places, near, out.shape, half + 2)] = 255
        done[[a, b]] = True
        pairs.append((a, b))
    return out, pairs


def borders_of(areas: Areas) -> list[tuple[tuple[int, int], np.ndarray]]:
    """Pairs of areas with ink between, and the pixels (N, 2) in the middle of that ink."""
    found: dict[tuple[int, int], list[np.ndarray]] = {}
    for here, there in ((np.s_[:, :-1], np.s_[:, 1:]), (np.s_[:-1], np.s_[1:])):
        first, second = areas.labels[here], areas.labels[there]
        at = np.argwhere((first != second) & ~areas.paper[here])
        for a, b, place in zip(first[tuple(at.T)], second[tuple(at.T)], at, strict=True):
            found.setdefault((int(min(a, b)), int(max(a, b))), []).append(place)
    return [(pair, np.array(places)) for pair, places in sorted(found.items())]


def beside(
    places: np.ndarray, chosen: np.ndarray, shape: tuple[int, ...], reach: float
) -> np.ndarray:
    """(H, W) bool: what lies within reach of one of the places that are chosen, and nearer to it
    than to others."""
    away = np.ones(shape, np.uint8)
    away[tuple(places.T)] = 0
    distance, nearest = cv2.distanceTransformWithLabels(
        away, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    return np.isin(nearest, nearest[tuple(chosen.T)]) & (distance <= reach)
