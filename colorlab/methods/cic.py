"""CIC: colorization as classification, Zhang, Isola and Efros, "Colorful Image Colorization"
(ECCV 2016).

The published weights can be read from a file: those of 2016 (width 64, bins=published, no
shortcuts) and the class branch of Zhang et al., "Real-Time User-Guided Image Colorization" (2017;
width 64, bins=square, shortcuts)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from torch import nn

from colorlab.methods.base import OptimizerFactory, ScheduleFactory
from colorlab.methods.marginals import ClassOptions, NetOptions, PixelClassifier
from colorlab.nets.cic_net import CICNet
from colorlab.samplers.marginals import MarginalSampler
from colorlab.weights.published import fill_parts, read_tensors, renamed

#: names in the published files -> here; the rest of the 2017 net (its regression branch) has no
#: place
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
    """published: a file of published weights, read before the first step; the net then stays as it
    is and only the copula learns; its rebalancing is undone by the prior that it was trained with,
    which must be given."""

    skips_gray = True

    def __init__(
        self,
        seed: int,
        optimizer: OptimizerFactory,
        schedule: ScheduleFactory,
        sampler: MarginalSampler,
        width: int,
        net: NetOptions,
        classes: ClassOptions,
        published: str | None,
    ) -> None:
        super().__init__(
            seed,
            optimizer,
            schedule,
            sampler,
            CICNet(width, net.stride, net.shortcuts),
            net,
            classes,
        )
        self.published = published
        if published is not None:
            if classes.undo_rebalancing and classes.prior is None and classes.rebalance < 1:
                raise ValueError(
                    "the published net was rebalanced by a prior of its own (give "
                    "method.classes.prior=<its prior_probs.npy>, or "
                    "method.classes.undo_rebalancing=false)"
                )
            self.freeze_net()

    def prepare(self, pictures: Any) -> None:
        """The prior, and the published weights if there is a file."""
        super().prepare(pictures)
        if self.published is not None:
            self.read_published(Path(self.published))

    def read_published(self, path: Path) -> None:
        """Fill net and classes. CheckpointError: not such a file, or one of another width or
        table."""
        tensors = renamed(read_tensors(path), PUBLISHED_2017 if self.net.shortcuts else PUBLISHED)
        first = "net.conv1.0.weight"
        if first in tensors:  # that of 2017 sees hints as well, which are zero where there are none
            tensors[first] = tensors[first][:, :1].contiguous()
        wrong = (
            f"in {path} (want width=64 stride=4, with bins=published shortcuts=false for the "
            "weights of 2016, bins=square shortcuts=true for those of 2017)"
        )
        fill_parts(self, ("net.", "classes."), tensors, wrong)
        nn.init.zeros_(self.copula.weight), nn.init.zeros_(self.copula.bias)  # type: ignore[arg-type]
