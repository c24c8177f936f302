"""Token states of a prompt: CLIP's as in Stable Diffusion 1.x, or a BERT's such as MiniLM, from a
local folder.

Both are padded to the tokenizer's length and not pooled: one vector of a whole caption hardly tells
colours apart."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from colorlab.errors import ConfigError
from colorlab.storage.memo import Answers
from colorlab.storage.plain import content
from colorlab.storage.tensors import must_hold_files
from colorlab.weights.catalog import TEXT
from colorlab.weights.store import text_folder

# longer than any caption of a drawing; BERT's own 512 would make every prompt sixteen times as long
BERT_TOKENS = 32
KEPT_BYTES = 1 << 29  # of token states: the captions of a small data set are encoded once
GROUP = 8  # prompts encoded together


class TextEncoder(nn.Module):
    """model: a frozen CLIPTextModel or BertModel; tokenizer: its own, which knows how many tokens
    there are.

    length: T, tokens of a prompt with the two at its ends; width: D, of a token's state."""

    def __init__(self, model: Any, tokenizer: Any) -> None:
        super().__init__()
        self.model: nn.Module = model.eval().requires_grad_(False)
        self.tokenizer = tokenizer
        self.length, self.width = int(tokenizer.model_max_length), int(model.config.hidden_size)
        self.masked = bool(getattr(model.config, "use_attention_mask", False))
        self.answers = Answers(KEPT_BYTES, GROUP)

    def forward(self, texts: list[str], cut: bool = False) -> Tensor:
        """N prompts -> (N, T, D). cut: drop silently what is too long (training); otherwise a
        ConfigError."""
        for text in () if cut else set(texts):
            self._must_fit(text)
        device = next(self.model.parameters()).device
        states = self.answers.of(
            texts, lambda places: self._encoded([texts[i] for i in places], device)
        )
        return states.to(device)

    @torch.no_grad()
    def _encoded(self, texts: list[str], device: torch.device) -> Tensor:
        tokens = self.tokenizer(
            texts,
            padding="max_length",
            max_length=self.length,
            truncation=True,
            return_tensors="pt",
        ).to(device)
        mask = tokens.attention_mask if self.masked else None
        return self.model(tokens.input_ids, attention_mask=mask)[0]

    def _must_fit(self, text: str) -> None:
        ids = self.tokenizer(text, verbose=False).input_ids
        if len(ids) > self.length:
            kept = self.tokenizer.decode(ids[: self.length - 1], skip_special_tokens=True)
            raise ConfigError(
                f"text={text[:40]!r}... has {len(ids) - 2} tokens, {self.length - 2} fit (shorten "
                f"it: all after {kept[-40:]!r} would be cut)"
            )

    def save(self, model: Path, tokenizer: Path) -> None:
        """The two folders that ``load_text`` reads."""
        import transformers

        transformers.utils.logging.disable_progress_bar()
        self.model.save_pretrained(model)  # type: ignore[operator]
        self.tokenizer.save_pretrained(tokenizer)


def read_text(name: str) -> TextEncoder:
    """The encoder in a folder, or ``minilm``: MiniLM of the cache.

    ConfigError: files are missing or of another kind; DataError: MiniLM has not been fetched."""
    folder = text_folder() if name == TEXT else Path(name)
    return load_text(folder, folder, BERT_TOKENS if name == TEXT else None)


def load_text(model: Path, tokenizer: Path, length: int | None = None) -> TextEncoder:
    """The encoder in two folders, which may be one. length: of the prompts; None = the tokenizer's
    own.

    ConfigError: files are missing or of another kind."""
    try:
        import transformers
    except ImportError as error:
        raise ConfigError(
            "package transformers is not installed (pip install 'colorlab-suite[piggyback]')"
        ) from error
    kinds: dict[str, tuple[Any, Any]] = {
        "clip_text_model": (transformers.CLIPTextModel, transformers.CLIPTokenizer),
        "bert": (transformers.BertModel, transformers.BertTokenizer),
    }
    try:
        for folder in (model, tokenizer):
            must_hold_files(folder)
        kind = json.loads(content(model / "config.json"))["model_type"]
        if kind not in kinds:
            raise ConfigError(f"{model} is a {kind} (a text encoder is a {' or a '.join(kinds)})")
        transformers.utils.logging.disable_progress_bar()
        net = kinds[kind][0].from_pretrained(model, local_files_only=True, use_safetensors=True)
        words = kinds[kind][1].from_pretrained(tokenizer, local_files_only=True)
    except (OSError, ValueError, KeyError) as error:
        reason = " ".join(str(error).split())[:160]
        raise ConfigError(
            f"{model} or {tokenizer} is not a text encoder: {reason} (copy it anew)"
        ) from error
    if kind == "bert":
        # told to StableDiffusionPipeline: padding would blur the words' states
        net.config.use_attention_mask = True
    words.model_max_length = length or words.model_max_length
    return TextEncoder(net, words)
