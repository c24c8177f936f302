"""Colours of one drawing's areas, area after area from a palette: the known ones first, then from
large to small.

Each step gives a distribution over the palette. White is made likelier where an area is open to the
paper around, and the colour of an area of the same shape (the other eye, the next petal); guides
may weigh it too. Then the least likely tail is cut (nucleus sampling, Holtzman et al., 2020).

Candidates take their random numbers from a lattice, shifted by chance (Halton's, then Kronecker's):
each on its own is a fair draw, together they keep apart, so that eight of them show more of what is
likely than eight independent ones. Like colours lie together in the order in which numbers meet
them."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import torch
from torch import Tensor

from colorlab.draws import Draws
from colorlab.samplers.guides import Guide, Place

WHITE = 0.98  # a colour whose darkest channel is lighter is white
GRAY = 0.1  # Lab in hundreds: the chroma below which a colour has no hue
NEAR = 0.06  # the same: colours so near count for each other
SAME = 0.01  # Lab in hundreds: colours so near are the same
BASES = (2, 3, 5)  # of Halton's sequence, for the steps that decide most
PRIMES = (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37)  # Kronecker's steps are their roots

#: Colours that the areas before have taken (n, 3), Lab in hundreds, None at first -> logits (n, K)
#: of the next area's.
Step = Callable[[Tensor | None], Tensor]


class Known(NamedTuple):
    """Colours that are given. lab: (n, R, 3) in hundreds, of use where ``mask`` (n, R) is True."""

    lab: Tensor
    mask: Tensor


@dataclass(frozen=True)
class Palette:
    """K colours, in Lab in hundreds and in RGB in [0, 1]: (K, 3) each."""

    lab: Tensor
    rgb: Tensor

    @cached_property
    def order(self) -> Tensor:
        """(K,): grays from dark to light, then the others around the circle of hues."""
        _, a, b = self.lab.unbind(1)
        return torch.where(
            torch.hypot(a, b) < GRAY, self.lab[:, 0] - 10, torch.atan2(b, a)
        ).argsort(stable=True)

    @cached_property
    def nearness(self) -> Tensor:
        """(K, K) in [0, 1], float64: how far one colour counts for another."""
        return torch.exp(-torch.cdist(self.lab, self.lab).square() / (2 * NEAR**2)).double()


class Sites(NamedTuple):
    """What is known of R areas. places: for guides. open: (R,), 2 for the paper around and pockets
    of it, 1 where an area ends open to it, -1 where lines enclose it. alike: (R, R) in
    [0, 1], 1 for areas of one shape. joined: (R, R) in [0, 1], how far two areas meet without a
    line between them."""

    places: Sequence[Place]
    open: Tensor
    alike: Tensor
    joined: Tensor


class PaletteSampler:
    """temperature: of the distributions; below 1 likelier colours are favoured. top_p: share of the
    probability that is kept, the likeliest first. min_p: share of the likeliest colour's
    probability below which none is drawn, near colours counted together (after Nguyen et al., 2024,
    "Turning up the heat"): calm where one is sure, free where many will do. spread: keep candidates
    apart by a lattice, instead of independent numbers.

    In nats, what is likelier: paper, white in areas that are open to the paper around; filled, any
    colour but white in areas that lines enclose; twins, the colour of an area of the same shape;
    joined, the colour of an area that no line divides from this one."""

    def __init__(
        self,
        temperature: float,
        top_p: float,
        spread: bool,
        paper: float,
        filled: float,
        twins: float,
        joined: float,
        min_p: float = 0.0,
    ) -> None:
        if not temperature > 0:
            raise ValueError(f"temperature is above 0, not {temperature}")
        if not 0 < top_p <= 1:
            raise ValueError(f"top_p is in (0, 1], not {top_p}")
        if not 0 <= min_p < 1:
            raise ValueError(f"min_p is in [0, 1), not {min_p}")
        self.temperature, self.top_p, self.min_p, self.spread = temperature, top_p, min_p, spread
        self.paper, self.filled, self.twins, self.joined = paper, filled, twins, joined

    def __call__(
        self,
        begin: Callable[[Tensor], Step],
        palette: Palette,
        known: Known,
        sites: Sites,
        rows: Draws,
        guides: Sequence[Guide],
    ) -> Tensor:
        """Candidates of one drawing, one per row of ``rows`` -> Lab in hundreds, (n, R, 3). begin:
        the order of areas (n, R) -> the first step."""
        n, R = known.mask.shape
        order = torch.argsort((~known.mask).long(), dim=1, stable=True)
        numbers = self.numbers(rows, R).to(order.device)
        step, lab, last = begin(order), known.lab.clone(), None
        told, every = torch.zeros_like(known.mask), torch.arange(n, device=order.device)
        for number, area in zip(numbers.unbind(1), order.unbind(1), strict=True):
            logits, given = step(last), known.mask[every, area]
            if not given.all():
                logits = self.expected(logits, palette, sites, area, lab, told)
                at = [sites.places[a] for a in area.tolist()]
                chosen = palette.lab[self.picked(logits, number, palette, at, rows, guides)]
                lab[every, area] = torch.where(given[:, None], lab[every, area], chosen)
            told[every, area] = True
            last = lab[every, area]
        return lab

    def expected(
        self,
        logits: Tensor,
        palette: Palette,
        sites: Sites,
        area: Tensor,
        lab: Tensor,
        told: Tensor,
    ) -> Tensor:
        """Logits (n, K) for each candidate's area (n,), with what its place and the areas told so
        far (n, R) let expect."""
        white = (palette.rgb.amin(1) > WHITE).to(logits)
        openness = sites.open[area, None]
        logits = logits + torch.where(openness > 0, self.paper, self.filled) * openness * white
        for nats, relation in ((self.twins, sites.alike), (self.joined, sites.joined)):
            strength, other = (relation[area] * told).max(1)
            color = lab[torch.arange(len(lab), device=lab.device), other]
            same = torch.exp(-torch.cdist(color, palette.lab).square() / (2 * SAME**2))
            logits = logits + nats * strength[:, None] * same
        return logits

    def numbers(self, rows: Draws, steps: int) -> Tensor:
        """(n, steps) in [0, 1)."""
        if not self.spread:
            return rows.to("colors").uniform(steps)
        start = Draws(rows.seed, rows.index, None, rows.purpose).to("colors").uniform(steps)
        k = torch.tensor([0 if rows.alike else k for k in rows.candidate])
        return ((start + lattice(k, steps)) % 1).float().clamp(max=1 - 1e-7)

    def picked(
        self,
        logits: Tensor,
        number: Tensor,
        palette: Palette,
        at: Sequence[Place],
        rows: Draws,
        guides: Sequence[Guide],
    ) -> Tensor:
        """logits (n, K), number (n,) in [0, 1) -> (n,): which colour each candidate takes."""
        if not guides:
            return self.drawn_from(logits, number, palette)
        chosen = []
        for k, place in enumerate(at):
            row = rows.rows(k, k + 1)
            own = logits[k]
            for guide in guides:
                own = guide.weigh(own, palette.rgb, place, row)
            chosen.append(self.drawn_from(own[None], number[k : k + 1], palette))
            for guide in guides:
                guide.observe(palette.rgb[chosen[-1][0]], place, row)
        return torch.cat(chosen)

    def drawn_from(self, logits: Tensor, number: Tensor, palette: Palette) -> Tensor:
        """(n, K), (n,) in [0, 1) -> (n,): the colour at that place of the distribution function,
        along which colours of one hue lie together."""
        p = torch.softmax(logits.double() / self.temperature, -1)
        if self.min_p:
            common = p @ palette.nearness
            p = p.masked_fill(common < self.min_p * common.amax(-1, keepdim=True), 0.0)
        largest, which = p.sort(dim=-1, descending=True, stable=True)
        tail = largest.cumsum(-1) - largest >= self.top_p
        kept = p.scatter(-1, which, largest.masked_fill(tail, 0.0))
        reached = kept[:, palette.order].cumsum(-1)
        sought = number.double()[:, None] * reached[:, -1:]
        place = torch.searchsorted(reached, sought, right=True)[:, 0]
        return palette.order[place.clamp(max=p.shape[-1] - 1)]


def lattice(k: Tensor, steps: int) -> Tensor:
    """(n,) whole numbers -> (n, steps) float64 in [0, 1): points of which any first few lie well
    apart. Step 0 is the paper's, mostly; the next ones decide most of a picture and get Halton's
    sequence, the others Kronecker's."""
    roots = torch.tensor(
        [math.sqrt(PRIMES[i % len(PRIMES)]) for i in range(steps)], dtype=torch.float64
    )
    points = k[:, None] * roots % 1
    for step, base in list(enumerate(BASES, 1))[: max(0, steps - 1)]:
        points[:, step] = torch.tensor(
            [mirrored(int(each), base) for each in k], dtype=torch.float64
        )
    return points


def mirrored(k: int, base: int) -> float:
    """The digits of k behind the point, in reverse (van der Corput)."""
    value, place = 0.0, 1 / base
    while k:
        k, digit = divmod(k, base)
        value, place = value + digit * place, place / base
    return value
