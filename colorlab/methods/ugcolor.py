"""User-guided colorization: "Real-Time User-Guided Image Colorization with Learned Deep Priors"
(Zhang et al., 2017, arXiv 1705.02999).

One network takes the gray picture and sparse hints and paints ab by regression; trained on hints of
every number, it carries a click as far as its object goes. Its classes say which colours a place
may have. The paper paints one picture for given hints; with ``suggested``, candidate k first draws
hints of its own from those classes. Global hints are the histogram of colours of another picture,
``guide=bias``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from colorlab.ab_bins import Bins
from colorlab.color import AB, AB_SCALE
from colorlab.conditions.hint_maps import must_match
from colorlab.conditions.revealed import SPREAD, revealed
from colorlab.draws import Draws
from colorlab.errors import ConfigError
from colorlab.methods.base import (
    Losses,
    Method,
    OptimizerFactory,
    ScheduleFactory,
    evenly_spread,
    in_channels_last,
)
from colorlab.nets.color_heads import inverse_cdf
from colorlab.nets.hinted_net import CLASS_STRIDE, HintedNet
from colorlab.samplers.candidates import each_alone, in_groups
from colorlab.samplers.guides import Bias, Guide, Inpaint
from colorlab.types import Batch, Condition
from colorlab.weights.published import fill_parts, read_tensors, renamed

SPACE = AB()
# Lab units, Sec. 3.2: errors below it count by their square, above it by their size
HUBER_DELTA = 1.0
#: names in the published file -> here
PUBLISHED = {
    r"model([1-7])\.(.*)": r"net.conv\1.\2",
    r"model8up\.0\.(.*)": r"net.ups.0.up.\1",
    r"model3short8\.0\.(.*)": r"net.ups.0.short.\1",
    r"model8\.(.*)": r"net.ups.0.convs.\1",
    r"model9up\.0\.(.*)": r"net.ups.1.up.\1",
    r"model2short9\.0\.(.*)": r"net.ups.1.short.\1",
    r"model9\.(.*)": r"net.ups.1.convs.\1",
    r"model10up\.0\.(.*)": r"net.ups.2.up.\1",
    r"model1short10\.0\.(.*)": r"net.ups.2.short.\1",
    r"model10\.(.*)": r"net.ups.2.convs.\1",
    r"model_class\.0\.(.*)": r"net.classes.\1",
    r"model_out\.0\.(.*)": r"net.ab.\1",
}
# at most so many training pictures are counted for the classes that a fresh net says
PRIOR_PICTURES = 1024


@dataclass(frozen=True)
class RevealOptions:
    """The hints that training makes, see ``revealed``."""

    ends: float
    largest: int
    whole: float
    histogram: float  # share of pictures whose histogram is shown; 0 = the net takes none


class UGColor(Method):
    """width: of the net. bins: classes of colour, see ``table_of``. suggested: hints that each
    candidate draws of its own, 0 = the paper. temperature: of their colours. micro_batch:
    candidates painted together."""

    conditions = SPACE.conditions

    def __init__(
        self,
        seed: int,
        optimizer: OptimizerFactory,
        schedule: ScheduleFactory,
        width: int,
        bins: str,
        reveal: RevealOptions,
        suggested: int,
        temperature: float,
        micro_batch: int,
    ) -> None:
        super().__init__(seed, optimizer, schedule)
        self.reveal, self.micro_batch = reveal, micro_batch
        self.suggested = suggested
        self.temperature = temperature
        self.candidates_differ = suggested > 0
        self.bins = Bins(bins)
        numbers = len(self.bins) + 3 if reveal.histogram else 0
        self.net: HintedNet = in_channels_last(HintedNet(width, len(self.bins), numbers))  # type: ignore[assignment]

    def prepare(self, pictures: Any) -> None:
        """Classes that start from how often each occurs."""
        train = pictures.splits["train"]
        chosen = evenly_spread(train, min(PRIOR_PICTURES, len(train)))
        groups = (chosen[start : start + 64] for start in range(0, len(chosen), 64))
        self.bins.fit((self.ab(pictures[group].rgb).flatten(0, 2) for group in groups), 5.0)
        with torch.no_grad():
            self.net.classes.bias.copy_(self.bins.prior.clamp_min(1e-8).log())  # type: ignore[union-attr]

    def read_published(self, path: Path) -> None:
        """Fill the net. CheckpointError: not such a file, or one of another width or table."""
        tensors = renamed(read_tensors(path), PUBLISHED)
        fill_parts(
            self, ("net.",), tensors, f"in {path} (want width=64 bins=square reveal.histogram=0)"
        )

    def ab(self, rgb: Tensor) -> Tensor:
        """(B, 3, H, W) in [0, 1] -> Lab's ab at every fourth pixel, (B, h, w, 2)."""
        return AB_SCALE * SPACE.encode(rgb)[..., ::CLASS_STRIDE, ::CLASS_STRIDE].movedim(1, -1)

    def loss(self, batch: Batch, draws: Draws) -> Losses:
        """Huber's distance of ab in Lab units, and the classes' cross-entropy, whose gradient stays
        in its head."""
        truth = SPACE.encode(batch.rgb)
        hints = revealed(truth, self.reveal.ends, self.reveal.largest, self.reveal.whole, draws)
        logits, ab = self.net(batch.image, hints, self.shown_whole(batch.rgb, draws))
        huber = F.huber_loss(AB_SCALE * ab, AB_SCALE * truth, delta=HUBER_DELTA)
        classes = F.cross_entropy(logits.float(), self.bins.nearest(self.ab(batch.rgb)))
        return {"loss": huber + classes, "huber": huber.detach(), "classes": classes.detach()}

    def shown_whole(self, rgb: Tensor, draws: Draws) -> Tensor | None:
        """The histograms of some pictures of a batch, for global hints; zeros where there is
        none."""
        if not self.reveal.histogram:
            return None
        known = draws.to("histogram").uniform(1, device=rgb.device) < self.reveal.histogram
        return self.histogram(rgb) * known

    def histogram(self, rgb: Tensor) -> Tensor:
        """Pictures (N, 3, h, w) in [0, 1] -> (N, Q + 3): shares of the bins, the mean saturation
        (HSV), that each is known, and 1."""
        bins = self.bins.nearest(AB_SCALE * SPACE.encode(rgb).movedim(1, -1)).flatten(1)
        shares = torch.zeros(len(rgb), len(self.bins), device=rgb.device)
        shares.scatter_add_(1, bins, torch.full(bins.shape, 1 / bins.shape[1], device=rgb.device))
        high, low = rgb.amax(1), rgb.amin(1)
        saturation = ((high - low) / high.clamp_min(1e-3)).mean((1, 2))[:, None]
        return torch.cat([shares, saturation, torch.ones_like(saturation).expand(-1, 2)], 1)

    @torch.inference_mode()
    def sample(
        self, condition: Condition, n: int, draws: Draws, guides: Sequence[Guide] = ()
    ) -> Tensor:
        """Hints are obeyed exactly; a Bias is a global hint. ConfigError: other guides."""
        for guide in guides:
            if not isinstance(guide, Inpaint | Bias) or (
                isinstance(guide, Bias) and self.net.whole is None
            ):
                name = type(guide).__name__.lower()
                raise ConfigError(f"this ugcolor takes hints, and no guide={name} (leave it out)")
        if condition.hints is not None:
            must_match(condition.hints, condition.image)
        biases = [guide for guide in guides if isinstance(guide, Bias)]
        alone = each_alone(condition, draws)
        return torch.stack([self.candidates(one, n, rows, biases) for one, rows in alone])

    def candidates(
        self, condition: Condition, n: int, draws: Draws, biases: Sequence[Bias]
    ) -> Tensor:
        """n colourings of one picture, (n, 3, H, W) in [0, 1]."""
        hints = self.given(condition)
        return in_groups(
            lambda rows: self.group(condition, hints, rows, biases), draws, n, self.micro_batch
        )

    def given(self, condition: Condition) -> Tensor:
        """The user's hints as the net sees them, (1, 3, H, W)."""
        image, hints = condition.image, condition.hints
        if hints is None:
            return image.new_zeros(1, 3, *image.shape[-2:])
        mask = (hints.mask > 0.5).to(image)
        return torch.cat([SPACE.encode(hints.rgb) * mask, mask], 1)

    def group(
        self, condition: Condition, hints: Tensor, rows: Draws, biases: Sequence[Bias]
    ) -> Tensor:
        """The candidates painted together, (m, 3, H, W) in [0, 1]."""
        image = condition.image.expand(len(rows), -1, -1, -1)
        seen = hints.expand(len(rows), -1, -1, -1)
        whole = self.whole_of(rows, biases, image)
        if self.suggested:
            seen = self.with_own(seen, self.net(image, seen, whole)[0], rows.to("suggested"))
        ab = self.net(image, seen, whole)[1]
        return SPACE.decode(torch.where(hints[:, 2:] > 0, hints[:, :2], ab), image)

    def whole_of(self, rows: Draws, biases: Sequence[Bias], image: Tensor) -> Tensor | None:
        """The histogram of what the last bias names for each candidate."""
        if self.net.whole is None:
            return None
        if not biases:
            return image.new_zeros(len(rows), len(self.bins) + 3)
        colors = biases[-1].colors.to(image)
        return self.histogram(colors[torch.tensor(rows.candidate) % len(colors)])

    def with_own(self, hints: Tensor, logits: Tensor, rows: Draws) -> Tensor:
        """Hints (m, 3, H, W) with so many suggested ones, each a pixel whose colour is drawn from
        its classes; what the user shows stays."""
        height, width = hints.shape[-2:]
        center = (SPREAD * rows.normal(self.suggested, 2, device=hints.device) + 0.5).clamp(
            0, 1 - 1e-6
        )
        bins = inverse_cdf(
            logits.float() / self.temperature, rows.uniform(*logits.shape[-2:], device=hints.device)
        )
        hints = hints.clone()
        for one, places, drawn in zip(hints, center, bins, strict=True):
            y, x = (places[:, 0] * height).long(), (places[:, 1] * width).long()
            # (suggested, 2)
            color = self.bins.table[drawn[y // CLASS_STRIDE, x // CLASS_STRIDE]] / AB_SCALE
            free = one[2, y, x] == 0
            one[:2, y[free], x[free]], one[2, y[free], x[free]] = color[free].T.to(one), 1.0
        return hints
