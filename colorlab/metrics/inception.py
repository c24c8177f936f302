"""Inception's features, for the one distance that may be called FID (Heusel et al., GANs Trained by
a Two Time-Scale Update Rule, 2017). Net and resizing are those of the package torch-fidelity, which
equal the original TensorFlow code; the weights are the user's to bring: their licence and size keep
them out of this package."""

from __future__ import annotations

import hashlib
import os
from functools import cache
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from colorlab.errors import DataError
from colorlab.storage.cache import cache_dir

FILE = "weights-inception-2015-12-05-6726825d.pth"
SOURCE = "https://github.com/toshas/torch-fidelity/releases/download/v0.2.0/" + FILE
BATCH = 16


def inception_features(pictures: Tensor) -> Tensor:
    """(N, 3, H, W) in [0, 1] -> (N, 2048). DataError (exit 3) without the weights or the
    package."""
    net = _net(pictures.device)
    return torch.cat([net((part * 255).round().byte())[0] for part in pictures.split(BATCH)])


def inception_id() -> str:
    """`inception-<sha256 of the file>`."""
    return f"inception-{hashlib.sha256(weights_file().read_bytes()).hexdigest()}"


def weights_file() -> Path:
    """Where the weights are: in $COLORLAB_WEIGHTS, the cache, or torch's download folder. DataError
    if nowhere."""
    named = os.environ.get("COLORLAB_WEIGHTS")
    folders = [cache_dir() / "weights", Path(torch.hub.get_dir()) / "checkpoints"]
    for folder in [Path(named), *folders] if named else folders:
        if (folder / FILE).is_file():
            return folder / FILE
    raise DataError(
        f"weights {folders[0] / FILE} are missing (fetch {SOURCE}, or set features=lite0)"
    )


@cache
def _net(device: torch.device) -> Any:
    try:
        from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3
    except ImportError as error:
        raise DataError(
            "features=inception needs the package torch-fidelity (pip install "
            "'colorlab-suite[fid]')"
        ) from error
    path = weights_file()
    try:
        # torch-fidelity would run what a foreign pickle says
        torch.load(path, map_location="cpu", weights_only=True)
        return FeatureExtractorInceptionV3("inception-v3-compat", ["2048"], str(path)).to(device)
    except Exception as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0][:100]
        raise DataError(
            f"weights {path} cannot be read ({reason}; fetch {SOURCE} again)"
        ) from error
