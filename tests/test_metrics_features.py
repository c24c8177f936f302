"""The nets whose features realism is told by: they see as their makers meant, and what is missing
or would run code is told."""

from __future__ import annotations

import pickle

import pytest
import torch
from skimage.data import coffee
from torch.nn import functional as F

from colorlab.errors import DataError
from colorlab.metrics import inception
from colorlab.metrics.drawing import Drawing
from colorlab.metrics.own_features import KINDS
from colorlab.metrics.realism import Realism, features
from colorlab.nets.imagenet.efficientnet_lite import EfficientNetLite0, folded_lite0, load_lite0
from colorlab.weights.fetch import fetch
from colorlab.weights.store import backbone
from tests.test_metrics_realism import of_true_colorings


def test_lite0_knows_a_cup_of_espresso():
    fetch("lite0")
    net = EfficientNetLite0().eval()
    assert not net.load_state_dict(backbone("lite0"), strict=False).unexpected_keys
    picture = torch.from_numpy(coffee())[:, 100:500].movedim(2, 0)[None] / 255
    small = F.interpolate(picture, size=(224, 224), mode="bilinear", antialias=True)
    with torch.no_grad():
        assert net(small).argmax().item() == 967


def test_a_net_whose_normalisations_are_folded_says_the_same():
    fetch("lite0")
    pictures = torch.rand(3, 3, 50, 64, generator=torch.Generator().manual_seed(0))
    cpu = torch.device("cpu")
    folded, plain = folded_lite0(cpu), load_lite0(cpu)
    assert not any(isinstance(part, torch.nn.BatchNorm2d) for part in folded.modules())
    with torch.no_grad():
        torch.testing.assert_close(
            folded.features(pictures), plain.features(pictures), atol=2e-5, rtol=1e-5
        )


@pytest.mark.parametrize(("net", "length"), [("vgg16", 512), ("lite0", 1280)])
def test_features_do_not_depend_on_the_batch(net, length):
    fetch("vgg"), fetch("lite0")
    pictures = torch.rand(3, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    together = features(pictures, net)
    assert together.shape == (3, length)
    assert torch.allclose(
        together, torch.cat([features(p[None], net) for p in pictures]), atol=1e-4
    )


@pytest.fixture
def inception_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("COLORLAB_WEIGHTS", str(tmp_path))
    monkeypatch.setenv("COLORLAB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path / "hub"))
    inception._net.cache_clear()
    yield tmp_path
    inception._net.cache_clear()


def test_inception_is_shown_bytes_a_few_pictures_at_a_time(monkeypatch):
    shown = []
    monkeypatch.setattr(
        inception, "_net", lambda device: lambda x: (shown.append(x) or x.float().mean((2, 3)),)
    )
    pictures = torch.tensor([0.0, 0.5, 1.0]).repeat(7)[:, None, None, None].expand(-1, 3, 4, 4)
    found = inception.inception_features(pictures)
    assert [len(part) for part in shown] == [16, 5] and shown[0].dtype == torch.uint8
    assert found[:3, 0].tolist() == [0, 128, 255]


def test_inception_without_its_weights_says_where_to_get_them(inception_folder):
    with pytest.raises(DataError, match=r"6726825d.pth are missing \(fetch https"):
        features(torch.rand(1, 3, 16, 16), "inception")


def test_inception_weights_that_would_run_code_are_refused(inception_folder):
    marker = inception_folder / "ran"
    (inception_folder / inception.FILE).write_bytes(pickle.dumps(Touch(marker)))
    with pytest.raises(DataError, match="cannot be read"):
        features(torch.rand(1, 3, 16, 16), "inception")
    assert not marker.exists()


@pytest.mark.slow
def test_only_inception_gives_a_distance_called_fid(inception_folder, monkeypatch):
    from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3

    torch.save({}, inception_folder / inception.FILE)
    with monkeypatch.context() as patched:
        patched.setattr(FeatureExtractorInceptionV3, "load_state_dict", lambda self, state: None)
        net = FeatureExtractorInceptionV3(
            "inception-v3-compat", ["2048"], str(inception_folder / inception.FILE)
        )
    torch.save(net.state_dict(), inception_folder / inception.FILE)
    metric = Realism("inception")
    truths = torch.rand(3, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    values = of_true_colorings(metric, truths, "below 2048")
    expected = net((truths * 255).round().byte())[0]
    assert torch.allclose(inception.inception_features(truths), expected, atol=1e-5)
    assert (
        "realism/fid" in values
        and "realism/kid_inception" in values
        and "realism/fd_inception" not in values
    )


class Touch:
    """A pickle that leaves a mark when it is executed."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (open, (str(self.path), "w"))


def test_pictures_are_normalised_as_the_nets_were_trained() -> None:
    from transformers.utils.constants import (
        IMAGENET_DEFAULT_MEAN,
        IMAGENET_DEFAULT_STD,
        OPENAI_CLIP_MEAN,
        OPENAI_CLIP_STD,
    )

    clip = (OPENAI_CLIP_MEAN, OPENAI_CLIP_STD)
    dinov2 = (IMAGENET_DEFAULT_MEAN, IMAGENET_DEFAULT_STD)
    assert {kind: tuple(map(tuple, values)) for kind, values in KINDS.items()} == {
        "clip": tuple(map(tuple, clip)), "dinov2": tuple(map(tuple, dinov2)),
    }  # fmt: skip


@pytest.mark.parametrize(("kind", "width"), [("clip", 6), ("dinov2", 8)])
def test_features_come_from_a_net_of_the_users_own(tmp_path, kind, width):
    import transformers

    small = {
        "hidden_size": 8,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "image_size": 28,
        "patch_size": 14,
    }
    if kind == "clip":
        text = {**small, "vocab_size": 10, "intermediate_size": 8}
        config = transformers.CLIPConfig(
            text_config=text, vision_config={**small, "intermediate_size": 8}, projection_dim=6
        )
        transformers.CLIPModel(config).save_pretrained(tmp_path)
    else:
        transformers.Dinov2Model(transformers.Dinov2Config(**small)).save_pretrained(tmp_path)
    metric = Realism(str(tmp_path))
    truths = torch.rand(3, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    found = features(truths, str(tmp_path))
    assert found.shape == (3, width) and not torch.allclose(found[0], found[1])
    metric.update(
        [Drawing(t.expand(2, -1, -1, -1), t[:1], t[None], i, "none") for i, t in enumerate(truths)]
    )
    with pytest.warns(UserWarning, match="below 2048"):
        assert abs(metric.compute()[f"realism/fd_{kind}"]) < 1e-6


def test_a_folder_without_such_a_net_is_told_in_one_line(tmp_path):
    with pytest.raises(DataError, match=r"no config\.json"):
        Realism(str(tmp_path))
    (tmp_path / "config.json").write_text('{"model_type": "bert"}')
    with pytest.raises(DataError, match="give one of clip, dinov2"):
        Realism(str(tmp_path))
