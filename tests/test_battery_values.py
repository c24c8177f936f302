"""Every value of a run's configuration in the place of which a stranger put another: it is refused
in a line when the run is opened, or the run draws."""

from __future__ import annotations

import copy
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from colorlab import api
from colorlab.errors import CheckpointError
from tests import strangers
from tests.strangers import put, without

whole = strangers.whole  # a fixture

GONE = object()
VALUES: dict[str, Any] = {
    "null": None, "a list": [1, 2], "a mapping": {"a": 1}, "less than nothing": -1, "nothing": 0,
    "true": True, "half": 2.5, "infinite": float("inf"), "no number": float("nan"),
    "beyond 32 bits": 1e300, "beyond 62": 1 << 62, "a small minus": -0.001, "a word": "x",
    "no word": "", "no list": [], "no mapping": {}, "lists": [[[]]], "words": ["a"],
    "a zero byte": "a\0b", "what a terminal obeys": "a\x1b[2J", "a long word": "x" * 1_000_000,
    "a device": "/dev/zero", "a way out": "../../../etc/passwd",
    "the surroundings": "${oc.env:HOME}", "what Hydra knows": "${hydra:runtime.cwd}",
    "half a reference": "${", "a program": "os.system",
    "a program to call": {"_target_": "os.system", "command": "true"},
    "another method": "colorlab.methods.cic.CIC",
    "another sampler": "colorlab.samplers.ancestral.Ancestral",
    "a guide": "colorlab.samplers.guides.Bias", "an optimizer": "torch.optim.AdamW",
    "a factory": {"_target_": "torch.optim.AdamW", "_partial_": True},
    "a set of pictures": {"_target_": "colorlab.data.folder.Folder", "root": "/etc"},
    "a trainer": {"_target_": "lightning.pytorch.Trainer"}, "what is not there": GONE,
}  # fmt: skip


def places(node: Any, *above: Any) -> Iterator[tuple[Any, ...]]:
    """The keys that lead to every part of a configuration, the first two of a list."""
    for key, value in node.items() if isinstance(node, dict) else list(enumerate(node))[:2]:
        yield (*above, key)
        if isinstance(value, dict | list):
            yield from places(value, *above, key)


def counts(place: tuple[Any, ...]) -> bool:
    """Whether what is drawn depends on a part of a configuration."""
    return place[0] == "method" and place[1:2] not in (("optimizer",), ("schedule",))


@pytest.mark.slow
@pytest.mark.parametrize("part", ["method", "data", "trainer", "the rest"])
def test_any_value_in_the_place_of_any_other_is_refused_in_a_line_or_works(
    whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, part: str
) -> None:
    monkeypatch.chdir(tmp_path)
    run = Path(shutil.copytree(whole, tmp_path / "r"))
    drawing = np.full((24, 24), 255, np.uint8)
    drawing[4:20, [5, 18]] = drawing[[4, 19], 5:19] = 0
    known = yaml.safe_load((run / "config.yaml").read_text())
    known["method"]["sampler"]["steps"] = 2
    tried = worked = 0
    for place in places(known):
        if (place[0] if place[0] in ("method", "data", "trainer") else "the rest") != part:
            continue
        for what, value in VALUES.items():
            config = copy.deepcopy(known)
            (without(*place) if value is GONE else put(*place, value=value))(config)
            (run / "config.yaml").write_text(yaml.dump(config, Dumper=yaml.CSafeDumper))
            tried += 1
            try:
                opened = api.open_run(run)
                pictures = opened.sample(drawing, n=1) if counts(place) else []
            except CheckpointError as error:
                assert str(error).isprintable() and len(str(error)) < 600, (place, what)
                assert "config.yaml" in str(error) or "weights" in str(error), (
                    place,
                    what,
                    str(error),
                )
            else:
                worked += 1
                assert [picture.size for picture in pictures] == [(24, 24)] * counts(place), (
                    place,
                    what,
                )
    assert tried > worked > 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["r"]
