"""Learning to say what a drawing shows, beside its colours: a reader that can tell a face from a
wheel colours better.

Words are hashed, so that no vocabulary need be kept (Weinberger et al., 2009, "Feature
hashing")."""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence

import torch
from torch import Tensor, nn

WORDS = 1024  # places that words are hashed to
SHORT = 2  # letters; words so short tell nothing


class Naming(nn.Module):
    """How surprising the words of a drawing's caption are. d: width of what is known of the
    drawing."""

    def __init__(self, d: int) -> None:
        super().__init__()
        self.words = nn.Linear(d, WORDS)

    def forward(self, whole: Tensor, captions: Sequence[str]) -> Tensor:
        """whole (B, d), B captions -> (B,): mean cross-entropy of a caption's words, in nats; 0
        without words."""
        said = torch.stack([hashed(caption) for caption in captions]).to(whole.device)
        return -(said * torch.log_softmax(self.words(whole).float(), -1)).sum(-1)


def hashed(caption: str) -> Tensor:
    """(WORDS,): the share of each place among the caption's words; all 0 without words."""
    words = {word for word in re.findall("[a-z]+", caption.lower()) if len(word) > SHORT}
    places = torch.tensor(
        [zlib.crc32(word.encode()) % WORDS for word in sorted(words)], dtype=torch.long
    )
    return torch.zeros(WORDS).index_add_(
        0, places, torch.full(places.shape, 1 / max(1, len(words)))
    )
