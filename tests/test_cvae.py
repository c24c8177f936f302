"""The CVAE baseline: its loss, and what its candidates are."""

from __future__ import annotations

import pytest
import torch

from colorlab.cli.config import compose
from colorlab.cli.targets import build
from colorlab.color import luma
from colorlab.draws import Draws
from colorlab.errors import ConfigError
from colorlab.methods.cvae import CVAE
from colorlab.nets.divcolor_net import Posterior
from colorlab.types import Batch, Condition

SMALL = ["name=t", "method=cvae", "method.net.side=16", "method.width=2", "method.net.latents=6",
         "method.cluster.pool=12", "method.cluster.clusters=3", "method.micro_batch=4",
         "trainer.max_steps=4"]  # fmt: skip


def cvae(*overrides: str) -> CVAE:
    torch.manual_seed(0)
    method = build(compose("train", [*SMALL, *overrides]).method).eval().requires_grad_(False)
    method.vae.decoder.head.weight *= 1000  # an untrained decoder tells latents hardly apart
    return method


def batch() -> Batch:
    rgb = torch.rand(2, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    return Batch(rgb, luma(rgb), torch.arange(2), ["", ""], torch.tensor([-1, -1]))


def test_the_loss_is_squared_error_and_divergence() -> None:
    method = cvae("method.kl=0.5")
    field = torch.full((2, 2, 16, 16), 0.25)
    method.vae.forward = lambda z, maps: field
    method.vae.encode = lambda field, gray, draws: Posterior(torch.ones(2, 6), torch.zeros(2, 6))
    losses = method.loss(batch(), Draws(0, [0, 1]))
    from colorlab.color import AB

    l2 = (AB().encode(batch().rgb) - 0.25).square().sum((1, 2, 3)).mean()
    assert float(losses["loss"]) == pytest.approx(float(l2 + 0.5 * 3) / 512, rel=1e-5)


def test_draws_decode_standard_normal_latents() -> None:
    method, image = cvae("method.cluster.kind=none"), torch.rand(1, 1, 16, 16)
    drawn = method.candidates(image, 4, Draws(0, [3]))
    z = Draws(0, [3]).candidates(4).normal(6)
    assert torch.allclose(drawn, method.vae(z, method.vae.maps(image)), atol=1e-6)


@pytest.mark.whole
def test_medoids_are_draws_and_centres_are_not() -> None:
    image = torch.rand(1, 1, 16, 16)
    pool = cvae("method.cluster.kind=none").candidates(image, 12, Draws(0, [3]))
    shown = [
        cvae(f"method.cluster.kind={kind}").candidates(image, 3, Draws(0, [3]))
        for kind in ("medoids", "centres")
    ]
    apart = [torch.cdist(fields.flatten(1), pool.flatten(1)) for fields in shown]
    assert apart[0].amin(1).max() < 1e-4 < apart[1].amin(1).max()


def test_a_pool_smaller_than_its_clusters_is_refused() -> None:
    with pytest.raises(ConfigError, match="pool=3"):
        cvae("method.cluster.pool=2")


def test_the_picture_keeps_its_size() -> None:
    assert cvae().sample(Condition(torch.rand(1, 1, 20, 24)), 2, Draws(0, [0])).shape == (
        1,
        2,
        3,
        20,
        24,
    )
