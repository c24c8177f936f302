"""The command that counts a prior writes what the bins read."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from colorlab.ab_bins import Bins
from colorlab.data.__main__ import main
from colorlab.errors import ConfigError

pytestmark = pytest.mark.whole


def folder_of(path: Path, *colors: tuple[int, int, int]) -> Path:
    for k, color in enumerate(colors):
        (path / "train").mkdir(exist_ok=True)
        Image.fromarray(np.full((8, 8, 3), color, np.uint8)).save(path / "train" / f"{k}.png")
    return path


def test_two_pictures_of_two_colours_are_half_and_half(tmp_path: Path, monkeypatch, capsys) -> None:
    monkeypatch.setenv("COLORLAB_CACHE", str(tmp_path / "cache"))
    folder = folder_of(tmp_path, (255, 0, 0), (128, 128, 128))
    out = tmp_path / "prior.safetensors"
    main(
        [
            "prior",
            "data=folder",
            f"data.root={folder}",
            "data.size=8",
            "data.condition=gray",
            "sigma=0",
            f"out={out}",
        ]
    )
    bins = Bins("reachable")
    bins.read(out)
    red, gray = bins.nearest(torch.tensor([[80.1, 67.2], [0.0, 0.0]])).tolist()
    assert bins.prior[red] == bins.prior[gray] == 0.5
    assert "261 bins, 2 pictures, entropy 0.69 nats, gray 50%" in capsys.readouterr().out


def test_a_prior_needs_a_place_to_go() -> None:
    with pytest.raises(ConfigError, match="prior needs a place to write to"):
        main(["prior", "bins=corner"])
