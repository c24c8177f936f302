"""Features of a net that the user has: a folder with a vision model of CLIP or DINOv2, as
transformers saves it."""

from __future__ import annotations

import hashlib
import json
from functools import cache
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from colorlab.errors import DataError
from colorlab.storage.plain import content, open_plain
from colorlab.storage.tensors import must_hold_files

CONFIG, WEIGHTS = "config.json", "model.safetensors"
CLIP_MEAN, CLIP_STD = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)
IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
KINDS = {"clip": (CLIP_MEAN, CLIP_STD), "dinov2": (IMAGENET_MEAN, IMAGENET_STD)}
BATCH = 16


def kind_of(folder: Path) -> str:
    """clip or dinov2. DataError: a folder of something else, or without weights as plain
    tensors."""
    try:
        kind = str(json.loads(content(folder / CONFIG))["model_type"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(
            f"features={folder} has no {CONFIG} (give a folder that transformers saved)"
        ) from error
    if kind not in KINDS:
        raise DataError(f"features={folder} holds a {kind[:40]} (give one of {', '.join(KINDS)})")
    if not (folder / WEIGHTS).is_file():
        raise DataError(
            f"features={folder} has no {WEIGHTS} (give a folder with its weights as safetensors)"
        )
    return kind


def own_id(folder: Path) -> str:
    """`<kind>-<sha256 of the weights>`."""
    kind = kind_of(folder)
    with open_plain(folder / WEIGHTS) as file:
        return f"{kind}-{hashlib.file_digest(file, 'sha256').hexdigest()}"


def own_features(pictures: Tensor, folder: Path) -> Tensor:
    """(N, 3, H, W) in [0, 1] -> (N, D): CLIP's image embedding, or DINOv2's class token; pictures
    are stretched to the net's own side, antialiased."""
    kind = kind_of(folder)
    net = _net(folder, kind).to(pictures.device)
    side = (net.config.vision_config if kind == "clip" else net.config).image_size
    mean, std = (pictures.new_tensor(values)[:, None, None] for values in KINDS[kind])
    found = []
    for part in pictures.split(BATCH):
        x = F.interpolate(part, (side, side), mode="bicubic", antialias=True).clamp(0, 1)
        x = (x - mean) / std
        found.append(_embedded(net, x) if kind == "clip" else net(pixel_values=x).pooler_output)
    return torch.cat(found)


def _embedded(net: Any, x: Tensor) -> Tensor:
    return net.visual_projection(net.vision_model(pixel_values=x).pooler_output)


@cache
def _net(folder: Path, kind: str) -> Any:
    from transformers import CLIPModel, Dinov2Model

    try:
        must_hold_files(folder)
        made: Any = {"clip": CLIPModel, "dinov2": Dinov2Model}[kind]
        return (
            made.from_pretrained(folder, local_files_only=True, use_safetensors=True)
            .eval()
            .requires_grad_(False)
        )
    except (OSError, ValueError, RuntimeError) as error:
        raise DataError(
            f"features={folder} cannot be read: {' '.join(str(error).split())[:120]} (copy it anew)"
        ) from error
