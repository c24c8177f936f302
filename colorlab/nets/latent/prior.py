"""A text-to-image latent diffusion model as a folder holds it: Stable Diffusion 1.x, or a small one
of our own.

Rombach et al. (2022), "High-Resolution Image Synthesis with Latent Diffusion Models". A folder in
the layout of diffusers has model_index.json, unet/, vae/, text_encoder/, tokenizer/, scheduler/;
`StableDiffusionPipeline` opens what is saved here. At every interface a noise level is alpha_bar,
as everywhere in the suite; the model's own timesteps are found from it, between two of its table
too."""

from __future__ import annotations

import copy
import json
import math
from contextlib import suppress
from pathlib import Path
from typing import Any

import torch
from huggingface_hub import snapshot_download
from torch import Tensor, nn

from colorlab import diffusion
from colorlab.draws import Draws
from colorlab.errors import ConfigError
from colorlab.nets.latent.text import TextEncoder, load_text, read_text
from colorlab.storage.cache import shipped
from colorlab.storage.files import replacing_folder
from colorlab.storage.plain import content
from colorlab.storage.tensors import must_hold_files
from colorlab.types import Denoiser, Schedule
from colorlab.weights.catalog import TEXT

INDEX = "model_index.json"
PARTS = ("unet", "vae", "text_encoder", "tokenizer", "scheduler")
# the text encoder of an index whose folder holds none: MiniLM of the cache
OUTSIDE = ["colorlab", TEXT]
# diffusers' names -> those of colorlab.diffusion
PREDICTIONS = {"epsilon": "eps", "v_prediction": "v"}
OF_A_RUN = "prior"  # the folder within a run of method=latent_prior
LEAST = 2.0**-24  # stands for an alpha_bar of 0 where its logarithm is taken


class Prior(nn.Module):
    """unet: UNet2DConditionModel; vae: AutoencoderKL; alpha_bars (T,) of the timesteps 0 .. T - 1,
    decreasing; prediction: "epsilon" or "v_prediction". ConfigError: parts that do not fit each
    other.

    scale: of latents, about 1 / their deviation; factor: pixels per latent; stride: sides of
    pictures are multiples."""

    alpha_bars: Tensor

    def __init__(
        self, unet: Any, vae: Any, text: TextEncoder, alpha_bars: Tensor, prediction: str
    ) -> None:
        super().__init__()
        must_fit(unet, vae, text, prediction)
        self.unet, self.vae, self.text, self.prediction = unet, vae, text, prediction
        self.register_buffer("alpha_bars", alpha_bars.double())
        self.scale = float(vae.config.scaling_factor)
        self.factor = 2 ** (len(vae.config.block_out_channels) - 1)
        self.channels = int(vae.config.latent_channels)
        self.stride = self.factor * 2 ** (len(unet.config.block_out_channels) - 1)

    def encode(self, rgb: Tensor, draws: Draws | None = None) -> Tensor:
        """(N, 3, H, W) in [0, 1] -> (N, C, H / factor, W / factor), about unit deviation: the mean,
        or with draws a sample."""
        return encoded(self.vae, rgb, draws)

    def decode(self, latents: Tensor) -> Tensor:
        """(N, C, h, w) -> (N, 3, factor h, factor w), about [0, 1], not clamped."""
        return decoded(self.vae, latents)

    def embed(self, texts: list[str], cut: bool = False) -> Tensor:
        """N prompts -> token states (N, T, D), kept for next time; see ``TextEncoder``."""
        return self.text(texts, cut)

    def timestep(self, alpha_bar: float | Tensor) -> Tensor:
        """alpha_bar in [0, 1], a number or (N,) -> t in [0, T - 1], between whole timesteps by
        log-SNR."""
        return timestep_at(alpha_bar, self.alpha_bars)

    def level(self, t: float | Tensor) -> Tensor:
        """t in [0, T - 1], a number or (N,) -> alpha_bar: the inverse of ``timestep``."""
        return level_at(t, self.alpha_bars)

    def x_0(self, prediction: Tensor, x: Tensor, alpha_bar: float | Tensor) -> Tensor:
        """The clean latents that the U-Net's output stands for, given the noisy x (N, C, h, w)."""
        return diffusion.x_0_of(prediction, x, alpha_bar, PREDICTIONS[self.prediction])

    def noise(self, prediction: Tensor, x: Tensor, alpha_bar: float | Tensor) -> Tensor:
        """The noise that the U-Net's output stands for."""
        if self.prediction == "epsilon":
            return prediction
        a = diffusion.per_row(alpha_bar, x)
        return (1 - a).sqrt() * x + a.sqrt() * prediction

    def target(self, x_0: Tensor, noise: Tensor, alpha_bar: float | Tensor) -> Tensor:
        """What the U-Net should output: the noise, or v."""
        return diffusion.target_of(x_0, noise, alpha_bar, PREDICTIONS[self.prediction])

    def start(self, denoise: Denoiser, noise: Tensor, level: float) -> Tensor:
        """The state (N, C, h, w) that a sampler begins with at a level: pure noise, brought there
        from the model's own noisiest level by one step of DDIM. Noise alone would say that the mean
        of all latents is 0."""
        noisiest = float(self.alpha_bars[-1])
        if noisiest >= level:
            return noise
        x_0 = denoise(noise, noisiest)
        return diffusion.noised(x_0, diffusion.eps_of(noise, x_0, noisiest), level)

    def forward(self, x: Tensor, alpha_bar: float | Tensor, states: Tensor) -> Tensor:
        """The U-Net's output for noisy latents x (N, C, h, w), a level or one per row, token states
        (N, T, D)."""
        return self.unet(x, self.timestep(alpha_bar).to(x), states, return_dict=False)[0]


def encoded(vae: Any, rgb: Tensor, draws: Draws | None = None) -> Tensor:
    """See ``Prior.encode``."""
    posterior = vae.encode(2 * rgb - 1).latent_dist
    z = posterior.mean
    if draws is not None:
        z = z + posterior.std * draws.normal(*z.shape[1:], device=z.device)
    return z * vae.config.scaling_factor


def decoded(vae: Any, latents: Tensor) -> Tensor:
    """See ``Prior.decode``."""
    return (vae.decode(latents / vae.config.scaling_factor, return_dict=False)[0] + 1) / 2


def log_snr(alpha_bar: Tensor) -> Tensor:
    """log(alpha_bar / (1 - alpha_bar)), finite at 0."""
    return alpha_bar.clamp(LEAST, 1 - LEAST).logit()


def level_at(t: float | Tensor, alpha_bars: Tensor) -> Tensor:
    """See ``Prior.level``; alpha_bars (T,), decreasing."""
    t = torch.as_tensor(t, dtype=torch.float64, device=alpha_bars.device)
    table, below = log_snr(alpha_bars), t.floor().long().clamp(0, len(alpha_bars) - 2)
    return torch.lerp(table[below], table[below + 1], t - below).sigmoid()


def schedule_of(alpha_bars: Tensor) -> Schedule:
    """xi = (t + 1) / T in (0, 1] -> alpha_bar of a prior's own table, for its samplers; xi = 1 is
    the noisiest."""
    table = alpha_bars.detach().cpu()
    return lambda xi: level_at(torch.as_tensor(xi, dtype=torch.float64) * len(table) - 1, table)


def timestep_at(alpha_bar: float | Tensor, alpha_bars: Tensor) -> Tensor:
    """See ``Prior.timestep``; alpha_bars (T,), decreasing."""
    level = torch.as_tensor(alpha_bar, dtype=torch.float64, device=alpha_bars.device)
    table, wanted = log_snr(alpha_bars), log_snr(level)
    # the first timestep at least as noisy
    above = torch.searchsorted(-table, -wanted).clamp(1, len(table) - 1)
    share = (table[above - 1] - wanted) / (table[above - 1] - table[above])
    return (above - 1 + share).clamp(0, len(table) - 1)


def must_fit(unet: Any, vae: Any, text: TextEncoder, prediction: str) -> None:
    """ConfigError for parts of one prior that do not fit each other."""
    latents, width = int(vae.config.latent_channels), int(unet.config.cross_attention_dim)
    if (unet.config.in_channels, unet.config.out_channels) != (latents, latents):
        sizes = f"{unet.config.in_channels} channels in, {unet.config.out_channels} out"
        raise ConfigError(
            f"unet has {sizes}, vae latents have {latents} (give a plain text-to-image model)"
        )
    if text.width != width:
        raise ConfigError(
            f"unet reads text of width {width}, text_encoder writes {text.width} (take both from "
            "one model)"
        )
    if prediction not in PREDICTIONS:
        raise ConfigError(
            f"scheduler has prediction_type {prediction!r} (known are {' and '.join(PREDICTIONS)})"
        )


def load_prior(path: str) -> Prior:
    """The prior in a folder in diffusers' layout, in a run of method=latent_prior, as
    ``pretrained/<name>``, or by its id in the hub's local cache; float32, on the CPU, frozen.
    ConfigError, one line: a folder or a part is missing, or parts do not fit; DataError: the text
    encoder lies elsewhere and has not been fetched."""
    from diffusers import DDIMScheduler, UNet2DConditionModel

    folder = folder_of(path, "prior")
    outside = reads_outside(folder)
    for part in PARTS:
        if not (folder / part).is_dir() and not (outside and part in ("text_encoder", "tokenizer")):
            raise ConfigError(
                f"prior={path} has no {part}/ (a prior's folder has {', '.join(PARTS)})"
            )
    unet, vae = load_part(UNet2DConditionModel, folder / "unet"), load_vae(str(folder))
    text = read_text(TEXT) if outside else load_text(folder / "text_encoder", folder / "tokenizer")
    scheduler = load_part(DDIMScheduler, folder / "scheduler")
    try:
        prior = Prior(unet, vae, text, scheduler.alphas_cumprod, scheduler.config.prediction_type)
    except ConfigError as error:
        raise ConfigError(f"prior={path}: {error}") from error
    return prior.eval().requires_grad_(False)


def reads_outside(folder: Path) -> bool:
    """Whether a prior's index names the text encoder that is not in its folder."""
    with suppress(OSError, ValueError, AttributeError):
        return bool(json.loads(content(folder / INDEX)).get("text_encoder") == OUTSIDE)
    return False


def load_vae(path: str) -> Any:
    """The AutoencoderKL of a prior's folder, of a run of method=latent_prior or method=latent_vae,
    or a folder that holds nothing else; float32, on the CPU, frozen. ConfigError if there is
    none."""
    from diffusers import AutoencoderKL

    folder = folder_of(path, "vae")
    part = folder / "vae" if (folder / "vae").is_dir() else folder
    return load_part(AutoencoderKL, part).eval().requires_grad_(False)


def folder_of(path: str, key: str) -> Path:
    """Where the parts are. ConfigError, which names the key, if nowhere."""
    folder = shipped(path)
    if (folder / OF_A_RUN).is_dir():
        return folder / OF_A_RUN
    if folder.is_dir():
        return folder

    try:
        return Path(snapshot_download(path, local_files_only=True))
    except Exception as error:
        raise ConfigError(
            f"{key}={path} is not there (give the folder of a run, one in Stable Diffusion's "
            "layout, or the id of a "
            "hub's model that is in the local cache, where `hf download ID` puts it)"
        ) from error


def load_part(part: Any, folder: Path) -> Any:
    """A part of diffusers from its folder, without its chatter. ConfigError if it is damaged or of
    another kind."""
    import diffusers

    diffusers.utils.logging.set_verbosity_error()
    diffusers.utils.logging.disable_progress_bar()
    # a scheduler has no weights
    safe = {} if part.__name__.endswith("Scheduler") else {"use_safetensors": True}
    try:
        must_hold_files(folder)
        return part.from_pretrained(folder, local_files_only=True, **safe)
    except Exception as error:
        reason = " ".join(str(error).split())[:160]
        raise ConfigError(
            f"{folder} is not a {part.__name__}: {reason} (train it or copy it anew)"
        ) from error


def save_prior(prior: Prior, path: Path) -> None:
    """A folder that ``load_prior`` and `StableDiffusionPipeline.from_pretrained` open, in place of
    one there is."""
    import diffusers

    diffusers.utils.logging.set_verbosity_error()
    scheduler = diffusers.DDIMScheduler(
        num_train_timesteps=len(prior.alpha_bars), trained_betas=betas_of(prior.alpha_bars),
        clip_sample=False, set_alpha_to_one=False, steps_offset=1, prediction_type=prior.prediction,
        timestep_spacing="trailing",
    )  # fmt: skip
    pipeline: Any = diffusers.StableDiffusionPipeline(
        vae=contiguous(prior.vae), text_encoder=prior.text.model, tokenizer=prior.text.tokenizer,
        unet=contiguous(prior.unet), scheduler=scheduler, safety_checker=None,
        feature_extractor=None, requires_safety_checker=False,
    )  # fmt: skip
    with replacing_folder(path) as temporary:
        pipeline.save_pretrained(temporary)


def save_vae(vae: Any, path: Path) -> None:
    """A folder that ``load_vae`` and `AutoencoderKL.from_pretrained` open; one that is there is
    replaced."""
    with replacing_folder(path) as temporary:
        contiguous(vae).save_pretrained(temporary)


def contiguous(net: nn.Module) -> Any:
    """A copy with its weights in the memory order that safetensors takes."""
    return copy.deepcopy(net).to(memory_format=torch.contiguous_format)


def betas_of(alpha_bars: Tensor) -> list[float]:
    """beta_t = 1 - alpha_bar_t / alpha_bar_{t-1} (Ho et al., 2020, Eq. 2), of a table (T,)."""
    before = torch.cat([alpha_bars.new_ones(1), alpha_bars[:-1]])
    return (1 - alpha_bars / before).tolist()


def alpha_bar_table(timesteps: int, zero_snr: bool) -> Tensor:
    """Stable Diffusion's (timesteps,) alpha_bar, float64: sqrt(beta) evenly spaced from
    sqrt(.00085) to sqrt(.012).

    zero_snr: shifted and scaled in sqrt(alpha_bar) so that the last is pure noise
    (Lin et al., 2024, Alg. 1); without it a prior has never seen the noise that sampling starts
    from, and its pictures tend to the mean brightness."""
    first, last = math.sqrt(0.00085), math.sqrt(0.012)
    betas = torch.linspace(first, last, timesteps, dtype=torch.float64) ** 2
    root = (1 - betas).cumprod(0).sqrt()
    if zero_snr:
        root = (root - root[-1]) * root[0] / (root[0] - root[-1])
    return root**2
