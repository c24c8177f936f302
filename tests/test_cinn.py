"""The flow's likelihood has its known values, and dequantisation is what keeps it finite."""

from __future__ import annotations

import math

import pytest
import torch

from colorlab.cli.config import compose
from colorlab.cli.targets import build
from colorlab.draws import Draws
from colorlab.errors import ConfigError
from colorlab.methods.cinn import CINN, EIGHT_BITS, SETTLED
from colorlab.samplers.guides import Bias
from colorlab.types import Batch, Condition

FLAT = torch.tensor([0.2, 0.6, 1.0])[:, None, None]


def cinn(*overrides: str) -> CINN:
    small = [
        "name=t",
        "method=cinn",
        "method.width=4",
        "method.net.blocks=[2,2]",
        "method.net.shrink=1",
        "trainer.max_steps=10",
    ]
    torch.manual_seed(0)
    return build(compose("train", [*small, *overrides]).method)


def pictures(n: int = 4, side: int = 16) -> Batch:
    rgb = torch.rand(n, 3, side, side, generator=torch.Generator().manual_seed(1))
    return Batch(rgb, rgb.mean(1, keepdim=True), torch.arange(n), [""] * n, torch.full((n,), -1))


def flat(n: int) -> Batch:
    """Pictures of one colour: what is left of a drawing when its background is removed."""
    return pictures(n)._replace(rgb=FLAT.expand(n, 3, 16, 16), image=torch.ones(n, 1, 16, 16))


def trained(method: CINN, batch: Batch, steps: int) -> list[float]:
    """The loss at every step."""
    optimizer, losses = torch.optim.Adam(method.parameters(), 3e-3), []
    for step in range(steps):
        loss = method.loss(batch, Draws(0, batch.index.tolist(), [step] * len(batch.index)))["loss"]
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(method.parameters(), 1.0)
        optimizer.step()
        losses.append(loss.item())
    return losses


class Toy:
    """A data set of random pictures."""

    splits = {"train": torch.arange(8).numpy()}

    def __getitem__(self, positions: list[int]) -> Batch:
        whole = pictures(8)
        return Batch(
            *(part[positions] for part in whole[:3]), [""] * len(positions), whole.label[positions]
        )


def test_the_loss_of_an_untrained_flow_is_that_of_a_normal_distribution() -> None:
    method = cinn("method.space=rgb", "method.learning.dequantise=false", "method.learning.noise=0")
    batch = pictures()
    x = 2 * batch.rgb - 1
    expected = (x.square().mean() + math.log(2 * math.pi)) / 2
    assert method.loss(batch, Draws(0, range(4)))["loss"].item() == pytest.approx(
        expected.item(), abs=1e-5
    )


def test_the_loss_is_equation_2_in_nats_a_dimension(monkeypatch) -> None:
    method, batch = cinn("method.space=rgb"), pictures()
    # together the 768 values of a picture
    z = [torch.full((4, 6, 8, 8), 0.5), torch.full((4, 24, 4, 4), 2.0)]
    monkeypatch.setattr(method.net, "forward", lambda x, encoding: (z, torch.full((4,), 1536.0)))
    squares = (384 * 0.5**2 + 384 * 2**2) / 768
    losses = method.loss(batch, Draws(0, range(4)))
    assert losses["loss"].item() == pytest.approx(
        squares / 2 + math.log(2 * math.pi) / 2 - 2, rel=1e-5
    )


def test_dequantised_colours_differ_from_the_true_ones_by_half_a_step_at_most() -> None:
    method, rgb = cinn("method.space=rgb", "method.learning.noise=0"), pictures().rgb
    off = (method.target(rgb, Draws(0, range(4))) - (2 * rgb - 1)) / 2 / EIGHT_BITS
    assert off.abs().max() <= 0.501 and off.std().item() == pytest.approx(
        1 / math.sqrt(12), abs=0.01
    )
    method.dequantise = False
    assert torch.equal(method.target(rgb, Draws(0, range(4))), 2 * rgb - 1)


def test_preparation_normalises_the_colours_and_what_the_net_makes_of_them() -> None:
    method, batch = cinn(), pictures(8)
    method.prepare(Toy())
    x = method.target(batch.rgb, Draws(0, range(8)))
    assert x.mean((0, 2, 3)).abs().max() < 0.02 and (x.std((0, 2, 3)) - 1).abs().max() < 0.02
    assert len(batch.index) <= SETTLED
    # of N(0, 1)
    assert method.loss(batch, Draws(0, range(8)))["normal"].item() == pytest.approx(1.419, abs=0.05)


def test_the_noise_of_a_picture_gives_the_picture_back(monkeypatch) -> None:
    method = cinn(
        "method.space=rgb",
        "method.learning.noise=0",
        "method.temperature=1",
        "method.micro_batch=1",
    )
    batch = pictures(1)
    trained(method, batch, 5)
    z, _ = method.net(method.target(batch.rgb, Draws(0, [0])), method.net.encode(batch.image))
    monkeypatch.setattr(method.net, "noise", lambda *_: [part.detach() for part in z])
    drawn = method.sample(Condition(batch.image), 1, Draws(0, [0]))[:, 0]
    assert (drawn - batch.rgb).abs().max() < EIGHT_BITS


def test_without_temperature_all_candidates_are_alike() -> None:
    drawn = cinn("method.temperature=0").sample(Condition(pictures(1).image), 3, Draws(0, [0]))
    assert torch.equal(drawn[:, 0], drawn[:, 1]) and torch.equal(drawn[:, 0], drawn[:, 2])


@pytest.mark.whole
def test_only_gray_pictures_have_chroma_at_a_part_of_the_side() -> None:
    drawn = cinn("method.net.shrink=4").sample(
        Condition(torch.rand(1, 1, 33, 20)), 2, Draws(0, [0])
    )
    assert drawn.shape == (1, 2, 3, 33, 20)
    with pytest.raises(ConfigError, match="shrink=2 blurs"):
        cinn("method.space=rgb", "method.net.shrink=2")


def test_a_guide_is_refused_in_one_line() -> None:
    with pytest.raises(ConfigError, match="takes no guides"):
        cinn().sample(Condition(pictures(1).image), 1, Draws(0, [0]), [Bias("#ff0000")])


@pytest.mark.whole
@pytest.mark.parametrize("dequantise", [True, False])
def test_flat_colours_have_no_bound_unless_they_are_dequantised(dequantise: bool) -> None:
    """No density does better on noise than the noise's own entropy: log of one 8-bit step, for
    uniform noise."""
    entropy, batch = math.log(2 * EIGHT_BITS), flat(2)
    method = cinn(
        "method.space=rgb",
        "method.learning.noise=0",
        f"method.learning.dequantise={str(dequantise).lower()}",
    )
    method.net.settle(method.target(batch.rgb, Draws(0, range(2))), batch.image)
    last = trained(method, batch, 10)[-1]
    assert entropy - 0.1 < last < entropy + 1 if dequantise else last < entropy - 1


@pytest.mark.slow
def test_the_loss_stays_finite_for_thousands_of_steps_on_flat_colours() -> None:
    tiny = flat(2)._replace(rgb=FLAT.expand(2, 3, 4, 4), image=torch.ones(2, 1, 4, 4))
    losses = trained(cinn("method.space=rgb", "method.net.blocks=[1]"), tiny, 4000)
    assert all(math.isfinite(loss) for loss in losses)
    assert max(losses[2000:]) < losses[0]
