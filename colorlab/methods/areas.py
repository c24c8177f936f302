"""What methods that colour areas share: from drawings to their areas' features, and from areas'
colours to pictures.

Paper is an area like others, and white a colour like others. What is known before
(clicks, strokes, a half-painted picture, a candidate to be varied) is given to the method area by
area."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from colorlab.conditions.area_colors import (
    by_size,
    resized,
    size_ranks,
    sized,
    small_view,
    true_colors,
)
from colorlab.conditions.area_colors import shares as area_shares
from colorlab.conditions.area_hints import AreaHints, area_hints
from colorlab.conditions.area_openings import openness, paper_around
from colorlab.conditions.area_shapes import coarse, passages, shapes
from colorlab.conditions.captions import shares, with_colors, words_of
from colorlab.conditions.pen import evened
from colorlab.draws import Draws
from colorlab.errors import ConfigError
from colorlab.methods.area_inputs import (
    NO_REQUEST,
    AreaRequest,
    PreparedDrawing,
    Shown,
    labels_of,
    places_of,
)
from colorlab.methods.area_options import HandOptions, ReadingOptions
from colorlab.methods.base import (
    Losses,
    Method,
    Optimized,
    OptimizerFactory,
    ScheduleFactory,
    evenly_spread,
    in_channels_last,
    slowed,
)
from colorlab.nets.area_encoder import AreaEncoder, Drawn
from colorlab.nets.frozen import Aside
from colorlab.nets.latent.text import read_text
from colorlab.nets.naming import Naming
from colorlab.samplers.area_guides import Autoguidance, Like
from colorlab.samplers.candidates import each_alone
from colorlab.samplers.guidance import GuidanceOptions
from colorlab.samplers.guides import Guide
from colorlab.types import Batch, Condition, Hints

# pictures of like numbers of areas go through the net together: little is lost on padding
TOGETHER = 8
UNIFORM = 0.5  # areas that have less of one colour than this teach nothing
# shares of the training captions left out, and that name colours
CAPTION_DROPOUT, COLOR_WORDS = 0.3, 0.5
# share of an area from which a hint is a painted picture, not a click: it is kept to the pixel
PAINTED = 0.5
MOST = 160  # areas of a training picture; smaller ones are left out
NAMING = 0.1  # weight of the names' cross-entropy
TRUNK_RATE = 0.1  # of the learning rate, for what was learned from photographs
# share of the training pictures with areas that are given; the largest share of areas given
KNOWN = (0.6, 0.5)


def given_areas(picture: Tensor, area: Tensor) -> Tensor:
    """Uniform numbers of the pictures (..., 1) and of their areas (..., R) -> (..., R) bool, which
    areas are given: none in some pictures, a share that is uniform in the others."""
    pictures, areas = KNOWN
    return area < (picture - 1 + pictures).clamp(min=0) * areas / pictures


class AreaMethod(Method):
    """A method that colours areas. A subclass gives ``losses`` and ``candidates``.

    turns: random states (orders, noises) in which each training picture is learned from. guidance:
    how far beyond what style and text say, away from nobody's hand and from the negative
    caption."""

    conditions = ("lines",)
    own_size = True

    def __init__(
        self,
        seed: int,
        optimizer: OptimizerFactory,
        schedule: ScheduleFactory,
        reading: ReadingOptions,
        hand: HandOptions,
        turns: int,
        guidance: GuidanceOptions,
    ) -> None:
        super().__init__(seed, optimizer, schedule)
        self.side, self.hand, self.turns, self.guidance = reading.side, hand, turns, guidance
        reader = None if reading.text_encoder is None else read_text(reading.text_encoder)
        self.reader: Aside | None = None if reader is None else Aside(reader)
        self.takes_text = reader is not None
        helped, text = reading.trunk != "none", reader.width if reader else 0
        self.encoder = AreaEncoder(
            reading.width, reading.layers, reading.heads, len(hand.styles), text, helped
        )
        self.naming = Naming(reading.width) if helped else None
        in_channels_last(self.encoder.reader)

    def prepare(self, pictures: Any) -> None:
        """What the trunk learned from photographs."""
        if self.encoder.trunk is not None:
            self.encoder.trunk.load()

    def optimizers(self) -> list[Optimized]:
        """The trunk learns at TRUNK_RATE of the rate."""
        slow = [] if self.encoder.trunk is None else self.encoder.trunk.learning()
        if not slow:
            return super().optimizers()
        known = {id(p) for p in slow}
        rest = [p for p in self.parameters() if p.requires_grad and id(p) not in known]
        optimizer = self.optimizer([{"params": rest}, {"params": slow}])
        return [slowed(Optimized(optimizer, self.schedule(optimizer)), 1, TRUNK_RATE)]

    def losses(self, drawn: Drawn, shown: Shown, random: list[Tensor]) -> Tensor:
        """(B turns, R): of areas, given each drawing's features ``turns`` times, and what
        ``randomness`` drew."""
        raise NotImplementedError

    def randomness(self, shown: Shown, draws: Draws) -> list[Tensor]:
        """What a batch's losses depend on by chance, (B, turns, R, ...) each."""
        raise NotImplementedError

    def candidates(
        self, asked: PreparedDrawing, n: int, draws: Draws, guides: Sequence[Guide]
    ) -> Tensor:
        """n colourings of one drawing's areas, (n, R, 3) in [0, 1]."""
        raise NotImplementedError

    def loss(self, batch: Batch, draws: Draws) -> Losses:
        """The mean loss of an area, weighted by the root of its size; and of naming the
        drawings."""
        shown, hidden = self.shown(batch), draws.to("style").uniform() < self.hand.dropout
        text = self.states(captions(batch, draws), cut=True) if self.takes_text else shown.text
        shown = shown._replace(
            style=torch.where(hidden.to(shown.style.device), 0, shown.style), text=text
        )
        random, total, weight, naming = self.randomness(shown, draws), [], [], []
        for rows in shown.count.argsort(stable=True).split(TOGETHER):
            R = int(shown.count[rows].max())
            own = Shown(*(x[rows] for x in shown))
            own = own._replace(colors=own.colors[:, :R], weight=own.weight[:, :R])
            drawn = self.encoder(own.image, own.labels, own.count, own.style, own.text)
            if self.naming is not None:
                naming.append(self.naming(drawn.whole, [batch.text[i] for i in rows.tolist()]))
            repeated = Drawn(*(x.repeat_interleave(self.turns, 0) for x in drawn))
            own = Shown(*(x.repeat_interleave(self.turns, 0) for x in own))
            errors = self.losses(
                repeated, own, [x[rows, :, :R].flatten(0, 1).to(own.image.device) for x in random]
            )
            total.append((errors * own.weight).sum())
            weight.append(own.weight.sum())
        colors = torch.stack(total).sum() / torch.stack(weight).sum().clamp(min=1e-6)
        if not naming:
            return {"loss": colors}
        names = torch.cat(naming).mean()
        return {"loss": colors + NAMING * names, "colors": colors, "names": names}

    def shown(self, batch: Batch) -> Shown:
        """A batch as the net is shown it."""
        labels = labels_of(batch.image) if batch.areas is None else batch.areas
        labels, count = by_size(sized(labels, batch.image.shape[-2:]), MOST)
        colors, uniform = true_colors(batch.rgb, batch.image, labels, int(count.max()))
        image, labels = resized(batch.image, labels, self.side)
        weight = area_shares(labels, colors.shape[1]).sqrt() * (uniform > UNIFORM)
        known = batch.label < len(self.hand.styles)  # a set beyond them is nobody's hand
        style = torch.where(known, batch.label + 1, 0)
        nothing = image.new_zeros(len(image), 0, 0)
        return Shown(image, labels, count, colors, weight, style, nothing)

    def states(self, texts: list[str], cut: bool) -> Tensor:
        """The states of the captions' tokens, (B, T, D); D = 0 for a method without captions. cut:
        drop silently what is too long, instead of a ConfigError."""
        if self.reader is None:
            return self.encoder.places.weight.new_zeros(len(texts), 0, 0)
        states: Tensor = self.reader.on(self.encoder.places.weight.device)(texts, cut)
        return states

    def colors_in(self, pictures: Any, most: int) -> tuple[Tensor, Tensor]:
        """True colours of areas (N, 3) in [0, 1], and their weights (N,), of so many training
        pictures at most."""
        train = pictures.splits["train"]
        chosen = evenly_spread(train, min(most, len(train)))
        found = []
        for start in range(0, len(chosen), TOGETHER):
            shown = self.shown(pictures[chosen[start : start + TOGETHER]])
            found.append((shown.colors[shown.weight > 0], shown.weight[shown.weight > 0]))
        colors, weights = zip(*found, strict=True)
        return torch.cat(colors), torch.cat(weights)

    @torch.inference_mode()
    def sample(
        self, condition: Condition, n: int, draws: Draws, guides: Sequence[Guide] = ()
    ) -> Tensor:
        """One drawing at a time, painted at the size at which its areas are known."""
        pictures = []
        for one, row in each_alone(condition, draws):
            labels = labels_of(one.image)[0] if one.areas is None else one.areas[0]
            pictures.append(self.picture(one, labels, n, row, guides))
        return torch.stack(pictures)

    def picture(
        self, condition: Condition, labels: Tensor, n: int, draws: Draws, guides: Sequence[Guide]
    ) -> Tensor:
        """One drawing with its areas (h, w), perhaps finer than the drawing -> (n, 3, H, W) in
        [0, 1]."""
        image = condition.image[0]
        hints = condition.hints
        request = AreaRequest((condition.text or [""])[0], guides)
        if hints is not None:
            known = area_hints(labels, image, hints)
            labels, request = known.labels, request._replace(colors=known.colors, known=known.known)
        flat = self.colors(image, labels, n, draws, request).transpose(1, 2)[:, :, labels]
        if flat.shape[-2:] != image.shape[-2:]:
            flat = F.interpolate(flat, image.shape[-2:], mode="area")
        return flat * image if hints is None else pasted(flat * image, hints, known)

    @torch.no_grad()
    def colors(
        self, image: Tensor, labels: Tensor, n: int, draws: Draws, request: AreaRequest = NO_REQUEST
    ) -> Tensor:
        """n colourings of one drawing's areas, (n, R, 3) in [0, 1]. image (1, H, W) in [0, 1],
        labels (h, w) in 0..R-1, draws: one row. What is given is kept exactly."""
        R, rank = int(labels.max()) + 1, size_ranks(labels)
        # of half the bytes: there may be 12 million
        ranked, order = rank.int()[labels], rank.argsort()
        small, seen = small_view(evened(image), ranked, self.side)
        colors, given = self._given(image, labels, n, draws, request)
        places, shrunk = places_of(seen, R), coarse(ranked, image)
        asked = PreparedDrawing(
            drawn=self._drawn(small, seen, R, request.text),
            weaker=self._weaker(image, ranked, request),
            places=places,
            open=openness(*shrunk, paper_around(seen[0], R)),
            shapes=shapes(ranked, R),
            joined=passages(*shrunk, R),
            given=(colors[order], given[:, order]),
        )
        return torch.where(
            given[..., None], colors, self.candidates(asked, n, draws, request.guides)[:, rank]
        )

    def _drawn(self, image: Tensor, labels: Tensor, R: int, text: str) -> list[Drawn]:
        """The drawing by the style and the text, and if it is to be contrasted, without them."""
        asked = [(self.hand.number, text)] + [(0, self.guidance.negative)] * bool(
            self.guidance.scale
        )
        numbers = [
            [torch.tensor([value], device=image.device) for value in (R, style)]
            for style, _ in asked
        ]
        return [
            self.encoder(image, labels, *own, self.states([said], self.cut))
            for own, (_, said) in zip(numbers, asked, strict=True)
        ]

    def _weaker(
        self, image: Tensor, labels: Tensor, request: AreaRequest
    ) -> list[tuple[Autoguidance, Drawn]]:
        """What weaker methods read of the drawing, for autoguidance. ConfigError: one is of another
        kind."""
        found = []
        for guide in request.guides:
            if isinstance(guide, Autoguidance) and guide.strength:
                if not self.is_weaker(weaker := guide.weaker.to(self.device)):
                    raise ConfigError(
                        "guide.autoguidance.run is of another method or palette (give one like "
                        "this)"
                    )
                view = small_view(evened(image), labels, weaker.side)
                found.append((guide, weaker._drawn(*view, int(labels.max()) + 1, request.text)[0]))
        return found

    def is_weaker(self, other: Any) -> bool:
        """Whether a method gives estimates that may be compared with this one's."""
        return type(other) is type(self)

    def _given(
        self, image: Tensor, labels: Tensor, n: int, draws: Draws, asked: AreaRequest
    ) -> tuple[Tensor, Tensor]:
        """Colours (R, 3), and which candidates have them given, (n, R): by hints, else by a
        candidate to be like."""
        R = int(labels.max()) + 1
        colors = image.new_zeros(R, 3) if asked.colors is None else asked.colors
        mask = (
            torch.zeros(R, dtype=torch.bool, device=image.device)
            if asked.known is None
            else asked.known
        )
        given = mask.expand(n, R)
        for like in asked.guides:
            if isinstance(like, Like):
                liked, kept = like.known(labels, image, draws.candidates(n))
                colors, given = torch.where(mask[:, None], colors, liked), given | kept
        return colors, given


def captions(batch: Batch, draws: Draws) -> list[str]:
    """A batch's captions, some with the picture's main colours, some left out."""
    colored = with_colors(batch.text, words_of(shares(batch.rgb)), COLOR_WORDS, draws)
    gone = (draws.to("captions").uniform() < CAPTION_DROPOUT).tolist()
    return ["" if out else text for text, out in zip(colored, gone, strict=True)]


def pasted(pictures: Tensor, hints: Hints | None, known: AreaHints) -> Tensor:
    """(n, 3, H, W) with what is given of areas that are painted for the most part, ink and all."""
    assert hints is not None
    whole = (known.shown > PAINTED)[known.labels]
    return torch.lerp(pictures, hints.rgb, hints.mask * sized(whole[None], pictures.shape[-2:]))
