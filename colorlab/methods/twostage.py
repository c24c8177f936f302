"""Two-stage Sketch Colorization (Zhang, Li, Wong, Ji and Liu, 2018): a bold draft first, then its
mistakes mended.

    draft       sketch and hints -> colours splashed over the page
    refinement  sketch and draft -> the picture
The draft learns to be near the truth, and to be taken for it by a discriminator; the refinement
learns the same from true colourings that were damaged as drafts are (Sec. 3.2): splats of wrong
colours, and parts of the page that were moved. Both are trained at once. Candidates differ by the
dropout of the draft, which stays on (Isola et al., 2017)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from colorlab.conditions.hints import DOT_RADIUS, dots
from colorlab.draws import Draws
from colorlab.errors import ConfigError
from colorlab.methods.adversarial import (
    Adversarial,
    CriticOptions,
    Made,
    cross_entropy,
    dropout_masks,
)
from colorlab.methods.base import Losses, OptimizerFactory, ScheduleFactory, in_channels_last
from colorlab.nets.unet import UNet
from colorlab.samplers.candidates import each_alone, in_groups
from colorlab.samplers.guides import Guide, Inpaint
from colorlab.types import Batch, Condition, Hints

# radius of a splat, and half a side of a moved part, as shares of the shorter side
LEAST, MOST = 0.05, 0.25


@dataclass(frozen=True)
class DraftOptions:
    """Both U-Nets, see ``UNet``, and what they are shown in training."""

    depth: int
    dropout: float  # the rate in the draft's, which makes candidates differ
    hints: int  # the most clicks on a training picture
    splats: int  # of a wrong colour on what the refinement is to mend, and parts of the page moved


class TwoStage(Adversarial):
    """width, net: of both U-Nets. critic: the discriminator, of drafts and of pictures. l1_weight:
    of the distance to the truth."""

    def __init__(
        self,
        seed: int,
        optimizer: OptimizerFactory,
        schedule: ScheduleFactory,
        micro_batch: int,
        space: str,
        width: int,
        net: DraftOptions,
        critic: CriticOptions,
        l1_weight: float,
    ) -> None:
        super().__init__(seed, optimizer, schedule, micro_batch, space)
        self.l1_weight, self.form, channels = l1_weight, net, self.space.channels
        self.candidates_differ = net.dropout > 0
        self.draft: UNet = in_channels_last(UNet(width, net.depth, 0, channels, 2 + channels))  # type: ignore[assignment]
        self.refine: UNet = in_channels_last(UNet(width, net.depth, 0, channels, 1 + channels))  # type: ignore[assignment]
        self.discriminator = critic.net(channels, norm=True)

    def made(self, batch: Batch, draws: Draws) -> Made:
        truth = self.space.encode(batch.rgb)
        shown = torch.cat([batch.image, self.seen(self.clicks(batch.rgb, draws))], 1)
        drafted = self.draft(shown, keep=self.masks(shown, draws))
        damaged = splashed(truth, self.form.splats, draws)
        return {"draft": drafted, "painted": self.refined(batch.image, damaged), "truth": truth}

    def clicks(self, rgb: Tensor, draws: Draws) -> Hints:
        """Hints on training pictures, 0 to ``hints`` clicks each."""
        counts = draws.to("count").choice(self.form.hints + 1, 1)[:, 0].tolist()
        found = [
            dots(
                rgb[b : b + 1],
                count,
                DOT_RADIUS * min(rgb.shape[-2:]),
                draws.to("clicks").rows(b, b + 1),
            )
            for b, count in enumerate(counts)
        ]
        return Hints(
            torch.cat([each.rgb for each in found]), torch.cat([each.mask for each in found])
        )

    def seen(self, hints: Hints) -> Tensor:
        """Hints as the draft is shown them, (B, C + 1, H, W): colours in [0, 1] where they are
        known, and a mask."""
        known = (hints.mask > 0.5).float()
        return torch.cat([(self.space.encode(hints.rgb) + 1) / 2 * known, known], 1)

    def refined(self, image: Tensor, draft: Tensor) -> Tensor:
        """Sketches (N, 1, H, W) in [0, 1] and drafts (N, C, H, W) in [-1, 1] -> (N, C, H, W)."""
        return self.refine(torch.cat([image, (draft + 1) / 2], 1))

    def masks(self, shown: Tensor, draws: Draws) -> list[Tensor]:
        """Which features of the draft's net are dropped, for each row."""
        return dropout_masks(draws, self.draft.mask_shapes(shown), self.form.dropout, shown.device)

    def discriminator_loss(self, batch: Batch, made: Made, draws: Draws) -> Losses:
        real = cross_entropy(self.discriminator(batch.image, made["truth"]), 1.0)
        draft, painted = (
            cross_entropy(self.discriminator(batch.image, made[key]), 0.0)
            for key in ("draft", "painted")
        )
        return {"loss": (real + (draft + painted) / 2) / 2}

    def generator_loss(self, batch: Batch, made: Made) -> Losses:
        """Of both stages, each its distance, weighted, and what fools the discriminator."""
        losses: Losses = {}
        for key in ("draft", "painted"):
            gan = cross_entropy(self.discriminator(batch.image, made[key]), 1.0)
            losses[key] = gan + self.l1_weight * F.l1_loss(made[key], made["truth"])
        return {
            "loss": losses["draft"] + losses["painted"],
            **{key: each.detach() for key, each in losses.items()},
        }

    @torch.inference_mode()
    def sample(
        self, condition: Condition, n: int, draws: Draws, guides: Sequence[Guide] = ()
    ) -> Tensor:
        """Hints come back exactly. ConfigError: guides."""
        if any(not isinstance(guide, Inpaint) for guide in guides):
            raise ConfigError(
                "twostage takes hints, but no guide or bias (leave guide= and bias= out)"
            )
        return torch.stack([self.both(one, n, rows) for one, rows in each_alone(condition, draws)])

    def both(self, condition: Condition, n: int, draws: Draws) -> Tensor:
        """n colourings of one picture, (n, 3, H, W) in [0, 1]."""
        image = condition.image
        hints = condition.hints or Hints(image.expand(-1, 3, -1, -1), torch.zeros_like(image))
        shown = torch.cat([image, self.seen(hints)], 1)

        def paint(rows: Draws) -> Tensor:
            many = shown.expand(len(rows), -1, -1, -1)
            return self.refined(many[:, :1], self.draft(many, keep=self.masks(many, rows)))

        made = self.space.decode(in_groups(paint, draws, n, self.micro_batch).float(), image)
        return torch.where(
            hints.mask > 0.5, self.space.decode(self.space.encode(hints.rgb), image), made
        )


def splashed(truth: Tensor, count: int, draws: Draws) -> Tensor:
    """True colours (B, C, H, W) in [-1, 1], damaged as drafts are: ``count`` discs of colours of
    other places of the picture, half over what is there, and as many square parts moved. draws: a
    row per picture."""
    chance = draws.to("splats").uniform(count, 10)
    pairs = zip(truth, chance, strict=True)
    return torch.stack([_splashed(picture, each.tolist()) for picture, each in pairs])


def _splashed(picture: Tensor, chance: list[list[float]]) -> Tensor:
    """One picture (C, H, W). chance: place and radius of a disc, the place of its colour; whether a
    part moves, its place, half its side, where from."""
    out, (height, width) = picture.clone(), picture.shape[1:]
    rows, columns = (torch.arange(side, device=picture.device) + 0.5 for side in (height, width))
    for y, x, radius, source, moves, top, left, half, down, across in chance:
        color = picture.flatten(1)[:, int(source * height * width), None, None]
        far = (rows[:, None] - y * height) ** 2 + (columns - x * width) ** 2
        out = torch.where(far <= sized(radius, out) ** 2, (out + color) / 2, out)
        if moves < 0.5:
            part = (rows[:, None] - top * height).abs().maximum(
                (columns - left * width).abs()
            ) <= sized(half, out)
            out = torch.where(
                part, torch.roll(out, (int(down * height), int(across * width)), (1, 2)), out
            )
    return out


def sized(share: float, picture: Tensor) -> float:
    """A length from LEAST to MOST, px."""
    return (LEAST + (MOST - LEAST) * share) * min(picture.shape[1:])
