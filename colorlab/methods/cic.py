"""CIC: colorization as classification, Zhang, Isola and Efros, "Colorful Image Colorization" (ECCV 2016).

The published weights can be read from a file: those of 2016 (width 64, bins=published, no shortcuts) and the class
branch of Zhang et al., "Real-Time User-Guided Image Colorization" (2017; width 64, bins=square, shortcuts)."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from colorlab.errors import CheckpointError
from colorlab.methods.base import OptimizerFactory, ScheduleFactory
from colorlab.methods.marginals import ClassOptions, NetOptions, PixelClassifier
from colorlab.nets.cic_net import CICNet
from colorlab.samplers.marginals import MarginalSampler
from colorlab.storage.plain import open_plain

#: names in the published files -> here; the rest of the 2017 net (its regression branch) has no place
PUBLISHED = {
    r"model([1-7])\.(.*)": r"net.conv\1.\2",
    r"model8\.0\.(.*)": r"net.ups.0.up.\1",  # 2016
    r"model8\.2\.(.*)": r"net.ups.0.convs.1.\1",
    r"model8\.4\.(.*)": r"net.ups.0.convs.3.\1",
    r"model8\.6\.(.*)": r"classes.\1",
}
PUBLISHED_2017 = PUBLISHED | {
    r"model8up\.0\.(.*)": r"net.ups.0.up.\1",
    r"model3short8\.0\.(.*)": r"net.ups.0.short.\1",
    r"model8\.([1-5])\.(.*)": r"net.ups.0.convs.\1.\2",
    r"model_class\.0\.(.*)": r"classes.\1",
}


class CIC(PixelClassifier):
    """published: a file of published weights, read before the first step; the net then stays as it is and only the
    copula learns; its rebalancing is undone by the prior that it was trained with, which must be given."""

    skips_gray = True

    def __init__(
        self, seed: int, optimizer: OptimizerFactory, schedule: ScheduleFactory, sampler: MarginalSampler, width: int,
        net: NetOptions, classes: ClassOptions, published: str | None,
    ) -> None:  # fmt: skip
        super().__init__(seed, optimizer, schedule, sampler, CICNet(width, net.stride, net.shortcuts), net, classes)
        self.published = published
        if published is not None:
            if classes.undo_rebalancing and classes.prior is None and classes.rebalance < 1:
                raise ValueError(
                    "the published net was rebalanced by a prior of its own (give "
                    "method.classes.prior=<its prior_probs.npy>, or method.classes.undo_rebalancing=false)"
                )
            self.freeze_net()

    def prepare(self, pictures: Any) -> None:
        """The prior, and the published weights if there is a file."""
        super().prepare(pictures)
        if self.published is not None:
            self.read_published(Path(self.published))

    def read_published(self, path: Path) -> None:
        """Fill net and classes. CheckpointError: not such a file, or one of another width or table."""
        tensors = renamed(_tensors(path), self.net.shortcuts)
        wanted = {k: v for k, v in self.state_dict().items() if k.startswith(("net.", "classes."))}
        wrong = sorted(k for k in wanted if k not in tensors or tensors[k].shape != wanted[k].shape)
        if wrong:
            raise CheckpointError(
                f"{path}: {wrong[0]} is missing or of another shape (want width=64 stride=4, with bins=published "
                "shortcuts=false for the weights of 2016, bins=square shortcuts=true for those of 2017)"
            )
        self.load_state_dict({k: tensors[k] for k in wanted}, strict=False)


def renamed(published: dict[str, Tensor], shortcuts: bool) -> dict[str, Tensor]:
    """The tensors of a published file that this method has, under its own names; of the 2017 net's first convolution,
    only the channel that sees lightness: hints are zero where there are none."""
    names = PUBLISHED_2017 if shortcuts else PUBLISHED
    tensors = {}
    for name, value in published.items():
        for pattern, here in reversed(names.items()):
            if re.fullmatch(pattern, name):
                tensors[re.sub(pattern, here, name)] = value
                break
    first = "net.conv1.0.weight"
    return tensors | ({first: tensors[first][:, :1].contiguous()} if first in tensors else {})


def _tensors(path: Path) -> dict[str, Tensor]:
    try:
        with open_plain(path) as file:
            state = torch.load(file, map_location="cpu", weights_only=True)
        return {name: value for name, value in state.items() if isinstance(value, Tensor)}
    except Exception as error:
        reason = " ".join(str(error).split())[:120]
        raise CheckpointError(f"{path} cannot be read as plain tensors ({reason}; give a published .pth)") from error
