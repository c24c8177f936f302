"""Words for pictures: which basic colours one is painted in, captions that say so, and captions
left out.

Liu et al. (2023), Piggyback, Sec. 4.1: half of the captions become dummies, so that a prompt may be
left out too. Captions without colour words teach a prior nothing about them, so a share of ours get
those that the picture shows."""

from __future__ import annotations

import re
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from colorlab.color import lab_of
from colorlab.draws import Draws

#: Words that name a colour, and the modifiers of emoji that name a tone of skin.
NAMED = re.compile(
    r"(,\s*)?emoji modifier fitzpatrick type[-\d]*|(,\s*)?\b(medium[ -])?((light|dark)[ "
    r"-])?(medium )?skin tone\b"
    r"|\b(?:(?:light|dark|pale|deep|bright)[ -])?"
    r"(?:red|orange|yellow|green|blue|purple|pink|brown|beige|gr[ae]y|black|white"
    r"|gold(?:en)?|silver|violet|crimson|scarlet|cyan|magenta|turquoise|teal|maroon|colou?r(?:ed|ful|s)?)\b-?",
    re.IGNORECASE,
)
DUMMIES = ("", "color photo", "high quality photo")
#: Examples of each word's colours; a colour has the word of the nearest example in Lab.
EXAMPLES = {
    "red": ("#d22f27", "#ea5a47", "#ff0000", "#8b1a1a"),
    "orange": ("#e27022", "#f4aa41", "#ff8c00"),
    "yellow": ("#fcea2b", "#f1b31c", "#ffff00", "#f5e68c"),
    "green": ("#5c9e31", "#b1cc33", "#186648", "#00c000", "#90d890"),
    "blue": ("#92d3f5", "#61b2e4", "#1e50a0", "#0000ff", "#000080", "#d0e8f5"),
    "purple": ("#8967aa", "#b399c8", "#800080", "#4b2a7a"),
    "pink": ("#ffa7c0", "#e67a94", "#ff69b4"),
    "brown": ("#a57939", "#6a462f", "#c19a65", "#8b4513"),
    "beige": ("#fadcbc", "#debb90", "#f5f0dc"),
    "gray": ("#5f5f5f", "#9b9b9a", "#d0cfce"),
    "black": ("#000000", "#303030"),
    "white": ("#ffffff", "#efefef"),
}
WORDS = tuple(word for word in EXAMPLES if word != "white")  # white is paper
# outlines and their soft edges; the words count where the colour fills an area
INK = ("gray", "black")
MOST, SHARE = 2, 0.15  # words per picture; of its coloured area, for a word


def shares(rgb: Tensor) -> Tensor:
    """(B, 3, H, W) in [0, 1] -> (B, 11): each of WORDS' share of what is coloured, which is neither
    paper nor ink."""
    # (B, 11, H, W)
    area = (
        nearest_words(rgb) == torch.arange(len(WORDS), device=rgb.device)[:, None, None]
    ).float()
    first = WORDS.index(INK[0])
    area[:, first:] = opening(area[:, first:], 2 * (min(rgb.shape[-2:]) // 25) + 1)
    counts = area.sum((2, 3))
    return counts / counts.sum(1, keepdim=True).clamp_min(1)


def nearest_words(rgb: Tensor) -> Tensor:
    """(B, 3, H, W) in [0, 1] -> (B, 1, H, W): places in EXAMPLES."""
    examples = [(place, code) for place, codes in enumerate(EXAMPLES.values()) for code in codes]
    colors = (
        torch.tensor([list(bytes.fromhex(code[1:])) for _, code in examples], device=rgb.device)
        / 255
    )
    known = lab_of(colors[:, :, None, None])[:, :, 0, 0]
    lab = lab_of(rgb).movedim(1, -1)
    nearest = torch.cdist(lab.flatten(0, 2), known).argmin(1)
    place = torch.tensor([place for place, _ in examples], device=rgb.device)
    return place[nearest].reshape(len(rgb), 1, *rgb.shape[-2:])


def opening(area: Tensor, width: int) -> Tensor:
    """(B, C, H, W) of 0 and 1, without what is thinner than ``width`` pixels, an odd number
    (morphological opening)."""
    eroded = 1 - F.max_pool2d(1 - area, width, 1, width // 2)
    return F.max_pool2d(eroded, width, 1, width // 2)


def words_of(share: Tensor) -> list[list[str]]:
    """Shares (B, 11) of WORDS -> the words of each picture, at most two, the largest first."""
    order = share.argsort(dim=1, descending=True, stable=True)[:, :MOST]
    return [[WORDS[k] for k in row.tolist() if share[b, k] >= SHARE] for b, row in enumerate(order)]


def hit(rgb: Tensor, word: str) -> bool:
    """Whether a picture (3, H, W) in [0, 1] shows the colour of a word: it has at least SHARE of
    what is coloured."""
    if word not in WORDS:
        raise ValueError(f"a colour word is one of {', '.join(WORDS)}, not {word!r}")
    return float(shares(rgb[None])[0, WORDS.index(word)]) >= SHARE


def with_colors(
    texts: Sequence[str], colors: list[list[str]], share: float, draws: Draws
) -> list[str]:
    """Captions, a share of them begun with the picture's main colours: "waving hand" -> "yellow and
    brown waving hand".

    colors: words for each picture's; share in [0, 1]; draws: one row per picture."""
    chosen = (draws.to("colour words").uniform() < share).tolist()
    rows = zip(texts, colors, chosen, strict=True)
    return [
        f"{' and '.join(own)} {text or 'drawing'}" if wanted and own else text
        for text, own, wanted in rows
    ]


def plain(text: str) -> str:
    """A caption without its words of colour: "white flower" -> "flower"; it can be empty."""
    return re.sub(r"\s+(?=,)|^[\s,]+|[\s,]+$", "", re.sub(r"\s+", " ", NAMED.sub("", text)))


def dropped(texts: Sequence[str], probability: float, draws: Draws) -> list[str]:
    """Captions, each with this probability replaced by one of DUMMIES; the paper's probability is
    .5."""
    gone = (draws.to("captions").uniform() < probability).tolist()
    dummy = draws.to("dummies").choice(len(DUMMIES)).tolist()
    return [DUMMIES[k] if out else text for text, out, k in zip(texts, gone, dummy, strict=True)]
