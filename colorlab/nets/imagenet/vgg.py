"""VGG16's convolutions (Simonyan and Zisserman, 2015, arXiv 1409.1556, net D), as the trunk of
another network."""

from __future__ import annotations

from collections.abc import Mapping

import torch.nn.functional as F
from torch import Tensor, nn

STAGES = ((64, 64), (128, 128), (256, 256, 256), (512, 512, 512), (512, 512, 512))
# of ImageNet's pictures, on which it was trained
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


class VGG16(nn.Module):
    """The first ``stages`` of five; the last ReLU of each is an output. Weights start random; see
    ``load``."""

    def __init__(self, stages: int) -> None:
        super().__init__()
        channels_in, convs = 3, []
        for channels in (c for stage in STAGES[:stages] for c in stage):
            convs.append(nn.Conv2d(channels_in, channels, 3, padding=1))
            channels_in = channels
        self.convs, self.stages = nn.ModuleList(convs), STAGES[:stages]

    def load(self, tensors: Mapping[str, Tensor]) -> None:
        """Take the weights conv0.weight, conv0.bias, ... of ``weights.store``; later convolutions
        are left out."""
        for i, conv in enumerate(self.convs):
            conv.load_state_dict({kind: tensors[f"conv{i}.{kind}"] for kind in ("weight", "bias")})

    def forward(self, pictures: Tensor) -> list[Tensor]:
        """(N, 3, H, W) in [0, 1] -> relu1_2 (N, 64, H, W), relu2_2 (N, 128, H // 2, W // 2),
        relu3_3, ..."""
        mean, std = (pictures.new_tensor(c).reshape(3, 1, 1) for c in (MEAN, STD))
        x, convs, features = (pictures - mean) / std, iter(self.convs), []
        for level, stage in enumerate(self.stages):
            x = F.max_pool2d(x, 2) if level else x
            for _ in stage:
                x = F.relu(next(convs)(x))
            features.append(x)
        return features
