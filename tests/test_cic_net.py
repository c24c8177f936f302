"""CIC's net has the published sizes, and computes what the published files' tensors say."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from colorlab.color import lab_of
from colorlab.draws import Draws
from colorlab.nets.capsule_net import OBJECTS, CapsuleNet, routed, squashed
from colorlab.nets.cic_net import CICNet
from colorlab.nets.imagenet.efficientnet_lite import EfficientNetLite0
from colorlab.nets.semantic_net import SemanticNet
from tests.marginal_methods import DEPTHS, W, cic, published


def logits_of(t: dict[str, Tensor], L: Tensor, year: int) -> Tensor:
    """What the published nets compute of lightness L (1, 1, H, W) in [0, 100], written out from
    their tensors."""

    def conv(name: str, x: Tensor, padding: int = 1, **how: int) -> Tensor:
        return F.conv2d(x, t[f"{name}.weight"], t[f"{name}.bias"], padding=padding, **how)

    def norm(name: str, x: Tensor) -> Tensor:
        mean, var, weight, bias = (
            t[f"{name}.{k}"] for k in ("running_mean", "running_var", "weight", "bias")
        )
        return F.batch_norm(x, mean, var, weight, bias)

    x, third = (L - 50) / 100, L
    if year == 2017:
        x = torch.cat([x, torch.zeros_like(x).expand(-1, 3, -1, -1)], 1)
    for k, depth in enumerate(DEPTHS):
        dilation = 2 if k in (4, 5) else 1
        for i in range(depth):
            stride = 2 if year == 2016 and k < 3 and i == depth - 1 else 1
            x = conv(f"model{k + 1}.{2 * i}", x, dilation, dilation=dilation, stride=stride).relu()
        x = norm(f"model{k + 1}.{2 * depth}", x)
        third = x if k == 2 else third
        x = x[..., ::2, ::2] if year == 2017 and k < 3 else x
    up, rest = (
        ("model8.0", ("model8.2", "model8.4"))
        if year == 2016
        else ("model8up.0", ("model8.1", "model8.3"))
    )
    x = F.conv_transpose2d(x, t[f"{up}.weight"], t[f"{up}.bias"], stride=2, padding=1)
    x = (x if year == 2016 else x + conv("model3short8.0", third)).relu()
    for name in rest:
        x = conv(name, x).relu()
    return conv("model8.6", x, 0) if year == 2016 else conv("model_class.0", norm("model8.5", x), 0)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("year", "table", "bins"), [(2016, "published", 313), (2017, "square", 529)]
)
def test_the_published_weights_give_the_published_nets_classes(
    year: int, table: str, bins: int, tmp_path
) -> None:
    tensors = published(year, bins)
    torch.save(tensors, tmp_path / "weights.pth")
    overrides = [
        f"method.classes.bins={table}",
        f"method.width={W}",
        "method.net.stride=4",
        f"method.net.shortcuts={year == 2017}",
    ]
    method = cic(*overrides)
    method.read_published(tmp_path / "weights.pth")
    image = Draws(0, [0]).uniform(1, 16, 24)
    expected = logits_of(tensors, lab_of(image.expand(-1, 3, -1, -1))[:, :1], year)
    with torch.no_grad():
        found = method.eval().classes(method.net(image))
    assert found.shape == (1, bins, 4, 6)
    assert torch.allclose(found, expected, atol=1e-4)


def test_the_published_width_has_the_published_number_of_weights() -> None:
    net, classes = CICNet(64, 4, False), 256 * 313 + 313
    assert sum(p.numel() for p in net.parameters()) + classes + 2 * 313 == 32_236_011


def test_features_are_the_same_with_and_without_shortcuts() -> None:
    plain, short = CICNet(W, 4, False).eval(), CICNet(W, 4, True).eval()
    plain.load_state_dict(
        {k: v for k, v in short.state_dict().items() if k in plain.state_dict()}, strict=False
    )
    image = Draws(0, [0]).uniform(1, 19, 32)
    assert plain.features(image).shape == (1, 8 * W, 3, 4)
    assert torch.allclose(plain.features(image), short.features(image), atol=1e-5)


@pytest.mark.parametrize("kind", [CICNet, SemanticNet, CapsuleNet])
@pytest.mark.parametrize("size", [(1, 1), (17, 16), (33, 50)])
@pytest.mark.parametrize("stride", [1, 4])
def test_any_size_gives_every_stride_th_pixel(
    kind: type[CICNet], size: tuple[int, int], stride: int
) -> None:
    net = kind(W, stride, True).eval()
    with torch.no_grad():
        x = net(Draws(0, [0, 1]).uniform(1, *size))
    assert x.shape == (2, net.channels, *[-(-side // stride) for side in size])
    assert torch.isfinite(x).all()


def test_an_unknown_stride_is_told_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match="4, 2, 1, not 8"):
        CICNet(W, 8, True)


@pytest.mark.parametrize("kind", [SemanticNet, CapsuleNet])
def test_all_trunks_learn_about_as_many_weights(kind: type[CICNet]) -> None:
    learned = [
        sum(p.numel() for p in k(16, 2, True).parameters() if p.requires_grad)
        for k in (CICNet, kind)
    ]
    assert learned[1] == pytest.approx(learned[0], rel=0.06)


@pytest.mark.whole
def test_the_classifier_of_the_semantic_trunk_never_changes() -> None:
    net = SemanticNet(W, 4, True).train()
    before = {k: v.clone() for k, v in net.trunk.state_dict().items()}
    net(Draws(0, [0, 1]).uniform(1, 32, 32)).sum().backward()
    assert all(torch.equal(v, before[k]) for k, v in net.trunk.state_dict().items())
    assert all(p.grad is None for p in net.trunk.parameters())


def test_stages_lead_to_the_classifiers_features() -> None:
    net, picture = EfficientNetLite0().eval(), Draws(0, [0]).uniform(3, 64, 64)
    stages = net.stages(picture)
    assert [tuple(x.shape[1:]) for x in stages[2::2]] == [(40, 8, 8), (112, 4, 4), (320, 2, 2)]
    assert net.features(picture).shape == (1, 1280)


def test_routing_shares_each_part_among_the_objects_by_agreement() -> None:
    votes = torch.zeros(1, 3, 1, OBJECTS, 4)
    votes[:, 0, :, 0, 0] = votes[:, 1, :, 0, 0] = 5.0  # two parts agree about object 0
    # the third does not, and is for object 1
    votes[:, 2, :, 0, 0], votes[:, 2, :, 1, 1] = -5.0, 5.0
    share = routed(votes)[0, :, 0]
    assert torch.allclose(share.sum(1), torch.ones(3))
    assert share[0, 0] > 2 / OBJECTS and share[2, 1] > share[2, 0]


def test_squashed_vectors_are_shorter_than_one_and_keep_their_direction() -> None:
    v = Draws(0, range(9)).normal(5) * 4
    squashed_v = squashed(v, 1)
    assert (squashed_v.norm(dim=1) < 1).all()
    assert torch.allclose(F.cosine_similarity(v, squashed_v), torch.ones(9), atol=1e-5)
