"""BicycleGAN: two cycles and who learns from which."""

from __future__ import annotations

import pytest
import torch
from torch.distributions import Normal, kl_divergence

from colorlab.cli.config import compose
from colorlab.cli.targets import build
from colorlab.draws import Draws
from colorlab.methods.bicyclegan import kl_to_normal
from colorlab.types import Condition
from tests.critics import Mean, batch_of, plain
from tests.two_colors import drawings, fillings, share_of_red, trained

SMALL = [
    "method.width=4",
    "method.critic.width=4",
    "method.net.encoder_width=4",
    "trainer.max_steps=9",
]


def bicyclegan(*overrides: str):
    torch.manual_seed(0)
    return build(compose("train", ["name=t", "method=bicyclegan", *SMALL, *overrides]).method)


def gradients(name: str) -> dict[str, float]:
    """How much one term of the loss moves the generator and the encoder."""
    method, batch = bicyclegan(), drawings(0)
    method.loss(batch, Draws(0, range(16)))[name].backward()
    parts = {"generator": method.net, "encoder": method.encoder}
    return {
        part: sum(float(p.grad.abs().sum()) for p in net.parameters() if p.grad is not None)
        for part, net in parts.items()
    }


def test_the_divergence_equals_torch_s() -> None:
    mean, log_var = torch.randn(5, 3), torch.randn(5, 3)
    expected = kl_divergence(Normal(mean, (log_var / 2).exp()), Normal(0.0, 1.0)).sum(1).mean()
    assert torch.allclose(kl_to_normal(mean, log_var), expected, atol=1e-5)


@pytest.mark.whole
def test_each_term_moves_whom_it_should() -> None:
    moved = {
        term: {part for part, amount in gradients(term).items() if amount}
        for term in ("latent", "kl", "l1", "gan")
    }
    both = {"generator", "encoder"}
    assert moved == {"latent": {"generator"}, "kl": {"encoder"}, "l1": both, "gan": both}


def test_the_encoded_branch_knows_the_truth_and_the_drawn_one_does_not() -> None:
    method, batch = bicyclegan(), drawings(0)
    other = batch._replace(rgb=batch.rgb.flip(1))
    first, second = (method.made(b, Draws(0, range(16))) for b in (batch, other))
    assert torch.equal(first["drawn"], second["drawn"])
    assert not torch.allclose(first["encoded"], second["encoded"], atol=1e-4)


def test_with_the_code_s_weights_at_zero_all_candidates_are_equal() -> None:
    method = bicyclegan().eval()
    for layer in [*method.net.downs, *method.net.ups]:
        layer.latent.weight.data.zero_()
    drawn = method.sample(Condition(drawings(0).image[:1]), 3, Draws(0, [0]))
    assert torch.equal(drawn[:, 0], drawn[:, 1])


def test_the_losses_are_the_sums_of_their_known_parts() -> None:
    method, batch = bicyclegan(), batch_of(plain(0.6))
    weight = method.losses
    assert (weight.l1, weight.kl, weight.latent, method.latent) == (10, 0.01, 0.5, 8)
    method.discriminator = torch.nn.ModuleDict({"encoded": Mean(), "drawn": Mean()})
    made = {"encoded": plain(0.5), "drawn": plain(0.1), "truth": plain(0.2)}
    made |= {"mean": torch.full((2, 8), 3.0), "log_var": torch.zeros(2, 8)}
    made["z"] = method.encoder(made["drawn"])[:, :8].detach() + 0.25
    gan, l1, kl, latent = 0.5**2 + 0.9**2, 0.3, 8 * 3**2 / 2, 0.25
    expected = gan + 10 * l1 + 0.01 * kl + 0.5 * latent
    assert method.generator_loss(batch, made)["loss"].item() == pytest.approx(expected, rel=1e-4)
    judged = method.discriminator_loss(batch, made, Draws(0, [0, 1]))["loss"]
    assert judged.item() == pytest.approx((0.8**2 + 0.8**2 + 0.5**2 + 0.1**2) / 2)


def test_codes_are_drawn_from_what_the_encoder_says_and_from_the_prior(monkeypatch) -> None:
    method, batch, seen = bicyclegan(), batch_of(plain(0.6)), []
    said = torch.cat([torch.full((2, 8), 2.0), torch.full((2, 8), 9.0).log()], 1)  # deviation 3
    monkeypatch.setattr(method.encoder, "forward", lambda picture: said)
    monkeypatch.setattr(
        method.net, "forward", lambda image, z: seen.append(z) or image.expand(-1, 3, -1, -1)
    )
    method.made(batch, Draws(0, [0, 1]))
    assert torch.allclose(seen[0][:2], 2 + 3 * Draws(0, [0, 1]).to("encoded").normal(8))
    assert torch.equal(seen[0][2:], Draws(0, [0, 1]).normal(8))


@pytest.mark.slow
def test_it_finds_both_right_colours_and_pix2pix_none() -> None:
    """One training in four or so forgets one of the colours, as GANs do (seed 1 of 0 to 3, after
    800 steps, which is left out here): of three trainings two must know both."""
    small = ("method.net.depth=3", "method.critic.scales=1", "method.critic.layers=2")
    methods, both = [], 0
    for seed in (0, 2, 3):  # of which the first two suffice as a rule
        methods.append(trained("bicyclegan", 600, *small, seed=seed))
        red, right = share_of_red(methods[-1])
        assert right > 0.6
        both += 0.05 < red < 0.95
        if both == 2:
            break
    assert both == 2
    collapsed = trained("pix2pix", 600, "method.net.depth=3", "method.critic.layers=2")
    spreads = [float(fillings(method, 16).std(0).max()) for method in methods]
    assert fillings(collapsed, 16).std(0).max() < 0.1 * max(spreads)
