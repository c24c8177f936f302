"""Priors of a few thousand weights in Stable Diffusion's own shape, made in an instant from random
numbers."""

from __future__ import annotations

import string
from pathlib import Path
from typing import Any

import torch

from colorlab.nets.latent.prior import Prior, alpha_bar_table, save_prior
from colorlab.nets.latent.text import TextEncoder, load_text

TEXT_WIDTH = 16
WORDS = ("red", "green", "blue", "car", "a", "photo", "color", "high", "quality")


def tiny_vae(factor: int = 4) -> Any:
    """An AutoencoderKL of some thousand weights, 4 latent channels, scaling factor .5."""
    from diffusers import AutoencoderKL

    levels = factor.bit_length()
    torch.manual_seed(1)
    return AutoencoderKL(
        block_out_channels=[8] * levels, down_block_types=["DownEncoderBlock2D"] * levels,
        up_block_types=["UpDecoderBlock2D"] * levels, layers_per_block=1, norm_num_groups=4,
        scaling_factor=0.5,
    ).eval()  # fmt: skip


def tiny_unet(channels: int = 4) -> Any:
    """A UNet2DConditionModel of two levels, attention to text in the finer one and in the
    middle."""
    from diffusers import UNet2DConditionModel

    torch.manual_seed(2)
    return UNet2DConditionModel(
        sample_size=8, in_channels=channels, out_channels=channels, block_out_channels=(8, 16),
        layers_per_block=2, down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"),
        mid_block_type="UNetMidBlock2DCrossAttn",
        up_block_types=("UpBlock2D", "CrossAttnUpBlock2D"), cross_attention_dim=TEXT_WIDTH,
        attention_head_dim=2, norm_num_groups=4,
    ).eval()  # fmt: skip


def tiny_text(folder: Path, kind: str, width: int = TEXT_WIDTH) -> TextEncoder:
    """One folder with the model and its tokenizer, 12 tokens a prompt, read back from there. kind:
    "clip" or "bert"; width: of a BERT's states."""
    torch.manual_seed(3)
    model, tokenizer = _clip() if kind == "clip" else _bert(width)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return load_text(folder, folder)


def with_tiny_text(method: str, folder: Path) -> dict[str, list[str]]:
    """The words, by method, that give a method or what it is built on a text encoder in the
    folder."""
    if method not in ("latent_prior", "piggyback"):
        return {}
    tiny_text(folder / "text", "bert")
    return {"latent_prior": [f"method.net.text_encoder={folder / 'text'}"]}


def tiny_prior(
    folder: Path, kind: str = "clip", prediction: str = "epsilon", channels: int = 4
) -> Prior:
    """kind: of the text encoder, "clip" or "bert"; folder: scratch for its files."""
    table = alpha_bar_table(1000, zero_snr=prediction == "v_prediction")
    return Prior(
        tiny_unet(channels),
        tiny_vae(),
        tiny_text(folder / f"{kind} alone", kind),
        table,
        prediction,
    )


def tiny_folder(folder: Path, kind: str = "clip", prediction: str = "epsilon") -> Path:
    """A prior's folder in diffusers' layout."""
    save_prior(tiny_prior(folder, kind, prediction), folder / "prior of a test")
    return folder / "prior of a test"


def _clip() -> tuple[Any, Any]:
    """Letters are tokens, and so are a few whole words."""
    from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

    tokens = [*string.ascii_lowercase, *(f"{letter}</w>" for letter in string.ascii_lowercase)]
    tokens += ["<|startoftext|>", "<|endoftext|>"]
    vocabulary = {token: i for i, token in enumerate(tokens)}
    config = CLIPTextConfig(
        vocab_size=len(tokens), hidden_size=TEXT_WIDTH, intermediate_size=16, num_hidden_layers=1,
        num_attention_heads=2, max_position_embeddings=12, bos_token_id=len(tokens) - 2,
        eos_token_id=len(tokens) - 1,
    )  # fmt: skip
    return CLIPTextModel(config), CLIPTokenizer(vocab=vocabulary, merges=[], model_max_length=12)


def _bert(width: int) -> tuple[Any, Any]:
    from transformers import BertConfig, BertModel, BertTokenizer

    letters = string.ascii_lowercase
    tokens = [
        "[PAD]",
        "[UNK]",
        "[CLS]",
        "[SEP]",
        "[MASK]",
        *letters,
        *(f"##{letter}" for letter in letters),
        *WORDS,
    ]
    vocabulary = {token: i for i, token in enumerate(dict.fromkeys(tokens))}
    config = BertConfig(
        vocab_size=len(vocabulary), hidden_size=width, intermediate_size=16, num_hidden_layers=1,
        num_attention_heads=2, max_position_embeddings=12,
    )  # fmt: skip
    return BertModel(config), BertTokenizer(vocab=vocabulary, model_max_length=12)
