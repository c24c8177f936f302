"""The guider: nothing before it learns, everything it needs when it does, and a prior that stays as
it is."""

from __future__ import annotations

import copy
import itertools

import pytest
import torch
from torch import Tensor, nn

from colorlab.nets.frozen import weights_digest
from colorlab.nets.latent.guider import ConditionEncoder, GuidedUNet, Mixed, Replica, guided
from colorlab.nets.latent.mixers import mixer
from colorlab.nets.latent.prior import Prior
from colorlab.nets.latent.sites import HookedUNet, sites_of
from tests.tiny_prior import tiny_prior, tiny_unet

SITES = ("down", "down_mid", "all", "all_out")
MIXED = [("copy", "concat", sites, 0) for sites in SITES]
ALTERNATIVES = [("copy", mix, sites, 0) for mix in ("add", "film") for sites in SITES]
OTHERS = [
    ("copy", "concat", "down", 2), ("controlnet", "concat", "all_out", 0),
    ("input_concat", "concat", "all_out", 0), ("input_concat", "concat", "all_out", 2),
]  # fmt: skip


def slow(kind: tuple[str, str, str, int]):
    return pytest.param(kind, marks=pytest.mark.slow)


FEW = [MIXED[3], OTHERS[0], *(slow(each) for each in (MIXED[0], *OTHERS[1:]))]


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory) -> Prior:
    return tiny_prior(tmp_path_factory.mktemp("prior"))


@pytest.fixture
def prior(once: Prior) -> Prior:
    """Without what other tests have hung on it."""
    return copy.deepcopy(once)


def inputs(prior: Prior) -> tuple[Tensor, Tensor, Tensor]:
    """Latents of a 32-pixel picture twice, two timesteps, two prompts."""
    x = torch.randn(2, 4, 8, 8, generator=torch.Generator().manual_seed(0))
    return x, torch.tensor([3.5, 900.0]), prior.embed(["red car", ""])


def shown(net: GuidedUNet) -> Tensor:
    generator = torch.Generator().manual_seed(1)
    return net.encode(
        torch.rand(2, 1, 32, 32, generator=generator), torch.rand(2, 4, 32, 32, generator=generator)
    )


def trained(net: GuidedUNet, prior: Prior, steps: int) -> list[set[str]]:
    """Descend on a made-up target; the names of the weights that each step's gradient reached."""
    learning = dict(net.named_parameters())
    optimizer, reached = torch.optim.SGD(learning.values(), lr=0.1), []
    for _ in range(steps):
        optimizer.zero_grad()
        (net(*inputs(prior), shown(net)) - 1).square().mean().backward()
        reached.append(
            {name for name, p in learning.items() if p.grad is not None and p.grad.abs().max() > 0}
        )
        optimizer.step()
    return reached


@pytest.mark.whole
@pytest.mark.parametrize("kind", [*MIXED, *OTHERS, *(slow(each) for each in ALTERNATIVES)], ids=str)
def test_a_new_guider_changes_not_one_bit(kind, prior: Prior) -> None:
    before = prior.unet(*inputs(prior)).sample
    net = guided(prior, *kind, checkpointing=False)
    assert torch.equal(net(*inputs(prior), shown(net)), before)
    assert torch.equal(net.unguided(*inputs(prior)), before)


@pytest.mark.parametrize("kind", FEW, ids=str)
def test_all_of_a_guider_learns_by_the_third_step_and_nothing_of_the_prior(
    kind, prior: Prior
) -> None:
    net, before = guided(prior, *kind, checkpointing=False), weights_digest(prior)
    reached = set().union(*trained(net, prior, 3))
    assert reached == set(dict(net.named_parameters()))
    assert torch.equal(weights_digest(prior), before)


@pytest.mark.whole
@pytest.mark.parametrize("mix", ["concat", "add", "film"])
def test_all_factors_of_each_mixer_have_a_gradient_by_step_two(mix: str, prior: Prior) -> None:
    net = guided(prior, "copy", mix, "all_out", 0, checkpointing=False)
    reached = set().union(*trained(net, prior, 2))
    assert {name for name in dict(net.named_parameters()) if name.startswith("mixers")} <= reached


def test_a_mixer_of_two_zeros_would_never_learn() -> None:
    dead = mixer("concat", 2)
    nn.init.zeros_(dead.inner.weight)
    F, G = torch.ones(1, 2, 1, 1), torch.ones(1, 2, 1, 1)
    dead(F, G).sum().backward()
    assert (
        dead.inner.weight.grad.abs().max() == 0 and dead.outer.weight.grad[:, 2:].abs().max() == 0
    )


def test_concat_is_equation_2() -> None:
    mix = mixer("concat", 3)
    for parameter in mix.parameters():
        nn.init.normal_(parameter)
    F, G = torch.randn(2, 3, 4, 4), torch.randn(2, 3, 4, 4)
    A, B = mix.outer.weight[:, :, 0, 0].split(3, 1)
    inner = (
        torch.einsum("oi,nihw->nohw", mix.inner.weight[:, :, 0, 0], G)
        + mix.inner.bias[:, None, None]
    )
    by_hand = torch.einsum("oi,nihw->nohw", A, F) + torch.einsum("oi,nihw->nohw", B, inner)
    assert torch.allclose(mix(F, G), by_hand + mix.outer.bias[:, None, None], atol=1e-5)


@pytest.mark.whole
@pytest.mark.parametrize("kind", FEW, ids=str)
def test_checkpointing_changes_no_gradient(kind, once: Prior) -> None:
    gradients = []
    for checkpointing in (False, True):
        prior = copy.deepcopy(once)
        torch.manual_seed(5)
        net = guided(prior, *kind, checkpointing=checkpointing)
        trained(net, prior, 2)
        gradients.append({name: p.grad for name, p in net.named_parameters()})
    plain, again = gradients
    assert all(torch.equal(plain[name], again[name]) for name in plain)


@pytest.mark.slow
def test_two_passes_before_one_way_back_keep_their_features_apart(prior: Prior) -> None:
    net = guided(prior, "copy", "add", "down", 0, checkpointing=True)
    trained(net, prior, 2)
    x, t, text = inputs(prior)
    apart = [net(x * scale, t, text, shown(net)).square().sum() for scale in (1, 2)]
    net.zero_grad()
    for one in apart:
        one.backward()
    expected = [p.grad.clone() for p in net.parameters()]
    net.zero_grad()
    torch.stack(
        [net(x * scale, t, text, shown(net)).square().sum() for scale in (1, 2)]
    ).sum().backward()
    assert all(
        torch.allclose(p.grad, e, rtol=1e-4, atol=1e-5)
        for p, e in zip(net.parameters(), expected, strict=True)
    )


@pytest.mark.whole
def test_features_of_the_same_call_used_again_change_nothing(once: Prior) -> None:
    for kind in (MIXED[3], *OTHERS[:2]):
        prior = copy.deepcopy(once)
        net = guided(prior, *kind, checkpointing=False)
        trained(net, prior, 1)
        features = net.features(*inputs(prior), shown(net))
        assert torch.equal(
            net(*inputs(prior), shown(net), features), net(*inputs(prior), shown(net))
        )


@pytest.mark.whole
def test_a_copy_of_a_guider_goes_by_its_own_weights(prior: Prior) -> None:
    net = guided(prior, "copy", "concat", "all_out", 0, checkpointing=True)
    twin = copy.deepcopy(net)
    trained(twin, prior, 2)
    assert torch.equal(net(*inputs(prior), shown(net)), prior.unet(*inputs(prior)).sample)
    assert not torch.equal(twin(*inputs(prior), shown(twin)), prior.unet(*inputs(prior)).sample)
    assert twin.base is net.base  # the prior is there once


def test_sites_are_stable_diffusions_26(monkeypatch: pytest.MonkeyPatch) -> None:
    from diffusers import UNet2DConditionModel

    with torch.device("meta"):
        unet = UNet2DConditionModel(cross_attention_dim=768)  # the defaults are Stable Diffusion's
    sites = sites_of(unet)
    assert {stage: len(names) for stage, names in sites.items()} == {
        "down": 12,
        "mid": 1,
        "up": 12,
        "out": 1,
    }
    assert (
        list(sites["up"])[2] == "up_blocks.0.upsamplers.0"
        and "up_blocks.0.resnets.2" not in sites["up"]
    )
    assert sites["down"]["down_blocks.1.attentions.0"] == 640 and sites["out"] == {"conv_out": 4}


def test_every_site_is_visited_once_with_the_channels_it_says() -> None:
    unet, seen = tiny_unet(), []
    places = {name: n for names in sites_of(unet).values() for name, n in names.items()}

    def visit(name: str, given: Tensor, output: Tensor) -> Tensor:
        seen.append((name, output.shape[1]))
        return output

    HookedUNet(unet, list(places), False)(
        visit, torch.zeros(1, 4, 8, 8), torch.tensor(1.0), torch.zeros(1, 12, 16)
    )
    assert seen == list(places.items())


def test_a_new_condition_encoder_gives_the_latents_of_the_vae(prior: Prior) -> None:
    rgb = torch.rand(2, 3, 32, 32)
    beside = torch.cat([2 * rgb - 1, torch.rand(2, 1, 32, 32)], 1)
    for encoder, x in (
        (ConditionEncoder(prior, 3), beside[:, :3]),
        (ConditionEncoder(prior, 4), beside),
    ):
        assert torch.allclose(encoder(x), prior.encode(rgb), atol=1e-5)


@pytest.mark.whole
def test_a_guider_with_adapters_holds_no_weight_of_the_unet(prior: Prior) -> None:
    net = guided(prior, "copy", "concat", "all_out", 2, checkpointing=False)
    assert isinstance(net, Mixed) and net.pretrained() == []
    assert {name.split(".")[1] for name in net.state_dict() if name.startswith("replica")} == {
        "widen",
        "adapters",
    }


@pytest.mark.whole
def test_what_comes_after_the_last_site_is_left_out(prior: Prior) -> None:
    sizes = [
        sum(p.numel() for p in Replica(prior, sites, [], 0, False).parameters()) for sites in SITES
    ]
    assert all(small < large for small, large in itertools.pairwise(sizes))


def test_names_that_are_unknown_or_without_effect_are_refused(prior: Prior) -> None:
    for kind, word in ((("twin", "add", "all", 0), "guider"), (("copy", "sum", "all", 0), "mix"),
                       (("copy", "add", "up", 0), "sites"),
                       (("controlnet", "add", "all", 4), "rank")):  # fmt: skip
        with pytest.raises(ValueError, match=word):
            guided(prior, *kind, checkpointing=False)
