"""The lightness-aware decoder: a frozen latent decoder that is shown the gray picture
(Liu et al., 2023, Piggyback).

Sec. 3.3, Eq. 4 and App. C: a copy of the autoencoder's encoder, without its middle blocks, looks at
the gray picture I_g, and what it finds is added to what the decoder makes of the latents at the
same size:

    F'_Di = F_Di + Conv1x1(F_Gi)

after the last residual block of each level, and, as in the release, once more in front of the last
convolution. The 1x1 convolutions begin at zero: at first this is the plain decoder, bit for bit."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from colorlab.errors import ConfigError
from colorlab.nets.frozen import weights_digest
from colorlab.nets.latent.prior import load_vae, save_vae
from colorlab.storage.files import replacing_folder
from colorlab.storage.tensors import read_tensors

DECODERS = ("plain", "swap", "lightness", "locked")
OF_A_RUN = "lightness"  # the folder within a run of method=lightness_vae
GRAY = "gray.safetensors"


class GrayEncoder(nn.Module):
    """encoder: of an AutoencoderKL, copied. (N, 1, H, W) in [0, 1] -> features
    (N, C_i, H / 2^i, W / 2^i): what enters the first level, then what leaves the residual blocks of
    each."""

    def __init__(self, encoder: Any) -> None:
        super().__init__()
        self.conv_in = copy.deepcopy(encoder.conv_in)
        self.levels = copy.deepcopy(encoder.down_blocks)
        self.train().requires_grad_(True)

    def forward(self, gray: Tensor) -> list[Tensor]:
        x = self.conv_in(2 * gray.expand(-1, 3, -1, -1) - 1)
        features = [x]
        for level in self.levels:
            for block in level.resnets:
                x = block(x, None)
            features.append(x)
            for down in level.downsamplers or ():
                x = down(x)
        return features


class LightnessDecoder(nn.Module):
    """The parts that learn; the autoencoder (AutoencoderKL) is given at each call, frozen, and is
    not held."""

    def __init__(self, vae: Any) -> None:
        super().__init__()
        self.gray = GrayEncoder(vae.encoder)
        widths = list(vae.config.block_out_channels)
        self.adders = nn.ModuleList(nn.Conv2d(width, width, 1) for width in [widths[0], *widths])
        for parameter in self.adders.parameters():
            nn.init.zeros_(parameter)

    @property
    def anchor(self) -> nn.Parameter:
        """The last weight before the picture that learns: the decoder's own last convolution is
        frozen."""
        return next(self.adders.parameters())

    def forward(self, vae: Any, latents: Tensor, gray: Tensor) -> Tensor:
        """Latents (N, C, h, w) as the prior has them, gray (N or 1, 1, H, W) in [0, 1] ->
        (N, 3, H, W) about [0, 1], not clamped. H and W are multiples of the pixels per latent."""
        last, *levels = (adder(f) for adder, f in zip(self.adders, self.gray(gray), strict=True))
        z = latents / vae.config.scaling_factor
        decoder = vae.decoder
        x = decoder.mid_block(
            decoder.conv_in(z if vae.post_quant_conv is None else vae.post_quant_conv(z))
        )
        for level, added in zip(decoder.up_blocks, reversed(levels), strict=True):
            for block in level.resnets:
                x = block(x, temb=None)
            x = x + added
            for up in level.upsamplers or ():
                x = up(x)
        x = decoder.conv_act(decoder.conv_norm_out(x)) + last
        return (decoder.conv_out(x) + 1) / 2


class LightnessVAE(nn.Module):
    """A trained lightness-aware decoder with its autoencoder: what ``load_lightness_vae`` opens."""

    def __init__(self, vae: Any, decoder: LightnessDecoder) -> None:
        super().__init__()
        self.vae, self.decoder = vae, decoder

    def decode(self, latents: Tensor, gray: Tensor) -> Tensor:
        """See ``LightnessDecoder``."""
        return self.decoder(self.vae, latents, gray)


def save_lightness_vae(vae: Any, decoder: LightnessDecoder, path: Path) -> None:
    """A folder that ``load_lightness_vae`` opens; one that is there is replaced."""
    from safetensors.torch import save_file

    with replacing_folder(path) as temporary:
        save_vae(vae, temporary / "vae")
        tensors = {
            name: value.detach().cpu().contiguous() for name, value in decoder.state_dict().items()
        }
        save_file(tensors, temporary / GRAY)


def decoder_for(vae: nn.Module, path: str) -> LightnessVAE:
    """That of a run, as ``load_lightness_vae``. ConfigError: it was trained on another autoencoder
    than this one."""
    found = load_lightness_vae(path)
    if not torch.equal(weights_digest(found.vae), weights_digest(vae)):
        other = f"method.latent.decoder={path} belongs to another autoencoder"
        raise ConfigError(f"{other} than the one that latents are of here (train it on that one)")
    return found


def load_lightness_vae(path: str) -> LightnessVAE:
    """That of a run of method=lightness_vae, or of the folder within it; float32, on the CPU,
    frozen. ConfigError."""
    folder = Path(path) / OF_A_RUN if (Path(path) / OF_A_RUN).is_dir() else Path(path)
    if not (folder / GRAY).is_file():
        raise ConfigError(
            f"decoder={path} has no {GRAY} (give the folder of a finished run of "
            "method=lightness_vae)"
        )
    vae = load_vae(str(folder / "vae"))
    decoder = LightnessDecoder(vae)
    try:
        decoder.load_state_dict(read_tensors(folder / GRAY))
    except Exception as error:
        reason = " ".join(str(error).split())[:160]
        raise ConfigError(
            f"{folder / GRAY} does not fit: {reason} (train it or copy it anew)"
        ) from error
    return LightnessVAE(vae, decoder).eval().requires_grad_(False)
