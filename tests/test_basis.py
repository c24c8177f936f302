"""The sampling layer of stochastic filters: its filters, its losses, and what it takes from a
run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F
import yaml

from colorlab.cli.config import compose
from colorlab.cli.targets import build
from colorlab.draws import Draws
from colorlab.errors import CheckpointError, ConfigError
from colorlab.methods.basis import rms
from colorlab.nets.basis_net import BasisNet, FixedBasesConv, StochasticConv
from colorlab.runs.checkpoint import save_weights
from colorlab.runs.run import plain_dict
from colorlab.samplers.marginals import expected as expected_of
from colorlab.types import Condition
from tests.marginal_methods import Pictures, batch, cic

SMALL = [
    "name=t",
    "method=basis",
    "method.width=2",
    "method.layer.channels=4",
    "trainer.max_steps=10",
]


def basis(*overrides: str) -> Any:
    torch.manual_seed(0)
    return build(compose("train", [*SMALL, *overrides]).method)


def finished_run(folder: Path, flat: bool = False) -> Any:
    """A run folder of an untrained cic, and the method itself. flat: its keys are not in groups, as
    once."""
    method = cic()
    method.prepare(Pictures(batch()))
    node = plain_dict(
        compose("train", ["name=t", "method=cic", "method.width=2", "trainer.max_steps=10"]).method
    )
    groups = {key: node[key] for key in ("net", "classes")}
    values = {"width": 2} | ({**groups["net"], **groups["classes"]} if flat else groups)
    (folder / "config.yaml").write_text(yaml.safe_dump({"method": values}))
    save_weights(method, folder / "checkpoints")
    return method


def test_filtering_with_the_basis_and_mixing_is_filtering_with_the_mixture() -> None:
    conv, draws = StochasticConv(3, 5, 4, 2), Draws(0, [0, 1])
    x, z = draws.normal(3, 6, 7), draws.normal(2)
    basis_elements = conv.generator(z).view(2, 4, 1, 3, 3)
    for row in range(2):
        by_element = torch.stack(
            [F.conv2d(x[row, :, None], psi[None], padding=1)[:, 0] for psi in basis_elements[row]]
        )
        mixed = torch.einsum("oik,kiyx->oyx", conv.coefficients, by_element)
        assert torch.allclose(conv(x, z)[row], mixed, atol=1e-5)


def test_fixed_bases_are_mixed_by_coefficients_linear_in_the_noise() -> None:
    conv, draws = FixedBasesConv(3, 5, 4, 2), Draws(0, [0, 1])
    x, z = draws.normal(3, 6, 7), draws.normal(2)
    for row in range(2):
        mixed = conv.coefficients + sum(z[row, j] * conv.turns[j] for j in range(2))
        filters = torch.einsum("oik,kyx->oiyx", mixed, conv.psi)
        assert torch.allclose(conv(x, z)[row], F.conv2d(x[row], filters, padding=1), atol=1e-5)
    middle = (conv(x, z) + conv(x, -z)) / 2
    assert torch.allclose(middle, conv(x, torch.zeros_like(z)), atol=1e-5)


def test_a_basis_generator_has_some_hundred_weights() -> None:
    net = BasisNet(261, 32, 2, 7, 8)
    assert 100 < sum(p.numel() for p in net.layers[0].generator.parameters()) < 2000


def test_tilted_marginals_are_distributions_that_depend_on_the_noise() -> None:
    net, draws = BasisNet(9, 4, 2, 3, 2), Draws(0, [0, 1])
    log_p = torch.log_softmax(draws.normal(9, 4, 4), 1)
    shown = net.show(log_p, draws.uniform(1, 4, 4))
    one, other = (net(shown, draws.normal(2)) for _ in range(2))
    assert torch.allclose(one.sum(1), torch.ones(2, 4, 4), atol=1e-5)
    assert (one - other).abs().max() > 1e-3


@pytest.mark.whole
@pytest.mark.parametrize("remedy", ["none", "best_of", "energy"])
def test_the_losses_are_their_formulas(remedy: str) -> None:
    method = basis(f"method.learning.remedy={remedy}", "method.learning.candidates=3")
    draws = Draws(0, range(4))
    marginals = method.marginals(batch().image)
    shown = method.layer.show(marginals.log_p, marginals.image)
    codes = [draws.to(f"candidate {k}").normal(8) for k in range(3)]
    y = torch.stack([expected_of(method.layer(shown, z), marginals.table) / 110 for z in codes])
    truth = method.target(batch()).movedim(-1, 1) / 110
    square = (y - truth).square().sum(2).mean((2, 3))  # (K, B)
    far = torch.stack(
        [
            (y[k] - y[i]).square().sum(1).mean((1, 2)).sqrt()
            for k in range(3)
            for i in range(3)
            if i != k
        ]
    )
    expected = {"none": square.mean(), "best_of": square.min(0).values.mean(),
                "energy": (square.sqrt().mean(0) - far.mean(0) / 2).mean()}  # fmt: skip
    assert method.loss(batch(), draws)["loss"].item() == pytest.approx(
        expected[remedy].item(), rel=1e-4
    )


@pytest.mark.whole
def test_the_adversarial_loss_is_its_parts_and_each_learns_its_own() -> None:
    """No gradient of the discriminator's part reaches the layer, and none of the layer's reaches
    the discriminator."""
    words = [
        "method.learning.remedy=adversarial",
        "method.learning.nearness=0",
        "method.learning.candidates=2",
    ]
    method, draws = basis(*words, "method.layer.basis=fourier_bessel").train(), Draws(0, range(4))
    assert type(method.layer.layers[0]).__name__ == "FixedBasesConv"
    marginals = method.marginals(batch().image)
    shown = method.layer.show(marginals.log_p, marginals.image)
    truth = method.target(batch()).movedim(-1, 1) / 110
    codes = [draws.to(f"candidate {k}").normal(8) for k in range(2)]
    made = torch.cat([expected_of(method.layer(shown, z), marginals.table) / 110 for z in codes])
    real = method.discriminator(marginals.image, truth)[0]
    fake = method.discriminator(marginals.image.repeat(2, 1, 1, 1), made)[0]
    judge = ((real - 1).square().mean() + fake.square().mean()) / 2
    fooled = (fake - 1).square().mean()
    loss = method.loss(batch(), draws)["loss"]
    assert loss.item() == pytest.approx((judge + fooled).item(), rel=1e-4)
    own, others = list(method.discriminator.parameters()), list(method.layer.parameters())
    pairs = [(own, judge), (others, fooled)]
    for weights, part in pairs:
        wanted = torch.autograd.grad(part, weights, retain_graph=True)
        found = torch.autograd.grad(loss, weights, retain_graph=True)
        assert all(torch.allclose(a, b, atol=1e-6) for a, b in zip(wanted, found, strict=True))


@pytest.mark.whole
def test_only_the_layer_learns() -> None:
    method = basis().train()
    method.loss(batch(), Draws(0, range(4)))["loss"].backward()
    assert {name.split(".")[0] for name, p in method.named_parameters() if p.grad is not None} == {
        "layer"
    }
    assert not method.net.training


@pytest.mark.whole
def test_the_energy_score_keeps_candidates_apart_where_nearness_alone_does_not() -> None:
    """Half of equal pictures are red, half are green; the layer cannot know which."""
    one = batch(1, 8)
    spreads = {}
    for remedy in ("none", "energy"):
        method = basis(f"method.learning.remedy={remedy}", "method.net.stride=4")
        optimizer = torch.optim.Adam([p for p in method.parameters() if p.requires_grad], 0.02)
        for step in range(60):
            red = torch.tensor([0.8, 0.2, 0.2] if step % 2 else [0.2, 0.7, 0.2])
            losses = method.loss(
                one._replace(rgb=red[None, :, None, None].expand(1, 3, 8, 8)), Draws(0, [0], [step])
            )
            optimizer.zero_grad()
            losses["loss"].backward()
            optimizer.step()
        spreads[remedy] = losses["spread"].item()
    assert spreads["energy"] > 3 * spreads["none"]


@pytest.mark.whole
@pytest.mark.parametrize("flat", [False, True])
def test_the_frozen_part_is_that_of_the_run(tmp_path: Path, flat: bool) -> None:
    trained, method = finished_run(tmp_path, flat), basis(f"method.marginals={tmp_path}")
    method.prepare(None)
    image = batch().image
    assert torch.equal(method.eval().marginals(image).log_p, trained.eval().marginals(image).log_p)
    assert int(method.batches_seen) == 0


@pytest.mark.whole
def test_a_run_of_another_width_is_told_with_the_key_to_give(tmp_path: Path) -> None:
    finished_run(tmp_path)
    with pytest.raises(ConfigError, match=r"give method.width=2 method.net.stride=2\)"):
        basis(f"method.marginals={tmp_path}", "method.width=4", "method.net.stride=4").prepare(None)


@pytest.mark.whole
def test_a_run_without_marginals_or_no_run_at_all_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"method\.marginals is not set"):
        basis().prepare(None)
    with pytest.raises(CheckpointError, match="is not a finished run"):
        basis(f"method.marginals={tmp_path}").prepare(None)


@pytest.mark.whole
@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("method.layer.basis=wavelets", "choose from learned, fourier_bessel"),
        ("method.learning.remedy=hope", "energy"),
        ("method.learning.candidates=1", "2 candidates at least"),
    ],
)
def test_mistakes_are_told_in_one_line(override: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        basis(override)


@pytest.mark.whole
def test_a_candidate_is_the_same_for_any_number() -> None:
    method, image = basis("method.micro_batch=2").eval(), batch(1).image
    three, five = (method.sample(Condition(image), n, Draws(0, [0])) for n in (3, 5))
    assert torch.equal(three, five[:, :3])


def test_rms_is_the_root_of_the_mean_square_over_pixels() -> None:
    assert rms(torch.tensor([3.0, 4.0]).view(2, 1, 1).expand(2, 5, 5)).item() == pytest.approx(5)
