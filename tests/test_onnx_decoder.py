"""GPIC's decoder by ONNX Runtime: the same pictures, chosen by time once, refused in one line where
it cannot run."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
import torch

from colorlab.cli.config import compose
from colorlab.cli.targets import build
from colorlab.draws import Draws
from colorlab.errors import ConfigError
from colorlab.methods.gpic import GPIC
from colorlab.nets import onnx_decoder
from colorlab.types import Condition

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

SMALL = (
    "name=x",
    "method=gpic",
    "method.width=4",
    "method.sampler.steps=3",
    "method.micro_batch=2",
)


pytestmark = pytest.mark.usefixtures("own_cache")


def gpic(backend: str) -> GPIC:
    """A small one, no weight of which is zero."""
    method: GPIC = build(compose("train", [*SMALL, f"method.backend={backend}"]).method)
    draws = Draws(0, range(1), [0], "weights")
    for k, parameter in enumerate(method.net.parameters()):
        parameter.data.copy_(0.1 * draws.to(str(k)).normal(*parameter.shape)[0])
    return method.eval().requires_grad_(False)


def drawing(height: int, width: int) -> Condition:
    return Condition(Draws(3, [0]).uniform(1, height, width))


@pytest.mark.whole
@pytest.mark.parametrize(
    ("height", "width", "n"), [(32, 48, 1), (32, 48, 3), (16, 16, 2), (33, 17, 5)]
)
def test_pictures_are_those_of_torch(
    height: int, width: int, n: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(onnx_decoder, "compared", lambda *rest: (1.0, 0.0))  # onnx is taken
    ours, theirs = (
        gpic(b).sample(drawing(height, width), n, Draws(0, [0])) for b in ("torch", "onnx")
    )
    assert not torch.equal(ours, theirs) or height == 16
    torch.testing.assert_close(theirs, ours, rtol=0, atol=1e-4)


@pytest.mark.whole
def test_a_candidate_is_the_same_bits_for_any_n(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(onnx_decoder, "compared", lambda *rest: (1.0, 0.0))
    method = gpic("onnx")
    many = method.sample(drawing(32, 32), 7, Draws(0, [0]))
    for n in (1, 2, 5):
        assert torch.equal(method.sample(drawing(32, 32), n, Draws(0, [0])), many[:, :n])


@pytest.mark.whole
def test_the_slower_of_the_two_is_left_alone_and_the_choice_is_kept(
    own_cache: Path, monkeypatch
) -> None:
    """Bits may not change because a machine was busy."""
    net, image = gpic("onnx").net, drawing(32, 32).image
    asked = []
    monkeypatch.setattr(onnx_decoder, "compared", lambda *rest: asked.append(rest) or (0.0, 1.0))
    encoding = net.encode(image)
    assert onnx_decoder.fastest_decoder(net, encoding, 2) == net.decode
    monkeypatch.setattr(onnx_decoder, "compared", lambda *rest: pytest.fail("measured again"))
    assert onnx_decoder.fastest_decoder(net, encoding, 2) == net.decode
    (kept,) = own_cache.rglob("*.json")
    assert len(asked) == 1 and json.loads(kept.read_text()) == {"torch": 0.0, "onnx": 1.0}


@pytest.mark.whole
def test_both_are_timed_and_other_weights_have_a_graph_of_their_own(own_cache: Path) -> None:
    first, second = gpic("onnx"), gpic("onnx")
    second.net.head.bias.data += 1
    for method in (first, second):
        onnx_decoder.fastest_decoder(method.net, method.net.encode(drawing(32, 32).image), 2)
    assert len(list(own_cache.rglob("*.onnx"))) == 2
    assert all(
        0 < t < 60
        for kept in own_cache.rglob("*.json")
        for t in json.loads(kept.read_text()).values()
    )


def test_without_the_package_one_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(ConfigError, match=r"pip install 'colorlab-suite\[onnx\]'"):
        gpic("onnx").sample(drawing(16, 16), 1, Draws(0, [0]))


def test_it_runs_in_float32_alone() -> None:
    method = gpic("onnx")
    method.bf16 = True
    with pytest.raises(ConfigError, match="float32 on the CPU"):
        method.sample(drawing(16, 16), 1, Draws(0, [0]))


def test_a_backend_that_is_none_is_named() -> None:
    with pytest.raises(ConfigError, match="tensorrt"):
        gpic("tensorrt")
