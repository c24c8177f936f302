"""The diffusion guider: a second U-Net that sees the gray picture and the hints and bends a frozen
text-to-image prior.

Liu et al. (2023), "Improved Diffusion-based Image Colorization via Piggybacked Models", Sec. 3.2
and App. C. Each kind begins as the exact prior, bit for bit, and none holds the prior: it stays
aside, frozen, and no weights of it are among the guider's.

copy          the paper's: a copy of the U-Net, whose features are mixed into the prior's at its
              layers
controlnet    Zhang and Agrawala (2023): half a copy, whose features are added to the prior's skip
              connections
input_concat  the copy alone, as in L-CAD (Weng et al., 2023): half the cost, and the prior itself
              is given up"""

from __future__ import annotations

import copy
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from colorlab.nets.frozen import Aside
from colorlab.nets.latent.mixers import mixer, zeroed
from colorlab.nets.latent.prior import Prior
from colorlab.nets.latent.sites import HookedUNet, projections_of, sites_of

Features = dict[str, Tensor]  # of the guider, by the place where they enter the prior

GUIDERS = ("copy", "controlnet", "input_concat")
SITES = {
    "down": ("down",),
    "down_mid": ("down", "mid"),
    "all": ("down", "mid", "up"),
    "all_out": ("down", "mid", "up", "out"),
}
# the last site
AFTER = {"down": ("mid_block", "up_blocks"), "down_mid": ("up_blocks",), "all": (), "all_out": ()}
HINT_CHANNELS = 4  # R, G, B in [-1, 1] where known, and where that is


class GuidedUNet(nn.Module):
    """What the kinds of guider share. prior: is left as it is, apart from hooks that do nothing in
    other calls."""

    base: Aside  # the prior's U-Net

    def encode(self, image: Tensor, hints: Tensor) -> Tensor:
        """Gray picture or drawing (N, 1, H, W) in [0, 1] and hint map (N, 4, H, W) -> what the
        guider sees of them, (N, K, h, w); it depends on no level, and zeros stand for no picture at
        all."""
        raise NotImplementedError

    def features(self, x: Tensor, t: Tensor, text: Tensor, shown: Tensor) -> Features:
        """What the guider has to say at noisy latents x (N, C, h, w), timesteps t, one or (N,),
        token states text (N, T, D) and encoded conditions shown (N, K, h, w)."""
        raise NotImplementedError

    def forward(
        self, x: Tensor, t: Tensor, text: Tensor, shown: Tensor, features: Features | None = None
    ) -> Tensor:
        """The guided output, shape of x. features: of another call, to be used once more."""
        raise NotImplementedError

    def pretrained(self) -> list[nn.Parameter]:
        """The weights that begin as the prior's; all others are new."""
        raise NotImplementedError

    def unguided(self, x: Tensor, t: Tensor, text: Tensor) -> Tensor:
        """The prior's own output."""
        unet: Any = self.base.on(x.device).unet
        return unet(x, t, text).sample


class Mixed(GuidedUNet):
    """The paper's guider. mix, sites: how and where features enter; rank: see ``Replica``."""

    def __init__(self, prior: Prior, mix: str, sites: str, rank: int, checkpointing: bool) -> None:
        super().__init__()
        places = {
            name: n for stage in SITES[sites] for name, n in sites_of(prior.unet)[stage].items()
        }
        self.replica = Replica(prior, sites, list(places), rank, checkpointing)
        self.base = self.replica.base
        self.mixers = nn.ModuleDict(
            {key_of(name): mixer(mix, channels) for name, channels in places.items()}
        )
        self.conditions = Conditions(prior)

    def encode(self, image: Tensor, hints: Tensor) -> Tensor:
        return self.conditions(image, hints)

    def features(self, x: Tensor, t: Tensor, text: Tensor, shown: Tensor) -> Features:
        features: Features = {}
        self.replica(x, t, text, shown, features)
        return features

    def forward(
        self, x: Tensor, t: Tensor, text: Tensor, shown: Tensor, features: Features | None = None
    ) -> Tensor:
        said = self.features(x, t, text, shown) if features is None else features

        def mixed(name: str, given: Tensor, output: Tensor) -> Tensor:
            return self.mixers[key_of(name)](output, said[name]) if name in said else output

        return self.base.on(x.device)(mixed, x, t, text)

    def pretrained(self) -> list[nn.Parameter]:
        return self.replica.pretrained()


class InputConcat(GuidedUNet):
    """The copy by itself; rank: see ``Replica``."""

    def __init__(self, prior: Prior, rank: int, checkpointing: bool) -> None:
        super().__init__()
        self.replica = Replica(prior, "all_out", [], rank, checkpointing)
        self.base = self.replica.base
        self.conditions = Conditions(prior)

    def encode(self, image: Tensor, hints: Tensor) -> Tensor:
        return self.conditions(image, hints)

    def features(self, x: Tensor, t: Tensor, text: Tensor, shown: Tensor) -> Features:
        return {}

    def forward(
        self, x: Tensor, t: Tensor, text: Tensor, shown: Tensor, features: Features | None = None
    ) -> Tensor:
        return self.replica(x, t, text, shown, {})

    def pretrained(self) -> list[nn.Parameter]:
        return self.replica.pretrained()


class ControlNet(GuidedUNet):
    """Features through zero convolutions onto the skip connections and the middle."""

    def __init__(self, prior: Prior, checkpointing: bool) -> None:
        from diffusers import ControlNetModel

        super().__init__()
        widths = (16, 32, 96, 256)[: prior.factor.bit_length()]
        self.net: Any = ControlNetModel.from_unet(
            prior.unet,
            conditioning_embedding_out_channels=widths,
            conditioning_channels=1 + HINT_CHANNELS,
        )
        self.embed = self.net.controlnet_cond_embedding
        self.net.controlnet_cond_embedding = nn.Identity()
        if checkpointing:
            self.net.enable_gradient_checkpointing()
        self.base = Aside(HookedUNet(prior.unet, [], checkpointing))

    def encode(self, image: Tensor, hints: Tensor) -> Tensor:
        return self.embed(torch.cat([2 * image - 1, hints], 1))

    def features(self, x: Tensor, t: Tensor, text: Tensor, shown: Tensor) -> Features:
        skips, middle = self.net(x, t, text, shown, return_dict=False)
        return {**{str(i): skip for i, skip in enumerate(skips)}, "middle": middle}

    def forward(
        self, x: Tensor, t: Tensor, text: Tensor, shown: Tensor, features: Features | None = None
    ) -> Tensor:
        said = dict(self.features(x, t, text, shown) if features is None else features)
        middle = said.pop("middle")
        unet: Any = self.base.on(x.device).unet
        residuals = tuple(said.values())
        return unet(
            x,
            t,
            text,
            down_block_additional_residuals=residuals,
            mid_block_additional_residual=middle,
        ).sample

    def pretrained(self) -> list[nn.Parameter]:
        parts = (
            self.net.conv_in,
            self.net.time_embedding,
            self.net.down_blocks,
            self.net.mid_block,
        )
        return [p for part in parts for p in part.parameters()]


class Replica(nn.Module):
    """The prior's U-Net once more, its input widened by new columns, zero at first, that see the
    conditions.

    sites, names: it keeps what it says at these modules, and has nothing after the last of them.
    rank: 0 = a copy of its own, all of which learns; otherwise the prior's very weights, and beside
    each projection of an attention layer two thin matrices that learn (Hu et al., 2022, LoRA)."""

    def __init__(
        self, prior: Prior, sites: str, names: list[str], rank: int, checkpointing: bool
    ) -> None:
        super().__init__()
        conv = prior.unet.conv_in
        seen = 2 * prior.channels
        self.widen = zeroed(
            nn.Conv2d(seen, conv.out_channels, conv.kernel_size, padding=conv.padding, bias=False)
        )
        linear = projections_of(prior.unet, but=AFTER[sites]) if rank else {}
        self.adapters = nn.ModuleDict(
            {key_of(name): Adapter(each, rank) for name, each in linear.items()}
        )
        self.sites, visited = frozenset(names), ["conv_in", *names]
        self.own = (
            None if rank else HookedUNet(trimmed(copied(prior.unet), sites), visited, checkpointing)
        )
        self.base = Aside(HookedUNet(prior.unet, [*visited, *linear], checkpointing))

    def forward(
        self, x: Tensor, t: Tensor, text: Tensor, shown: Tensor, features: Features
    ) -> Tensor:
        """The output, if the last layer is kept. features: is filled with what is said at the
        sites."""

        def said(name: str, given: Tensor, output: Tensor) -> Tensor:
            if name == "conv_in":
                output = output + self.widen(shown)
            if key_of(name) in self.adapters:
                output = output + self.adapters[key_of(name)](given)
            if name in self.sites:
                features.setdefault(name, output)
            return output

        return (self.own or self.base.on(x.device))(said, x, t, text)

    def pretrained(self) -> list[nn.Parameter]:
        return [] if self.own is None else list(self.own.parameters())


class Adapter(nn.Module):
    """What is added to a linear layer's output: zero at first."""

    def __init__(self, linear: nn.Linear, rank: int) -> None:
        super().__init__()
        self.down = nn.Linear(linear.in_features, rank, bias=False)
        self.up = nn.Linear(rank, linear.out_features, bias=False)
        nn.init.zeros_(self.up.weight)

    def forward(self, x: Tensor) -> Tensor:
        return self.up(self.down(x))


class Conditions(nn.Module):
    """Encoders of the gray picture and of the hint map, side by side: (N, 2 C, h, w)."""

    def __init__(self, prior: Prior) -> None:
        super().__init__()
        self.gray, self.hints = ConditionEncoder(prior, 3), ConditionEncoder(prior, HINT_CHANNELS)

    def forward(self, image: Tensor, hints: Tensor) -> Tensor:
        return torch.cat([self.gray((2 * image - 1).expand(-1, 3, -1, -1)), self.hints(hints)], 1)


class ConditionEncoder(nn.Module):
    """The VAE's encoder, to learn on: at first the latents of its first three channels."""

    def __init__(self, prior: Prior, channels: int) -> None:
        super().__init__()
        vae, self.scale = prior.vae, prior.scale
        self.encoder = copied(vae.encoder)
        last = self.encoder.conv_out if vae.quant_conv is None else vae.quant_conv
        mean = first_outputs(last, prior.channels)
        self.encoder.conv_in = widened(self.encoder.conv_in, channels)
        self.encoder.conv_out = (
            mean if vae.quant_conv is None else nn.Sequential(self.encoder.conv_out, mean)
        )

    def forward(self, x: Tensor) -> Tensor:
        """(N, channels, H, W) in [-1, 1] -> (N, C, h, w)."""
        return self.scale * self.encoder(x)


def guided(
    prior: Prior, guider: str, mix: str, sites: str, rank: int, checkpointing: bool
) -> GuidedUNet:
    """The guider called copy, controlnet or input_concat. ValueError: a name that is unknown, a key
    without effect."""
    if guider not in GUIDERS:
        raise ValueError(f"guider is {', '.join(GUIDERS)}, not {guider!r}")
    if sites not in SITES:
        raise ValueError(f"sites is {', '.join(SITES)}, not {sites!r}")
    match guider:
        case "copy":
            return Mixed(prior, mix, sites, rank, checkpointing)
        case "controlnet":
            if rank:
                raise ValueError(f"rank={rank} does not go with guider=controlnet (set rank=0)")
            return ControlNet(prior, checkpointing)
        case _:
            return InputConcat(prior, rank, checkpointing)


def key_of(name: str) -> str:
    """A module's name as a key of a ModuleDict, which takes no dots."""
    return name.replace(".", "/")


def copied(net: Any) -> Any:
    """A copy that learns, without what else hangs on the original."""
    twin = copy.deepcopy(net)
    for module in twin.modules():
        module._forward_hooks.clear()
    return twin.requires_grad_(True).train()


def trimmed(unet: Any, sites: str) -> Any:
    """The U-Net without the layers after its last site."""
    if sites != "all_out":
        unet.conv_norm_out, unet.conv_out = None, nn.Identity()
    if "up_blocks" in AFTER[sites]:
        unet.up_blocks = nn.ModuleList()
    if "mid_block" in AFTER[sites]:
        unet.mid_block = None
    return unet


def widened(conv: nn.Conv2d, channels: int) -> nn.Conv2d:
    """The convolution with so many input channels; the new ones count for nothing at first."""
    more = F.pad(conv.weight.detach(), (0, 0, 0, 0, 0, channels - conv.in_channels))
    wide = nn.Conv2d(channels, conv.out_channels, conv.kernel_size, conv.stride, conv.padding)  # type: ignore[arg-type]
    return with_weights(wide, more, conv.bias)


def first_outputs(conv: nn.Conv2d, channels: int) -> nn.Conv2d:
    """The convolution with its first so many output channels alone."""
    narrow = nn.Conv2d(conv.in_channels, channels, conv.kernel_size, conv.stride, conv.padding)  # type: ignore[arg-type]
    bias = None if conv.bias is None else conv.bias[:channels]
    return with_weights(narrow, conv.weight[:channels], bias)


def with_weights(conv: nn.Conv2d, weight: Tensor, bias: Tensor | None) -> nn.Conv2d:
    """The convolution with copies of these."""
    with torch.no_grad():
        conv.weight.copy_(weight)
        if conv.bias is not None and bias is not None:
            conv.bias.copy_(bias)
    return conv
