"""The net of ``cic_net`` with knowledge of what is in the picture: features of an ImageNet
classifier join it at H/8.

As in Pucci, Micheloni and Martinel, "Collaborative Image and Object Level Features for Image
Colourisation" (2021), who ask whether object-level features help; the classifier here is
EfficientNet-lite0, its weights are fixed, and the rest of the net is ``CICNet``'s, so that at one
width both learn almost as many weights."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from colorlab.nets.cic_net import CICNet
from colorlab.nets.imagenet.efficientnet_lite import LITE0, EfficientNetLite0

STAGES = (2, 4, 6)  # the classifier's outputs at 1/8, 1/16, 1/32
# it is shown the picture with its shorter side this long, if it is shorter: it was trained at 224
SHORTEST = 128


class SemanticNet(CICNet):
    """See ``CICNet``. ``trunk`` holds the classifier; its weights are to be loaded by whoever makes
    the net."""

    def __init__(self, width: int, stride: int, shortcuts: bool) -> None:
        super().__init__(width, stride, shortcuts)
        self.trunk = EfficientNetLite0().requires_grad_(False).eval()
        del self.trunk._conv_head, self.trunk._bn1, self.trunk._fc
        self.join = nn.Conv2d(sum(LITE0[k][-1] for k in STAGES), 8 * width, 1)

    def train(self, mode: bool = True) -> SemanticNet:
        """The classifier stays as it is."""
        super().train(mode)
        self.trunk.eval()
        return self

    def early(self, image: Tensor) -> list[Tensor]:
        """conv4 with the classifier's features added."""
        *pyramid, conv4 = super().early(image)
        scale = max(1.0, SHORTEST / min(image.shape[-2:]))
        shown = F.interpolate(image, scale_factor=scale, mode="bilinear") if scale > 1 else image
        stages = self.trunk.stages(shown.expand(-1, 3, -1, -1))
        seen = [F.interpolate(stages[k], conv4.shape[-2:], mode="bilinear") for k in STAGES]
        return [*pyramid, conv4 + self.join(torch.cat(seen, 1))]
