"""A small text-to-image latent diffusion model, trained here: the prior that Piggyback rides on,
without downloads.

Rombach et al. (2022), "High-Resolution Image Synthesis with Latent Diffusion Models"; Salimans and
Ho (2022) for v; Lin et al. (2024) for noise without signal at the end of the schedule. A finished
run holds it in ``prior/`` as Stable Diffusion's folders do.

As a colorizer it is Piggyback's first ablation, "no guider" (Liu et al., 2023, Sec. 4.4): it draws
what the prompt says, and nothing but a lightness-aware decoder has seen the gray picture."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from colorlab import diffusion
from colorlab.color import locked, space_named
from colorlab.conditions.captions import dropped, shares, with_colors, words_of
from colorlab.draws import Draws
from colorlab.errors import ConfigError
from colorlab.methods.base import (
    Losses,
    Method,
    OptimizerFactory,
    ScheduleFactory,
    in_channels_last,
)
from colorlab.nets.frozen import OTHER_VAE, Aside, bind
from colorlab.nets.latent.lightness_decoder import decoder_for
from colorlab.nets.latent.prior import (
    OF_A_RUN,
    Prior,
    alpha_bar_table,
    encoded,
    load_vae,
    save_prior,
    schedule_of,
)
from colorlab.nets.latent.text import read_text
from colorlab.nets.unet import padded
from colorlab.samplers.ancestral import Sampler
from colorlab.samplers.candidates import each_alone, in_groups
from colorlab.samplers.guidance import GuidanceOptions
from colorlab.samplers.guides import Guide
from colorlab.samplers.latent import unbounded
from colorlab.storage.memo import Answers, keys_of
from colorlab.types import Batch, Condition, Denoiser

TIMESTEPS = 1000
PREDICTIONS = {"v": "v_prediction", "eps": "epsilon"}  # ours -> diffusers'
GROUP = 8  # pictures encoded together
KEPT_BYTES = 1 << 28  # of latents


@dataclass(frozen=True)
class LearningOptions:
    """What the network learns, and which captions it is shown meanwhile."""

    predict: str  # v or eps
    zero_snr: bool  # the noisiest level is pure noise
    color_words: float  # share of the captions that are told the picture's main colours
    caption_dropout: float  # share that become dummies

    def __post_init__(self) -> None:
        if self.predict not in PREDICTIONS:
            raise ValueError(f"predict is v or eps, not {self.predict!r}")
        if self.zero_snr and self.predict == "eps":
            raise ValueError(
                "predict=eps says nothing about pure noise (set predict=v, or zero_snr=false)"
            )


@dataclass(frozen=True)
class NetOptions:
    """The U-Net that is trained. width: channels of the finest level; the next have twice and three
    times as many, the last without attention. layers: residual blocks per level. text_encoder: of
    the prompts that it attends to; minilm, or a folder with a BERT or CLIP text model and its
    tokenizer."""

    width: int
    layers: int
    text_encoder: str


@dataclass(frozen=True)
class LatentOptions:
    """The autoencoder in whose latents pictures are drawn, and the way from there to a picture."""

    vae: str  # a run of method=latent_vae, or a folder that holds an AutoencoderKL
    decoder: str | None  # a run of method=lightness_vae, None = the autoencoder's own
    space: str  # rgb, or ab: the gray picture's lightness exactly


class LatentPrior(Method):
    """guidance: when sampling; a scale of 1 is off. micro_batch: candidates sampled together.

    Autoencoder and text encoder are frozen, and stay where they are: the weights hold a digest of
    the former."""

    takes_text = True
    alpha_bars: Tensor
    vae_digest: Tensor  # (4,)

    def __init__(
        self,
        seed: int,
        optimizer: OptimizerFactory,
        schedule: ScheduleFactory,
        sampler: Sampler,
        latent: LatentOptions,
        net: NetOptions,
        learning: LearningOptions,
        guidance: GuidanceOptions,
        micro_batch: int,
    ) -> None:
        super().__init__(seed, optimizer, schedule)
        alpha_bars = alpha_bar_table(TIMESTEPS, learning.zero_snr)
        self.sampler, self.micro_batch = unbounded(sampler, schedule_of(alpha_bars)), micro_batch
        self.guidance = guidance
        self.learning = learning
        self.prediction = PREDICTIONS[learning.predict]
        self.space, self.conditions = latent.space, space_named(latent.space).conditions
        frozen, reader = load_vae(latent.vae), read_text(net.text_encoder)
        self.frozen = Aside(nn.ModuleDict({"vae": frozen, "text": reader}))
        self.decoder = Aside(decoder_for(frozen, latent.decoder)) if latent.decoder else None
        unet = small_unet(net.width, net.layers, frozen.config.latent_channels, reader.width)
        self.unet: Any = in_channels_last(unet)
        self.register_buffer("alpha_bars", alpha_bars, persistent=False)
        bind(self, "vae_digest", frozen, OTHER_VAE)
        self.latents, self.colors = Answers(KEPT_BYTES, GROUP), Answers(KEPT_BYTES, GROUP)

    @property
    def prior(self) -> Prior:
        """The parts as one."""
        parts: Any = self.frozen.on(self.device)
        return Prior(self.unet, parts["vae"], parts["text"], self.alpha_bars, self.prediction)

    def loss(self, batch: Batch, draws: Draws) -> Losses:
        """Eq. 2 of Rombach et al., in v or eps, at timesteps drawn evenly; a picture's latents and
        colours are found once."""
        prior = self.prior
        keys = keys_of(batch.rgb)
        with torch.autocast(self.device.type, enabled=False), torch.no_grad():
            x_0 = self.latents.of(keys, lambda places: encoded(prior.vae, batch.rgb[places]))
            states = prior.embed(self.captions(batch, keys, draws), cut=True)
        if self.unet.config.sample_size is None:
            # StableDiffusionPipeline's default size
            self.unet.register_to_config(sample_size=x_0.shape[-1])
        t = draws.to("t").choice(TIMESTEPS, device=self.device)
        alpha_bar, noise = self.alpha_bars[t], draws.normal(*x_0.shape[1:], device=self.device)
        output = prior(diffusion.noised(x_0, noise, alpha_bar), alpha_bar, states)
        return {"loss": F.mse_loss(output.float(), prior.target(x_0, noise, alpha_bar))}

    def captions(self, batch: Batch, keys: Sequence[Hashable], draws: Draws) -> list[str]:
        """The pictures' captions as the U-Net is shown them."""
        colors = words_of(self.colors.of(keys, lambda places: shares(batch.rgb[places])))
        texts = with_colors(batch.text, colors, self.learning.color_words, draws)
        return dropped(texts, self.learning.caption_dropout, draws)

    @torch.inference_mode()
    def sample(
        self, condition: Condition, n: int, draws: Draws, guides: Sequence[Guide] = ()
    ) -> Tensor:
        """Pictures of the prompt ``condition.text``. ConfigError: any guide, or a prompt that is
        too long."""
        if guides or condition.hints is not None:
            raise ConfigError("this method takes no guides and no hints (method=piggyback does)")
        texts = condition.text or [""] * len(condition.image)
        pictures = zip(each_alone(condition, draws), texts, strict=True)
        return torch.stack(
            [self.candidates(one.image, text, n, rows) for (one, rows), text in pictures]
        )

    def candidates(self, image: Tensor, text: str, n: int, draws: Draws) -> Tensor:
        """n pictures for one prompt and gray picture (1, 1, H, W), (n, 3, H, W) in [0, 1]."""
        prior = self.prior
        shown, denoise = padded(image, prior.stride), self.denoiser(prior, text)

        def draw(rows: Draws) -> Tensor:
            return self.decoded(prior, self.group(prior, denoise, shown, rows), shown)

        drawn = in_groups(draw, draws, n, self.micro_batch)
        pictures = drawn[..., : image.shape[2], : image.shape[3]].float().clamp(0, 1)
        return locked(pictures, image) if self.space == "ab" else pictures

    def denoiser(self, prior: Prior, text: str) -> Denoiser:
        """Classifier-free guidance (Ho and Salimans, 2022): other + guidance (prompted - other)."""
        negative, scale = self.guidance.negative, self.guidance.scale
        away = scale != 1 and text != negative
        states = prior.embed([*[negative] * away, text], self.cut).repeat_interleave(
            self.micro_batch, 0
        )

        def denoise(x: Tensor, alpha_bar: float) -> Tensor:
            if not away:
                return prior.x_0(prior(x, alpha_bar, states), x, alpha_bar)
            other, prompted = prior(x.repeat(2, 1, 1, 1), alpha_bar, states).chunk(2)
            return prior.x_0(torch.lerp(other, prompted, scale), x, alpha_bar)

        return denoise

    def group(self, prior: Prior, denoise: Denoiser, shown: Tensor, rows: Draws) -> Tensor:
        """Latents of m candidates."""
        size = (prior.channels, shown.shape[-2] // prior.factor, shown.shape[-1] // prior.factor)
        noise = rows.normal(*size, device=self.device)
        return self.sampler(
            denoise, prior.start(denoise, noise, self.sampler.levels(None)[0]), rows
        )

    def decoded(self, prior: Prior, latents: Tensor, shown: Tensor) -> Tensor:
        """(m, 3, H, W), by the autoencoder or the lightness-aware one, which sees the gray
        picture."""
        if self.decoder is None:
            return prior.decode(latents)
        decoder: Any = self.decoder.on(self.device)
        return decoder.decode(latents, shown)

    def begin_training(self) -> None:
        """Torch's fused attention is the slower one here: a fifth of a training step on one core,
        at these sizes."""
        from diffusers.models.attention_processor import AttnProcessor

        if self.device.type == "cpu":
            self.unet.set_attn_processor(AttnProcessor())

    def export(self, folder: Path) -> None:
        """``prior/`` in the run's folder: what `load_prior` and StableDiffusionPipeline open."""
        save_prior(self.prior, folder / OF_A_RUN)


def small_unet(width: int, layers: int, channels: int, text_width: int) -> Any:
    """A UNet2DConditionModel of three levels, as Stable Diffusion's are made."""
    from diffusers import UNet2DConditionModel

    return UNet2DConditionModel(
        in_channels=channels, out_channels=channels,
        block_out_channels=(width, 2 * width, 3 * width),
        down_block_types=("CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "DownBlock2D"),
        up_block_types=("UpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D"),
        layers_per_block=layers, cross_attention_dim=text_width, attention_head_dim=(1, 2, 3),
        norm_num_groups=1,
    )  # fmt: skip
