"""Places in a diffusers U-Net where features are read or edited on their way, each known by the
name of its module.

Together they are what Liu et al. (2023), "Improved Diffusion-based Image Colorization via
Piggybacked Models", call the output layer and each down- and up-sampling layer: of Stable Diffusion
1.x, 12 + 1 + 12 + 1 places."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

#: (name of a module, its input, its output) -> the output to go on with
Visit = Callable[[str, Tensor, Tensor], Tensor]

PROJECTIONS = ("to_q", "to_k", "to_v", "to_out.0")  # of an attention layer


def sites_of(unet: Any) -> dict[str, dict[str, int]]:
    """down, mid, up and out: the names of the modules where a layer ends, in the order of the
    forward pass, and their channels. A residual block with its attention is one layer, and so is
    the last of an up block with its upsampler."""
    down: dict[str, int] = {"conv_in": unet.conv_in.out_channels}
    up: dict[str, int] = {}
    for i, block in enumerate(unet.down_blocks):
        down |= _pairs(f"down_blocks.{i}", block)
        if block.downsamplers:
            down[f"down_blocks.{i}.downsamplers.0"] = block.downsamplers[0].out_channels
    for i, block in enumerate(unet.up_blocks):
        pairs = _pairs(f"up_blocks.{i}", block)
        if block.upsamplers:
            pairs.popitem()
            pairs[f"up_blocks.{i}.upsamplers.0"] = block.upsamplers[0].out_channels
        up |= pairs
    mid = {"mid_block": unet.config.block_out_channels[-1]}
    return {"down": down, "mid": mid, "up": up, "out": {"conv_out": unet.conv_out.out_channels}}


def _pairs(prefix: str, block: Any) -> dict[str, int]:
    """Each residual block of a down or up block, by the name of its attention where it has one."""
    kind = "attentions" if getattr(block, "attentions", None) else "resnets"
    return {f"{prefix}.{kind}.{j}": resnet.out_channels for j, resnet in enumerate(block.resnets)}


def projections_of(unet: nn.Module, but: tuple[str, ...]) -> dict[str, nn.Linear]:
    """The projections of all attention layers, by name, but those in blocks whose names begin
    so."""
    linear = {
        name: module for name, module in unet.named_modules() if isinstance(module, nn.Linear)
    }
    return {
        name: module
        for name, module in linear.items()
        if name.endswith(PROJECTIONS) and not name.startswith(but)
    }


class HookedUNet(nn.Module):
    """A U-Net that calls a function at some of its modules. unet: UNet2DConditionModel; names: of
    the modules.

    Which function is a matter of the call, and with checkpointing, when activations are computed
    once more on the way back, it is the one of the call that they belong to."""

    def __init__(self, unet: Any, names: Sequence[str], checkpointing: bool) -> None:
        super().__init__()
        self.unet = unet
        self.visit: Visit | None = None
        for name in dict.fromkeys(names):
            unet.get_submodule(name).register_forward_hook(partial(self._visited, name))
        if checkpointing:
            unet.enable_gradient_checkpointing(self._checkpointed)

    def forward(self, visit: Visit, x: Tensor, t: Tensor, text: Tensor) -> Tensor:
        """x (N, C, h, w), timesteps t, one or (N,), token states (N, T, D) -> the output, shape of
        x."""
        return self._with(visit, self.unet, x, t, text).sample

    def _with(self, visit: Visit | None, module: nn.Module, *inputs: Any) -> Any:
        before, self.visit = self.visit, visit
        try:
            return module(*inputs)
        finally:
            self.visit = before

    def _checkpointed(self, module: nn.Module, *inputs: Any) -> Any:
        return checkpoint(self._with, self.visit, module, *inputs, use_reentrant=False)

    def _visited(
        self, name: str, module: nn.Module, inputs: tuple[Tensor, ...], output: Any
    ) -> Any:
        """A forward hook; Transformer2DModel gives a tuple, and is to."""
        if self.visit is None:
            return output
        if isinstance(output, tuple):
            return (self.visit(name, inputs[0], output[0]), *output[1:])
        return self.visit(name, inputs[0], output)
