"""DivColor the method: each loss against a second implementation, its two stages, what it refuses."""

from __future__ import annotations

import copy
import math
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.distributions import Categorical, Independent, MixtureSameFamily, Normal

from colorlab.ab_bins import Bins
from colorlab.cli.config import compose
from colorlab.cli.targets import build
from colorlab.color import AB, lab_of, luma
from colorlab.draws import Draws
from colorlab.errors import CheckpointError, ConfigError, DataError
from colorlab.methods.divcolor import DivColor, mdn_loss, principal_components, rarity
from colorlab.nets.divcolor_net import Mixture, Posterior, gradients, mahalanobis, reduced
from colorlab.runs.checkpoint import save_weights
from colorlab.types import Batch, Condition

SMALL = ["name=t", "method=divcolor", "method.net.side=16", "method.width=2", "method.mdn.width=4",
         "method.net.latents=6", "trainer.max_steps=4"]  # fmt: skip


class Pictures:
    """Twelve pictures of 16 pixels, each of four colours."""

    def __init__(self) -> None:
        coarse = torch.rand(12, 3, 2, 2, generator=torch.Generator().manual_seed(1))
        self.rgb = torch.nn.functional.interpolate(coarse, scale_factor=8)
        self.splits = {"train": np.arange(12)}

    def __getitem__(self, positions: list[int]) -> Batch:
        rgb, index = self.rgb[positions], torch.tensor(positions)
        return Batch(rgb, luma(rgb), index, [""] * len(index), torch.full((len(index),), -1))


@cache
def prepared(*overrides: str) -> DivColor:
    torch.manual_seed(0)
    method = build(compose("train", [*SMALL, *overrides]).method)
    method.prepare(Pictures())
    return method


def divcolor(*overrides: str) -> DivColor:
    return copy.deepcopy(prepared(*overrides))


def numbers(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def trained(method: DivColor, batches: int) -> None:
    """As Lightning would: one step a batch."""
    ((optimizer, schedule),) = method.optimizers()
    for at in range(batches):
        optimizer.zero_grad()
        method.train().loss(Pictures()[[0, 1, 2, 3]], Draws(0, range(4), [at] * 4))["loss"].backward()
        optimizer.step()
        schedule.step()
        method.batches_seen += 1
    method.eval()


def test_the_specificity_loss_is_numpys() -> None:
    rows, error = numbers(40, 32).numpy(), numbers(3, 2, 4, 4, seed=1)
    _, scale, P = np.linalg.svd(rows - rows.mean(0), full_matrices=False)
    variance = scale[:20] ** 2 / 39
    basis = torch.from_numpy(P[:20]), torch.from_numpy(variance)
    for mine, e in zip(mahalanobis(error, *basis), error.flatten(1).numpy(), strict=True):
        along = [(e @ P[k]) ** 2 / variance[k] for k in range(20)]
        residue = e - sum((e @ P[k]) * P[k] for k in range(20))
        assert float(mine) == pytest.approx(sum(along) + residue @ residue / variance[19], rel=1e-4)


def test_principal_components_are_those_of_a_singular_value_decomposition() -> None:
    rows = numbers(30, 50) * torch.linspace(3, 0.1, 50)
    basis, variance = principal_components(rows, 5)
    _, scale, P = np.linalg.svd((rows - rows.mean(0)).numpy(), full_matrices=False)
    assert np.allclose(variance, scale[:5] ** 2 / 29, rtol=1e-4)
    assert np.allclose(np.abs(np.sum(basis.numpy() * P[:5], 1)), 1, atol=1e-4)


def test_pictures_that_span_few_directions_still_have_a_specificity_loss() -> None:
    rows = numbers(4, 32)
    basis, variance = principal_components(rows, 20)
    assert torch.allclose(basis.norm(dim=1), (torch.arange(20) < 3).float(), atol=1e-4)
    assert torch.isfinite(mahalanobis(rows.reshape(4, 2, 4, 4), basis, variance)).all()
    with pytest.raises(DataError, match="no colours that differ"):
        principal_components(0.5 + numbers(5, 32) / 1000, 20)


def test_colours_weigh_as_the_inverse_of_their_frequency() -> None:
    H = torch.tensor([0.80, 0.15, 0.05, 0])
    assert torch.allclose(rarity(H, 0, "raw")[:3] * H[:3], torch.ones(3))
    assert torch.allclose(rarity(H, 0, "mean_one")[:3] * H[:3], torch.tensor(1 / 3).expand(3))
    assert rarity(H, 0, "raw")[3] == rarity(H, 0, "raw")[2]


@pytest.mark.whole
def test_by_default_colours_weigh_as_published_one_over_their_share() -> None:
    """Beside such weights, of a mean as large as the number of colours, lambda_mah and lambda_grad are small."""
    method = divcolor("method.losses.uniform=0")
    field, error = torch.full((1, 2, 16, 16), 0.01), torch.ones(1, 2, 16, 16)
    share = method.H[method.bins(field)[0, 0, 0]]
    assert method.term("hist", error, field).item() == pytest.approx(2 * 16**2 / float(share), rel=1e-4)
    ours = divcolor("method.losses.uniform=0", "method.losses.scale=mean_one")
    times = method.term("hist", error, field) / ours.term("hist", error, field)
    assert times.item() == pytest.approx(float((method.H > 0).sum()), rel=0.01) and times > 50
    with pytest.raises(ValueError, match="raw or mean_one"):
        rarity(method.H, 0, "none")


def test_the_histogram_is_that_of_the_training_pictures() -> None:
    bins = Bins("reachable")
    bins.fit([lab_of(Pictures().rgb)[:, 1:].permute(0, 2, 3, 1).reshape(-1, 2)], 5)
    assert torch.allclose(divcolor().H, bins.prior, atol=1e-6)


@pytest.mark.whole
def test_colours_of_all_kinds_find_their_nearest_bins() -> None:
    rgb = torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    method = divcolor()
    mine, theirs = method.bins(AB().encode(rgb))[0], Bins("reachable").nearest(lab_of(rgb)[0, 1:].permute(1, 2, 0))
    assert torch.equal(mine, theirs)


def test_mixing_in_the_uniform_distribution_bounds_the_weights() -> None:
    H = torch.tensor([0.9, 0.0999, 0.0001])
    assert rarity(H, 0.0, "raw").max() / rarity(H, 0.0, "raw").min() == pytest.approx(9000, rel=1e-4)
    assert rarity(H, 0.5, "raw").max() / rarity(H, 0.5, "raw").min() < 4
    assert torch.allclose(rarity(H, 1.0, "mean_one"), torch.ones(3))


def test_the_colourfulness_loss_weights_each_pixel_by_its_true_colour() -> None:
    method, field, error = divcolor(), numbers(1, 2, 16, 16).clamp(-0.5, 0.5), numbers(1, 2, 16, 16, seed=1)
    weight, bins = rarity(method.H, method.losses.uniform, "raw"), method.bins(field)[0]
    expected = sum(weight[bins[y, x]] * error[0, :, y, x].square().sum() for y in range(16) for x in range(16))
    assert method.term("hist", error, field).item() == pytest.approx(float(expected), rel=1e-4)


def test_the_gradient_loss_is_numpys() -> None:
    C, f = numbers(2, 2, 5, 6).numpy(), numbers(2, 2, 5, 6, seed=1).numpy()
    expected = [
        np.sum((np.diff(C[b], axis=a) - np.diff(f[b], axis=a)) ** 2) for b in range(2) for a in (1, 2)
    ]  # fmt: skip
    mine = gradients(torch.from_numpy(C - f))
    assert np.allclose(mine, np.reshape(expected, (2, 2)).sum(1), rtol=1e-4)


def test_roots_are_the_releases_norms() -> None:
    assert torch.allclose(reduced(torch.tensor([4.0, 9.0]), "root"), torch.tensor([2.0, 3.0]))
    with pytest.raises(ValueError, match="squared or root"):
        reduced(torch.zeros(1), "cubed")


def test_the_exact_mixture_loss_is_that_of_torch() -> None:
    mixture, z = Mixture(numbers(3, 8).log_softmax(1), numbers(3, 8, 6, seed=1)), numbers(3, 6, seed=2)
    parts = Independent(Normal(mixture.mean, math.sqrt(0.1)), 1)
    theirs = MixtureSameFamily(Categorical(logits=mixture.log_weight), parts)
    assert torch.allclose(mdn_loss(mixture, z, "exact"), -theirs.log_prob(z), rtol=1e-4)


def test_the_exact_loss_does_not_underflow_far_from_all_means() -> None:
    mixture = Mixture(torch.zeros(1, 2) - math.log(2), torch.zeros(1, 2, 64))
    z = torch.full((1, 64), 100.0)
    exact, nearest = (mdn_loss(mixture, z, kind) for kind in ("exact", "nearest"))
    assert torch.isfinite(exact) and float(exact) == pytest.approx(float(nearest), rel=1e-3)


def test_only_the_component_nearest_to_the_target_learns() -> None:
    logits, mean = torch.zeros(1, 3), torch.tensor([[[5.0, 0], [1.0, 1], [-3.0, 0]]], requires_grad=True)
    loss = mdn_loss(Mixture(logits.log_softmax(1), mean), torch.zeros(1, 2), "nearest")
    assert loss.item() == pytest.approx(math.log(3) + 2 / (2 * 0.1))
    loss.sum().backward()
    assert mean.grad is not None and mean.grad.abs().sum(2).ne(0).tolist() == [[False, True, False]]


@pytest.mark.slow
def test_the_rows_of_the_papers_tables_are_three_sets_of_losses() -> None:
    rows = {"l2": ["method.losses.l2=1", "method.losses.hist=0", "method.losses.mah=0", "method.losses.grad=0"],
            "mah": ["method.losses.hist=0", "method.losses.grad=0"], "hist mah grad": []}  # fmt: skip
    for terms, overrides in rows.items():
        losses = divcolor(*overrides).loss(Pictures()[[0, 1]], Draws(0, [0, 1]))
        assert set(losses) == {"loss", "kl", *terms.split()}


def test_the_losses_add_up() -> None:
    losses = divcolor().loss(Pictures()[[0, 1]], Draws(0, [0, 1]))
    total = losses["hist"] + 0.1 * losses["mah"] + 1e-3 * losses["grad"] + 0.1 * losses["kl"]
    assert torch.allclose(losses["loss"], total / (2 * 16 * 16), rtol=1e-5)


def test_the_vaes_loss_is_made_of_the_error_of_its_field(monkeypatch) -> None:
    method, field = divcolor("method.losses.l2=3", "method.losses.grad=2"), numbers(2, 2, 16, 16).clamp(-0.5, 0.5)
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
        name.split(".")[0] for name, value in method.state_dict().items() if not torch.equal(value, before[name])
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
    mixture = Mixture(torch.tensor([[0.5, 0.3, 0.2]]).log(), torch.tensor([[1.0, 2, 3]])[..., None].expand(1, 3, 6))
    z = method.latent(mixture, Draws(0, [7]).candidates(5))
    assert torch.equal(z[:3], mixture.mean[0])
    assert z[3:].std() > 0.1
    assert torch.equal(method.latent(mixture, Draws(0, [7]).candidates(5).rows(2, 4))[0], z[2])


@pytest.mark.whole
def test_random_candidates_come_from_the_mixture() -> None:
    method = divcolor("method.mdn.components=3", "method.mdn.samples=random")
    mixture = Mixture(torch.tensor([[0.5, 0.3, 0.2]]).log(), torch.tensor([[0.0, 10, 20]])[..., None].expand(1, 3, 6))
    z = method.latent(mixture, Draws(0, [7]).candidates(2000))
    component = (z.mean(1) / 10).round().long()
    assert torch.allclose(torch.bincount(component) / 2000, torch.tensor([0.5, 0.3, 0.2]), atol=0.04)
    assert (z - 10.0 * component[:, None]).var() == pytest.approx(0.1, rel=0.05)


@pytest.mark.whole
def test_a_vae_alone_draws_from_its_prior() -> None:
    method = divcolor("method.stages.stage=vae").eval()
    rows = Draws(0, [7]).candidates(3)
    assert torch.equal(method.latent(None, rows), Draws(0, [7]).candidates(3).normal(6))
    assert method.sample(Condition(torch.rand(1, 1, 16, 16)), 2, Draws(0, [7])).shape == (1, 2, 3, 16, 16)


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
    with pytest.raises(CheckpointError, match=r"another width.*set method\.side, width"):
        divcolor("method.stages.stage=mdn", f"method.stages.vae={run}")
    with pytest.raises(CheckpointError, match="another kind"):
        divcolor(f"method.mdn.features={run}")


@pytest.mark.slow
def test_features_of_a_trained_colorizer_are_taken_frozen_or_refused(tmp_path: Path) -> None:
    cic = build(compose("train", ["name=t", "method=cic", "method.width=2", "trainer.max_steps=4"]).method)
    run = saved(cic, tmp_path)
    (run / "config.yaml").write_text("method:\n  width: 2\n")
    method = divcolor(f"method.mdn.features={run}")
    before = {name: value.clone() for name, value in method.features.state_dict().items()}
    trained(method, 4)
    assert all(torch.equal(value, before[name]) for name, value in method.features.state_dict().items())
    assert torch.equal(method.features.conv7[0].weight, cic.net.conv7[0].weight)
    with pytest.raises(CheckpointError, match=r"set method\.mdn\.features_width"):
        divcolor(f"method.mdn.features={run}", "method.mdn.features_width=3")


@pytest.mark.whole
def test_the_mixture_sees_the_picture_at_a_side_of_its_own() -> None:
    """The paper's 224 px give features of 28 x 28, for a field of 64."""
    method = divcolor("method.mdn.sees=48")
    shapes = []
    method.features.register_forward_hook(lambda net, inputs, output: shapes.append(tuple(output.shape[-2:])))
    drawn = method.eval().sample(Condition(torch.rand(1, 1, 64, 64)), 2, Draws(0, [0]))
    assert shapes == [(6, 6)] and drawn.shape == (1, 2, 3, 64, 64)
    losses = method.loss(
        Batch(torch.rand(1, 3, 64, 64), torch.rand(1, 1, 64, 64), torch.zeros(1), [""], torch.zeros(1)), Draws(0, [0])
    )
    assert torch.isfinite(losses["loss"])
