"""A net that learned from photographs helps to read drawings: nothing is lost by it, and only part
of it learns."""

from __future__ import annotations

import pytest
import torch

from colorlab.cli.config import compose
from colorlab.cli.targets import build
from colorlab.draws import Draws
from colorlab.errors import CheckpointError
from colorlab.methods.base import Optimized, slowed
from colorlab.methods.flats import Flats
from colorlab.nets.area_encoder import AreaEncoder, Drawn, rim_of
from colorlab.nets.area_trunk import Trunk
from colorlab.nets.naming import WORDS, Naming, hashed
from colorlab.runs.checkpoint import begin_with, save_weights
from colorlab.types import Batch, Condition

D = 16
SMALL = ("method.reading.width=16", "method.reading.heads=2", "method.reading.layers=1",
         "method.decoder.layers=1", "method.reading.side=32",
         "method.decoder.colors=16")  # fmt: skip


def drawing() -> tuple[torch.Tensor, torch.Tensor]:
    """image (1, 1, 32, 32) of two halves, and their areas (1, 32, 32)."""
    image, labels = torch.ones(1, 1, 32, 32), torch.zeros(1, 32, 32, dtype=torch.long)
    image[..., 16] = image[..., 8, :16] = 0
    labels[..., 17:] = 1
    return image, labels


def read(net: AreaEncoder) -> Drawn:
    image, labels = drawing()
    return net(image, labels, torch.tensor([2]), torch.tensor([0]))


def encoder(trunk: bool) -> AreaEncoder:
    torch.manual_seed(0)
    return AreaEncoder(D, 1, 2, 3, 0, trunk).eval()


@pytest.fixture(scope="module")
def method() -> Flats:
    torch.manual_seed(0)
    return build(
        compose("train", ["name=x", "method=flats", "method.reading.trunk=lite0", *SMALL]).method
    )


def batch() -> Batch:
    image, labels = drawing()
    rgb = torch.tensor([[0.9, 0.1, 0.1], [0.1, 0.2, 0.8]])[labels].permute(0, 3, 1, 2) * image
    return Batch(rgb, image, torch.zeros(1).long(), ["red and blue"], torch.tensor([-1]), labels)


def test_what_is_known_without_it_is_known_with_it_until_it_has_learned() -> None:
    plain, helped = encoder(False), encoder(True)
    helped.load_state_dict(plain.state_dict(), strict=False)
    assert torch.equal(read(plain).areas, read(helped).areas)
    torch.nn.init.normal_(helped.trunk.area[-1].weight)
    assert not torch.allclose(read(plain).areas, read(helped).areas)


def test_every_area_hears_of_what_lies_in_it_and_of_the_whole() -> None:
    torch.manual_seed(0)
    net = Trunk(D)
    for last in (net.area[-1], net.view[-1]):
        torch.nn.init.normal_(last.weight)
    image, labels = drawing()
    member = torch.nn.functional.avg_pool2d(torch.stack([labels == 0, labels == 1], 1).float(), 2)
    areas, views = net(image, member)
    assert areas.shape == (1, 2, D) and views.shape == (1, 5, D)
    other, _ = net(image, member.flip(1))
    assert torch.allclose(areas, other.flip(1), atol=1e-5)  # however areas are numbered
    assert not torch.allclose(areas[:, 0], areas[:, 1], atol=1e-3)


@pytest.mark.whole
def test_early_stages_and_the_statistics_of_photographs_stay(method: Flats) -> None:
    net = method.train().encoder.trunk.net
    before = {name: value.clone() for name, value in net.state_dict().items()}
    torch.nn.init.normal_(method.encoder.trunk.area[-1].weight, std=0.1)
    ((optimizer, _),) = method.optimizers()
    for step in range(2):
        method.loss(batch(), Draws(0, [0], [step], "train"))["loss"].backward()
        optimizer.step()
    changed = {
        name for name, value in net.state_dict().items() if not torch.equal(value, before[name])
    }
    assert "_conv_head.weight" in changed and "_blocks.15._project_conv.weight" in changed
    assert not any(
        "running" in name or name.startswith(("_conv_stem", "_bn0", "_blocks.0."))
        for name in changed
    )


def test_what_was_learned_from_photographs_learns_at_a_share_of_the_rate_under_any_schedule() -> (
    None
):
    def rates(make) -> list[list[float]]:
        groups = [{"params": [torch.nn.Parameter(torch.zeros(1))]} for _ in range(2)]
        optimizer = torch.optim.SGD(groups, lr=0.8)
        optimizer, schedule = slowed(Optimized(optimizer, make(optimizer)), 1, 0.25)
        seen = []
        for _ in range(9):
            seen.append([group["lr"] for group in optimizer.param_groups])
            optimizer.step(), schedule.step()
        return seen

    schedules = torch.optim.lr_scheduler
    for make in (
        lambda o: schedules.OneCycleLR(o, 0.8, total_steps=10, cycle_momentum=False),
        lambda o: schedules.LambdaLR(o, lambda step: 0.9**step),
        lambda o: schedules.CosineAnnealingLR(o, 10),
        lambda o: schedules.StepLR(o, 3),
    ):
        assert all(slow == pytest.approx(fast / 4) for fast, slow in rates(make))
        assert len({fast for fast, _ in rates(make)}) > 2


def test_all_that_learns_is_learned_once(method: Flats) -> None:
    ((optimizer, _),) = method.optimizers()
    owned = [id(p) for group in optimizer.param_groups for p in group["params"]]
    assert sorted(owned) == sorted(id(p) for p in method.parameters() if p.requires_grad)


def test_drawings_are_coloured_without_the_weights_of_photographs_at_hand(
    method: Flats, monkeypatch
) -> None:
    def missing(net: str) -> None:
        raise AssertionError(f"{net} was asked for")

    monkeypatch.setattr("colorlab.nets.area_trunk.backbone", missing)
    image, labels = drawing()
    assert method.eval().sample(Condition(image, areas=labels), 2, Draws(0, [0])).shape == (
        1,
        2,
        3,
        32,
        32,
    )
    with pytest.raises(AssertionError, match="lite0 was asked for"):
        method.encoder.trunk.load()


@torch.no_grad()
def test_words_are_hashed_alike_in_any_order_and_none_cost_nothing() -> None:
    assert torch.equal(hashed("a red  Car"), hashed("car, red")) and hashed("red car").sum() == 1
    assert (
        not torch.equal(hashed("red car"), hashed("red cat"))
        and hashed("").sum() == hashed("a 1f").sum() == 0
    )
    torch.manual_seed(0)
    naming, whole = Naming(D), torch.randn(2, D)
    logits = naming.words(whole)
    cost = naming(whole, ["red car", ""])
    expected = -(logits[0].log_softmax(0) * hashed("red car")).sum()
    assert (
        cost[0] == pytest.approx(float(expected), rel=1e-5)
        and cost[1] == 0
        and logits.shape == (2, WORDS)
    )


def test_names_are_learned_beside_colours(method: Flats) -> None:
    losses = {
        name: value.detach()
        for name, value in method.loss(batch(), Draws(0, [0], [0], "train")).items()
    }
    assert losses["loss"].item() == pytest.approx(
        float(losses["colors"] + 0.1 * losses["names"]), rel=1e-5
    )
    plain = build(
        compose("train", ["name=x", "method=flats", "method.reading.trunk=none", *SMALL]).method
    )
    assert set(plain.loss(batch(), Draws(0, [0], [0], "train"))) == {"loss"}


@pytest.mark.whole
def test_training_begins_with_a_runs_weights_and_what_it_lacks_as_usual(
    method: Flats, tmp_path
) -> None:
    older = build(
        compose("train", ["name=x", "method=flats", "method.reading.trunk=none", *SMALL]).method
    )
    older.batches_seen += 5
    (tmp_path / "checkpoints").mkdir()
    save_weights(older, tmp_path / "checkpoints", half=True)
    before = {name: value.clone() for name, value in method.state_dict().items()}
    new = begin_with(method, tmp_path)
    after = method.state_dict()
    assert new and all(name.startswith(("encoder.trunk.", "naming.")) for name in new)
    assert all(torch.equal(after[name], before[name]) for name in new)
    assert torch.allclose(after["decoder.color.0.weight"], older.decoder.color[0].weight, atol=1e-3)
    assert int(method.batches_seen) == 0
    other = build(
        compose(
            "train",
            [
                "name=x",
                "method=flats",
                "method.reading.trunk=none",
                *SMALL,
                "method.reading.width=32",
            ],
        ).method
    )
    with pytest.raises(CheckpointError, match="of another width"):
        begin_with(other, tmp_path)
    gpic = build(compose("train", ["name=x", "method=gpic", "method.width=4"]).method)
    with pytest.raises(CheckpointError, match="belongs to another method"):
        begin_with(gpic, tmp_path)


@pytest.mark.parametrize(("gray", "is_ink"), [(0.58, True), (0.62, False)])
def test_what_is_darker_than_six_tenths_is_ink_around_which_the_rim_lies(
    gray: float, is_ink: bool
) -> None:
    image = torch.ones(1, 1, 32, 32)
    image[..., 8:24, 8:24] = gray
    image[..., 12:20, 12:20] = 0.0
    first = 8 if is_ink else 12
    rim = rim_of(image)[0, 0]
    assert rim[first - 1, 15] == 1 and rim[: first - 1].sum() == 0
