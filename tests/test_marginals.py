"""CIC's loss, weights and prior do what the paper says, and mistakes are told in one line."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from colorlab.ab_bins import entropy, rebalancing
from colorlab.cli.config import compose
from colorlab.cli.targets import build
from colorlab.color import lab_of, luma
from colorlab.draws import Draws
from colorlab.errors import CheckpointError, ColorlabError, ConfigError
from colorlab.methods.marginals import cross_entropy
from colorlab.samplers.guides import Flat
from colorlab.samplers.learned_copula import log_ratio, posterior_fields, spans_of
from colorlab.types import Batch, Condition
from colorlab.weights.store import backbone
from tests.marginal_methods import SMALL, Pictures, batch, cic, published


def test_the_loss_is_the_weighted_cross_entropy_with_the_soft_truth() -> None:
    method = cic("method.net.rank=1").eval()
    method.prepare(Pictures(batch()))
    losses = method.loss(batch(), Draws(0, range(4)))
    ab = method.target(batch()).double()
    square = (ab[..., None, :] - method.bins.table.double()).square().sum(-1)  # (B, h, w, Q)
    soft = torch.where(square <= square.sort(-1).values[..., 4:5], (-square / 50).exp(), 0.0)
    soft = soft / soft.sum(-1, keepdim=True)
    log_p = method.classes(method.net(batch().image)).double().log_softmax(1).movedim(1, -1)
    entropy_at = -(soft * log_p).sum(-1)
    w = rebalancing(method.bins.prior.double(), 0.5)[square.argmin(-1)]
    assert losses["cross_entropy"].item() == pytest.approx(entropy_at.mean().item(), rel=1e-4)
    assert losses["classes"].item() == pytest.approx((w * entropy_at).mean().item(), rel=1e-4)


@pytest.mark.whole
def test_the_copula_adds_a_gradient_to_the_loss_and_no_value() -> None:
    keys = compose("train", ["name=t", "method=cic", "data.condition=gray"]).method
    assert (keys.classes.neighbours, keys.classes.sigma, keys.classes.rebalance) == (5, 5, 0.5)
    method = cic("method.net.rank=2").eval()
    method.prepare(Pictures(batch()))
    nearest = method.bins.nearest(method.target(batch()))
    marginals = method.marginals(batch().image)
    z = posterior_fields(
        spans_of(marginals, nearest), marginals.factors, Draws(0, range(4))
    ).detach()
    (wanted,) = torch.autograd.grad(-log_ratio(z, marginals.factors).mean(), method.copula.bias)
    losses = method.loss(batch(), Draws(0, range(4)))
    assert losses["loss"].item() == pytest.approx(losses["classes"].item(), rel=1e-5)
    (found,) = torch.autograd.grad(losses["loss"], method.copula.bias)
    assert wanted.abs().max() > 1e-4 and torch.allclose(found, wanted, rtol=1e-3, atol=1e-6)
    method.freeze_net()
    (alone,) = torch.autograd.grad(
        method.loss(batch(), Draws(0, range(4)))["loss"], method.copula.bias
    )
    assert torch.allclose(alone, wanted, rtol=1e-3, atol=1e-6)


@pytest.mark.whole
def test_the_published_annealed_mean_is_of_the_rebalanced_classes_and_ours_of_p() -> None:
    """One vivid colour of a hundred gray ones, found as often by a rebalanced net: published, its
    mean is vivid."""
    chroma = {}
    for rebalanced in ("true", "false"):
        method = cic(
            "method/sampler=annealed_mean", f"method.sampler.rebalanced={rebalanced}"
        ).eval()
        prior = torch.full((len(method.bins),), 1e-4)
        gray, vivid = (method.bins.nearest(torch.tensor(ab)) for ab in ([0.0, 0.0], [50.0, 40.0]))
        prior[gray], prior[vivid] = 0.96, 0.01
        method.bins.prior.copy_(prior / prior.sum())
        logits = torch.full((1, len(prior), 1, 1), -50.0)
        logits[0, gray], logits[0, vivid] = 0.45, 0.55
        method.classes = torch.nn.Identity()
        method.net.forward = lambda image, logits=logits: logits  # type: ignore[method-assign]
        method.copula = torch.nn.Conv2d(len(prior), 2, 1)
        marginals = method.marginals(torch.full((1, 1, 1, 1), 0.6))
        chroma[rebalanced] = method.sampler(marginals, 1, Draws(0, [0])).norm(dim=2).item()
    assert chroma["true"] > 30 > 10 > chroma["false"]


def test_gradients_are_the_unweighted_ones_times_the_weight() -> None:
    method = cic()
    logits = Draws(0, [0]).normal(len(method.bins), 2, 2).requires_grad_()
    code = method.bins.soft(40 * Draws(1, [0]).normal(2, 2, 2), 5, 5.0)
    w = torch.tensor([[[0.1, 6.0], [1.0, 2.0]]])
    (plain,) = torch.autograd.grad(cross_entropy(logits, code).sum(), logits)
    (weighted,) = torch.autograd.grad((w * cross_entropy(logits, code)).sum(), logits)
    assert torch.allclose(weighted, w[:, None] * plain)


def test_a_fresh_net_loses_the_priors_entropy() -> None:
    method = cic(
        "method.classes.rebalance=1", "method.classes.neighbours=1", "method.classes.sigma=0.001"
    )
    torch.nn.init.zeros_(method.classes.weight)
    method.prepare(Pictures(batch()))
    assert method.loss(batch(), Draws(0, range(4)))["classes"].item() == pytest.approx(
        entropy(method.bins.prior), rel=1e-3
    )


def test_undoing_the_rebalancing_gives_the_probabilities_back() -> None:
    method = cic().eval()
    method.prepare(Pictures(batch()))
    p = torch.softmax(Draws(0, [0]).normal(len(method.bins)), 1)[0]
    with torch.no_grad():
        method.classes.weight.zero_()
        method.classes.bias.copy_((p * method.weights()).log() + 3)
        assert torch.allclose(method.marginals(batch().image).log_p[0, :, 0, 0].exp(), p, atol=1e-5)


def test_the_prior_is_counted_where_the_net_is_asked() -> None:
    method = cic("method.classes.sigma=0.001", "method.net.stride=4")
    method.prepare(Pictures(batch()))
    nearest = method.bins.nearest(method.target(batch()).flatten(0, 2))
    shares = torch.bincount(nearest, minlength=len(method.bins)) / (4 * 4 * 4)
    assert torch.allclose(method.bins.prior, shares, atol=1e-5)


def test_each_training_picture_is_counted_once_for_the_prior() -> None:
    method, many = cic("method.net.stride=4"), batch(150, 8)
    counted = torch.cat(list(method._colors(Pictures(many))))
    assert torch.equal(counted, method.target(many).flatten(0, 2))


def test_the_copula_changes_nothing_that_the_net_learns() -> None:
    method = cic()
    loss = method.loss(batch(), Draws(0, range(4)))
    grads = [
        torch.autograd.grad(loss[k], list(method.net.parameters()), retain_graph=True)
        for k in ("loss", "classes")
    ]
    assert all(torch.equal(a, b) for a, b in zip(*grads, strict=True))


@pytest.mark.whole
def test_published_weights_freeze_all_but_the_copula(tmp_path: Path) -> None:
    torch.save(published(2016, 313), tmp_path / "w.pth")
    keys = [
        "method.net.stride=4",
        "method.net.shortcuts=false",
        "method.classes.bins=published",
        f"method.published={tmp_path}/w.pth",
    ]
    method = cic(*keys, "method.classes.undo_rebalancing=false")
    method.prepare(Pictures(batch()))
    before = {name: value.clone() for name, value in method.net.state_dict().items()}
    method.train().loss(batch(), Draws(0, range(4)))["loss"].backward()
    assert {name for name, p in method.named_parameters() if p.grad is not None} == {
        "copula.weight",
        "copula.bias",
    }
    assert all(torch.equal(value, before[name]) for name, value in method.net.state_dict().items())


@pytest.mark.whole
def test_published_weights_of_another_width_are_told_in_one_line(tmp_path: Path) -> None:
    torch.save(published(2016, 313), tmp_path / "w.pth")
    with pytest.raises(CheckpointError, match="bins=published") as caught:
        cic(
            "method.net.stride=4", "method.net.shortcuts=false", "method.classes.bins=corner"
        ).read_published(tmp_path / "w.pth")
    (tmp_path / "bad.pth").write_text("nothing")
    with pytest.raises(CheckpointError, match="cannot be read as plain tensors"):
        cic().read_published(tmp_path / "bad.pth")
    assert "\n" not in str(caught.value)


def test_a_published_net_needs_its_prior_only_where_it_was_rebalanced() -> None:
    with pytest.raises(ConfigError, match="was rebalanced by a prior of its own"):
        cic("method.published=w.pth", "method.classes.rebalance=0.5")
    assert cic("method.published=w.pth", "method.classes.rebalance=1").published == "w.pth"


@pytest.mark.slow
def test_published_weights_are_rebalanced_by_their_own_prior_not_by_a_counted_one(
    tmp_path: Path,
) -> None:
    keys = [
        "method.net.stride=4",
        "method.net.shortcuts=false",
        "method.classes.bins=published",
        f"method.published={tmp_path}/w.pth",
    ]
    with pytest.raises(
        ConfigError, match=r"method\.classes.prior=.* or method\.classes.undo_rebalancing=false"
    ) as caught:
        cic(*keys)
    assert "\n" not in str(caught.value)
    torch.save(published(2016, 313), tmp_path / "w.pth")
    np.save(tmp_path / "prior.npy", shares := np.arange(1, 314) / np.arange(1, 314).sum())
    method = cic(*keys, f"method.classes.prior={tmp_path}/prior.npy")
    method.prepare(Pictures(batch()))
    assert np.allclose(method.bins.prior, shares, atol=1e-7)


def test_a_prior_of_another_table_stops_the_run(tmp_path: Path) -> None:
    np.save(tmp_path / "prior.npy", np.ones(313))
    with pytest.raises(ConfigError, match="another table of 313 bins"):
        cic(f"method.classes.prior={tmp_path}/prior.npy").prepare(Pictures(batch()))


@pytest.mark.parametrize(
    ("overrides", "said"),
    [
        (["method/sampler=ddim"], "method/sampler is a diffusion model's"),
        (["method.classes.bins=nine"], "reachable, corner, published, square"),
        (["method.net.stride=3"], "4, 2, 1"),
        (["method.sampler.coherence=2"], "in [0, 1]"),
        (["method.classes.rebalance=-1"], "in [0, 1]"),
    ],
)
def test_mistakes_are_told_in_one_line(overrides: list[str], said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        cic(*overrides)
    assert said in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize("method", ["cic", "marginals", "basis"])
def test_line_drawings_are_refused(method: str) -> None:
    from colorlab.training.fit import _method_and_pictures

    with pytest.raises(ConfigError, match=r"set data\.condition=gray"):
        _method_and_pictures(
            compose(
                "train", ["name=t", f"method={method}", "method.width=2", "data.condition=lines"]
            )
        )


def test_guides_are_refused() -> None:
    with pytest.raises(ColorlabError, match="guides diffusion models only"):
        cic().sample(Condition(batch().image), 1, Draws(0, range(4)), [Flat(1.0)])


@pytest.mark.parametrize("trunk", ["plain", "capsule"])
def test_samples_keep_the_lightness_of_the_picture(trunk: str) -> None:
    method = build(
        compose("train", [*SMALL, "method=marginals", f"method.net.trunk={trunk}"]).method
    ).eval()
    image = 0.2 + 0.6 * batch(1).image
    drawn = method.sample(Condition(image), 2, Draws(0, [0]))[0]
    L = lab_of(image.expand(-1, 3, -1, -1))[:, 0]
    assert (lab_of(drawn)[:, 0] - L).abs().max() < 1


def test_an_unknown_trunk_is_told_with_the_known_ones() -> None:
    with pytest.raises(ConfigError, match="plain, semantic, capsule"):
        build(compose("train", [*SMALL, "method=marginals", "method.net.trunk=vgg"]).method)


@pytest.mark.whole
def test_the_semantic_trunk_begins_with_the_classifier_s_weights() -> None:
    method = build(
        compose(
            "train", ["name=t", "method=marginals", "method.net.trunk=semantic", "method.width=2"]
        ).method
    )
    method.prepare(Pictures(batch()))
    tensors, own = backbone("lite0"), method.net.trunk.state_dict()
    loaded = [name for name in own if name in tensors]
    assert len(loaded) > 100 and all(torch.equal(own[name], tensors[name]) for name in loaded)


def test_gray_pictures_teach_cic_nothing() -> None:
    method = cic("method.net.rank=1").eval()
    method.prepare(Pictures(batch()))
    colored = batch()
    gray = luma(colored.rgb[:2]).expand(-1, 3, -1, -1)
    mixed = colored._replace(rgb=torch.cat([gray, colored.rgb[2:]]))
    rest = Batch(*(None if part is None else part[2:] for part in colored))
    wanted = method.loss(rest, Draws(0, range(2, 4)))["classes"]
    assert method.loss(mixed, Draws(0, range(4)))["classes"].item() == pytest.approx(
        wanted.item(), rel=1e-4
    )
    method.skips_gray = False
    assert method.loss(mixed, Draws(0, range(4)))["classes"].item() != pytest.approx(
        wanted.item(), rel=1e-2
    )


@pytest.mark.whole
def test_a_second_head_regresses_ab_as_ucapsnets_does() -> None:
    """Its loss is the weighted squared error of a and of b over pictures that have colours, zero
    without a weight."""
    words = ["method=marginals", "method.net.trunk=capsule"]
    plain, both = cic(*words).eval(), cic(*words, "method.net.regression=1e-3").eval()
    assert "ab.weight" in both.state_dict() and "ab.weight" not in plain.state_dict()
    one = batch()
    # the last is gray
    one = one._replace(rgb=torch.cat([one.rgb[:3], torch.full_like(one.rgb[:1], 0.5)]))
    told = 110 * both.ab(both.net(one.image)).movedim(1, -1)
    error = (told - both.target(one)).square().sum(-1)[:3].mean()
    found, draws = both.loss(one, Draws(0, range(4))), Draws(0, range(4))
    assert (found["loss"] - found["classes"]).item() == pytest.approx(1e-3 * error.item(), rel=1e-3)
    assert float(plain.loss(one, draws)["loss"]) == float(plain.loss(one, draws)["classes"])
