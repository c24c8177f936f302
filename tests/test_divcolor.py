"""DivColor the method: each loss against a second implementation, its two stages, what it
refuses."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch

from colorlab.cli.config import compose
from colorlab.cli.targets import build
from colorlab.color import lab_of
from colorlab.draws import Draws
from colorlab.errors import CheckpointError, ConfigError
from colorlab.nets.divcolor_net import Mixture, Posterior, gradients, mahalanobis, rarity
from colorlab.runs.checkpoint import save_weights
from colorlab.types import Batch, Condition
from tests.small_divcolor import SMALL, Pictures, divcolor, numbers, trained


@pytest.mark.slow
def test_the_rows_of_the_papers_tables_are_three_sets_of_losses() -> None:
    rows = {"l2": ["method.losses.l2=1", "method.losses.hist=0", "method.losses.mah=0",
                   "method.losses.grad=0"],
            "mah": ["method.losses.hist=0", "method.losses.grad=0"],
            "hist mah grad": []}  # fmt: skip
    for terms, overrides in rows.items():
        losses = divcolor(*overrides).loss(Pictures()[[0, 1]], Draws(0, [0, 1]))
        assert set(losses) == {"loss", "kl", *terms.split()}


def test_the_losses_add_up() -> None:
    losses = divcolor().loss(Pictures()[[0, 1]], Draws(0, [0, 1]))
    total = losses["hist"] + 0.1 * losses["mah"] + 1e-3 * losses["grad"] + 0.1 * losses["kl"]
    assert torch.allclose(losses["loss"], total / (2 * 16 * 16), rtol=1e-5)


def test_the_vaes_loss_is_made_of_the_error_of_its_field(monkeypatch) -> None:
    method = divcolor("method.losses.l2=3", "method.losses.grad=2")
    field = numbers(2, 2, 16, 16).clamp(-0.5, 0.5)
    q = Posterior(torch.full((2, 6), 2.0), torch.zeros(2, 6))
    monkeypatch.setattr(method.vae, "encode", lambda field, gray, draws: q)
    monkeypatch.setattr(method.vae, "forward", lambda z, maps: 0.9 * field)
    losses = method.vae_losses(field, torch.rand(2, 1, 16, 16), Draws(0, [0, 1]))
    error = field - 0.9 * field
    weight = rarity(method.H, 0.5, "raw")[method.bins(field)]
    parts = {
        3.0: error.square().sum((1, 2, 3)),
        1.0: (weight * error.square().sum(1)).sum((1, 2)),
        0.1: mahalanobis(error, method.basis, method.variance),
        2.0: gradients(error),
    }
    total = sum(share * part.mean() for share, part in parts.items()) + 0.1 * 6 * 2**2 / 2
    assert torch.allclose(losses["loss"], total / (2 * 16 * 16), rtol=1e-4)


def test_the_mdns_loss_is_that_of_a_sample_of_the_posterior(monkeypatch) -> None:
    method = divcolor("method.mdn.loss=nearest").eval()
    q = Posterior(torch.full((2, 6), 2.0), torch.full((2, 6), 9.0).log())  # deviation 3
    mixture = Mixture(torch.tensor([[0.5, 0.3, 0.2]]).log().expand(2, -1), numbers(2, 3, 6))
    monkeypatch.setattr(method.vae, "encode", lambda field, gray, draws: q)
    monkeypatch.setattr(method.mdn, "forward", lambda features, draws: mixture)
    gray = torch.zeros(2, 1, 16, 16)
    losses = method.mdn_losses(torch.zeros(2, 2, 16, 16), gray, method.seen(gray), Draws(0, [0, 1]))
    z = 2 + 3 * Draws(0, [0, 1]).normal(6)
    square = (z[:, None] - mixture.mean).square().sum(2)  # (2, 3)
    m = square.argmin(1)
    expected = (square[[0, 1], m] / 0.2 - mixture.log_weight[[0, 1], m]).mean()
    assert torch.allclose(losses["loss"], expected, rtol=1e-4)
    assert losses["entropy"].item() == pytest.approx(-sum(w * math.log(w) for w in (0.5, 0.3, 0.2)))


def test_the_first_batches_train_the_vae_and_the_others_the_mdn_alone() -> None:
    method = divcolor()
    trained(method, 2)
    assert method.learning == "mdn"
    before = {name: value.clone() for name, value in method.state_dict().items()}
    trained(method, 2)
    changed = {
        name.split(".")[0]
        for name, value in method.state_dict().items()
        if not torch.equal(value, before[name])
    }
    assert changed == {"mdn", "features", "batches_seen"}


def test_the_stage_comes_with_the_checkpoint() -> None:
    method, other = divcolor(), divcolor()
    method.batches_seen.fill_(2)
    assert other.learning == "vae"
    other.load_state_dict(method.state_dict())
    assert other.learning == "mdn"


@pytest.mark.slow
def test_each_stage_runs_through_the_whole_schedule() -> None:
    method = divcolor("trainer.max_steps=1000", "method.stages.vae_share=0.4")
    ((optimizer, schedule),) = method.optimizers()
    rates = []
    for _ in range(1000):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step()
    assert max(rates[:400]) == pytest.approx(max(rates[400:]), rel=0.01)
    assert rates[399] < 0.01 * max(rates) and rates[400] == pytest.approx(rates[0])


@pytest.mark.slow
def test_accumulated_batches_count_for_the_stage_as_batches() -> None:
    method = divcolor("trainer.accumulate_grad_batches=3")
    method.batches_seen.fill_(5)
    assert method.learning == "vae"
    method.batches_seen.fill_(6)
    assert method.learning == "mdn"


@pytest.mark.whole
def test_candidates_are_the_means_in_order_of_weight_and_then_random() -> None:
    method = divcolor("method.mdn.components=3")
    mixture = Mixture(
        torch.tensor([[0.5, 0.3, 0.2]]).log(),
        torch.tensor([[1.0, 2, 3]])[..., None].expand(1, 3, 6),
    )
    z = method.latent(mixture, Draws(0, [7]).candidates(5))
    assert torch.equal(z[:3], mixture.mean[0])
    assert z[3:].std() > 0.1
    assert torch.equal(method.latent(mixture, Draws(0, [7]).candidates(5).rows(2, 4))[0], z[2])


@pytest.mark.whole
def test_random_candidates_come_from_the_mixture() -> None:
    method = divcolor("method.mdn.components=3", "method.mdn.samples=random")
    mixture = Mixture(
        torch.tensor([[0.5, 0.3, 0.2]]).log(),
        torch.tensor([[0.0, 10, 20]])[..., None].expand(1, 3, 6),
    )
    z = method.latent(mixture, Draws(0, [7]).candidates(2000))
    component = (z.mean(1) / 10).round().long()
    assert torch.allclose(
        torch.bincount(component) / 2000, torch.tensor([0.5, 0.3, 0.2]), atol=0.04
    )
    assert (z - 10.0 * component[:, None]).var() == pytest.approx(0.1, rel=0.05)


@pytest.mark.whole
def test_a_vae_alone_draws_from_its_prior() -> None:
    method = divcolor("method.stages.stage=vae").eval()
    rows = Draws(0, [7]).candidates(3)
    assert torch.equal(method.latent(None, rows), Draws(0, [7]).candidates(3).normal(6))
    assert method.sample(Condition(torch.rand(1, 1, 16, 16)), 2, Draws(0, [7])).shape == (
        1,
        2,
        3,
        16,
        16,
    )


@pytest.mark.whole
def test_reconstructions_follow_the_true_colours_and_keep_the_lightness() -> None:
    method = divcolor("method.net.skip=true").eval()
    method.vae.decoder.head.weight.data *= 1000  # an untrained decoder tells latents hardly apart
    batch = Pictures()[[0, 1]]
    once = method.reconstruct(batch, Draws(0, [0, 1]))
    other = method.reconstruct(batch._replace(rgb=batch.rgb.flip(0)), Draws(0, [0, 1]))
    assert once.shape == batch.rgb.shape and not torch.allclose(once, other)
    assert (lab_of(once)[:, 0] - lab_of(batch.image.expand(-1, 3, -1, -1))[:, 0]).abs().max() < 0.5


def saved(method: torch.nn.Module, run: Path) -> Path:
    save_weights(method, run / "checkpoints")
    return run


@pytest.mark.whole
def test_the_mdn_learns_on_the_vae_of_another_run(tmp_path: Path) -> None:
    first = divcolor("method.stages.stage=vae")
    trained(first, 1)
    second = divcolor("method.stages.stage=mdn", f"method.stages.vae={saved(first, tmp_path)}")
    assert second.learning == "mdn"
    theirs = second.vae.state_dict()
    assert all(torch.equal(value, theirs[name]) for name, value in first.vae.state_dict().items())


@pytest.mark.parametrize(
    ("overrides", "said"),
    [
        (["method.stages.stage=mdn"], "needs a trained VAE"),
        (["method.stages.vae=runs/x"], "does not go with stage=all"),
        (["method.net.side=40"], "multiple of 16"),
        (["method.mdn.samples=all"], "choose from means, random"),
    ],
)
def test_settings_that_cannot_run_are_refused(overrides: list[str], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        build(compose("train", [*SMALL, *overrides]).method)


@pytest.mark.slow
def test_a_run_that_is_not_there_or_of_another_width_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="no weights in"):
        divcolor("method.stages.stage=mdn", f"method.stages.vae={tmp_path}/none")
    run = saved(divcolor("method.stages.stage=vae", "method.width=3"), tmp_path)
    with pytest.raises(CheckpointError, match=r"another width.*set method\.width, net\.side"):
        divcolor("method.stages.stage=mdn", f"method.stages.vae={run}")
    with pytest.raises(CheckpointError, match="another kind"):
        divcolor(f"method.mdn.features={run}")


@pytest.mark.slow
def test_features_of_a_trained_colorizer_are_taken_frozen_or_refused(tmp_path: Path) -> None:
    cic = build(
        compose("train", ["name=t", "method=cic", "method.width=2", "trainer.max_steps=4"]).method
    )
    run = saved(cic, tmp_path)
    (run / "config.yaml").write_text("method:\n  width: 2\n")
    method = divcolor(f"method.mdn.features={run}")
    before = {name: value.clone() for name, value in method.features.state_dict().items()}
    trained(method, 4)
    assert all(
        torch.equal(value, before[name]) for name, value in method.features.state_dict().items()
    )
    assert torch.equal(method.features.conv7[0].weight, cic.net.conv7[0].weight)
    with pytest.raises(CheckpointError, match=r"set method\.mdn\.features_width"):
        divcolor(f"method.mdn.features={run}", "method.mdn.features_width=3")


@pytest.mark.whole
def test_the_mixture_sees_the_picture_at_a_side_of_its_own() -> None:
    """The paper's 224 px give features of 28 x 28, for a field of 64."""
    method = divcolor("method.mdn.sees=48")
    shapes = []
    method.features.register_forward_hook(
        lambda net, inputs, output: shapes.append(tuple(output.shape[-2:]))
    )
    drawn = method.eval().sample(Condition(torch.rand(1, 1, 64, 64)), 2, Draws(0, [0]))
    assert shapes == [(6, 6)] and drawn.shape == (1, 2, 3, 64, 64)
    losses = method.loss(
        Batch(
            torch.rand(1, 3, 64, 64), torch.rand(1, 1, 64, 64), torch.zeros(1), [""], torch.zeros(1)
        ),
        Draws(0, [0]),
    )
    assert torch.isfinite(losses["loss"])
