"""ComfyUI: a node that colours a line drawing or a gray photograph many times, exactly as hinted.

Copy this file and studio_client.py into one folder below ComfyUI/custom_nodes, with an __init__.py
that says `from .comfyui_colorlab import NODE_CLASS_MAPPINGS`, and start `python -m colorlab.studio`
beside ComfyUI."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import torch
from PIL import Image

try:
    from .studio_client import ADDRESS, Drawing
except ImportError:  # run from its own folder
    from studio_client import ADDRESS, Drawing  # type: ignore[no-redef]


class ColorlabColourings:
    """IMAGE (1, H, W, 3) in [0, 1] -> IMAGE (n, H, W, 3): n different colourings of it."""

    CATEGORY, FUNCTION, RETURN_TYPES = "colorlab", "color", ("IMAGE",)

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:  # noqa: N802 - ComfyUI's name
        return {
            "required": {
                "image": ("IMAGE",),
                "n": ("INT", {"default": 8, "min": 1, "max": 32}),
                "seed": ("INT", {"default": 0, "min": 0, "max": 2**31 - 1}),
                "run": ("STRING", {"default": "pretrained/flats"}),
                "palette": (
                    "STRING",
                    {"default": "", "tooltip": "the only colours: #e05030 #204080 ..."},
                ),
            },
            "optional": {"address": ("STRING", {"default": ADDRESS})},
        }

    def color(
        self, image: torch.Tensor, n: int, seed: int, run: str, palette: str, address: str = ADDRESS
    ) -> tuple[torch.Tensor]:
        """The first picture of the batch, coloured by the studio."""
        drawing = Drawing(png_of(image[0]), "comfyui.png", address)
        pictures = drawing.color(n=n, seed=seed, run=run, palette=palette.split())
        return (torch.stack([tensor_of(picture) for picture in pictures]),)


def png_of(picture: torch.Tensor) -> bytes:
    """(H, W, 3) in [0, 1] as a PNG file."""
    out = io.BytesIO()
    Image.fromarray((picture.clamp(0, 1) * 255).round().byte().cpu().numpy()).save(out, "PNG")
    return out.getvalue()


def tensor_of(png: bytes) -> torch.Tensor:
    """A PNG file as (H, W, 3) in [0, 1]."""
    return (
        torch.from_numpy(np.asarray(Image.open(io.BytesIO(png)).convert("RGB")).copy()).float()
        / 255
    )


NODE_CLASS_MAPPINGS = {"ColorlabColourings": ColorlabColourings}
