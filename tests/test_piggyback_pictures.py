"""Piggyback's pictures follow text, structure, hints and guides, whatever draws them."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest
import torch
import yaml
from torch import Tensor

from colorlab.cli.targets import build
from colorlab.color import lab_of
from colorlab.conditions.hints import half
from colorlab.draws import Draws
from colorlab.errors import ConfigError
from colorlab.methods.piggyback import Piggyback
from colorlab.nets.latent.lightness_decoder import LightnessDecoder, save_lightness_vae
from colorlab.samplers.guides import Bias, Flat, Inpaint, Repulsion
from colorlab.types import Condition
from tests import small_piggyback
from tests.small_piggyback import BATCH, RGB, changed, drawn, made, put, small, stirred
from tests.tiny_prior import tiny_prior

clip, learned = small_piggyback.clip, small_piggyback.learned  # fixtures


@pytest.fixture(scope="module")
def free(clip: Path) -> Piggyback:
    """One for line drawings."""
    return stirred(made(clip, "latent.space=rgb"))


@pytest.fixture(scope="module")
def plain(learned: Piggyback) -> Tensor:
    """Two candidates, drawn without ado."""
    return drawn(learned)


def test_text_scale_1_is_no_guidance_in_one_call(
    learned: Piggyback, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(learned, monkeypatch, "guidance", text=1.0)
    shown = learned.shown(Condition(BATCH.image[:1], text=["red"]))
    assert shown.weight.tolist() == [1.0]
    x = torch.randn(2, 4, 8, 8, generator=torch.Generator().manual_seed(0))
    t, text = learned.frozen.timestep(0.5).float().expand(2), learned.frozen.embed(["red"] * 2)
    plain = learned.net(x, t, text, shown.structure.expand(2, -1, -1, -1))
    assert torch.equal(learned.guided(shown, x, 0.5)[0], plain)


def test_both_scales_follow_the_formula(
    learned: Piggyback, monkeypatch: pytest.MonkeyPatch
) -> None:
    x = torch.randn(2, 4, 8, 8, generator=torch.Generator().manual_seed(0))

    def output(text_scale: float, structure_scale: float, text: str = "red") -> Tensor:
        put(learned, monkeypatch, "guidance", text=text_scale, structure=structure_scale)
        return learned.guided(learned.shown(Condition(BATCH.image[:1], text=[text])), x, 0.5)[0]

    neither, structure, both = output(0.0, 0.0), output(0.0, 1.0), output(1.0, 1.0)
    expected = neither + 2 * (structure - neither) + 5 * (both - structure)
    assert torch.allclose(output(5.0, 2.0), expected, atol=1e-5)
    # the prompt is the negative one: nothing to guide by
    assert torch.equal(output(5.0, 1.0, ""), structure)


@pytest.mark.whole
def test_words_and_negative_words_are_heard(
    learned: Piggyback, monkeypatch: pytest.MonkeyPatch
) -> None:
    red, green = drawn(learned, text="red"), drawn(learned, text="green")
    assert not torch.equal(red, green)
    put(learned, monkeypatch, "guidance", negative="blue")
    assert not torch.equal(drawn(learned, text="red"), red)


@pytest.mark.whole
def test_the_guider_heard_again_at_every_call_is_the_plain_sampler(
    plain: Tensor, learned: Piggyback, monkeypatch: pytest.MonkeyPatch
) -> None:
    spoken: list[int] = []
    features = learned.net.features
    monkeypatch.setattr(
        learned.net, "features", lambda *inputs: spoken.append(1) or features(*inputs)
    )
    assert torch.equal(changed(learned, monkeypatch, "guider", every=1), plain) and len(spoken) == 3
    assert (
        not torch.equal(changed(learned, monkeypatch, "guider", every=3), plain)
        and len(spoken) == 3 + 1
    )


def test_conditions_are_encoded_once_a_picture(
    learned: Piggyback, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls, encode = [], learned.net.encode
    monkeypatch.setattr(learned.net, "encode", lambda *inputs: calls.append(1) or encode(*inputs))
    drawn(learned, n=3)  # two groups
    assert len(calls) == 1


@pytest.mark.whole
def test_a_candidate_is_the_same_in_any_batch_and_number(plain: Tensor, learned: Piggyback) -> None:
    both = learned.sample(
        Condition(BATCH.image.flip(0), text=BATCH.text[::-1]), 3, Draws(0, [11, 10])
    )
    assert torch.equal(both[1:, :2], plain)


@pytest.mark.whole
def test_gray_pictures_keep_their_lightness_and_drawings_need_not(
    plain: Tensor, learned: Piggyback, free: Piggyback
) -> None:
    assert learned.conditions == ("gray",)
    L = lab_of(BATCH.image[:1].expand(-1, 3, -1, -1))[:, None, 0]
    assert (lab_of(plain)[:, :, 0] - L).abs().max() < 0.2  # of 100: half an 8-bit step
    assert (
        free.conditions == ("lines", "gray") and (lab_of(drawn(free))[:, :, 0] - L).abs().max() > 10
    )


@pytest.mark.whole
def test_sdedit_at_45_per_cent_runs_22_of_50_steps(
    learned: Piggyback, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = []
    monkeypatch.setattr(learned.sampler, "steps", 50)
    put(learned, monkeypatch, "ablation", kind="sdedit")
    unguided = learned.net.unguided
    monkeypatch.setattr(
        learned.net, "unguided", lambda *inputs: calls.append(1) or unguided(*inputs)
    )
    learned.sample(Condition(BATCH.image[:1]), 1, Draws(0, [10]))
    assert len(calls) == 22


@pytest.mark.whole
def test_ablations_do_not_hear_the_guider(
    learned: Piggyback, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(learned.net, "features", lambda *_: pytest.fail("heard"))
    put(learned, monkeypatch, "ablation", sds_steps=2)
    drawings = [
        changed(learned, monkeypatch, "ablation", kind=word)
        for word in ("no_guider", "sdedit", "sds")
    ]
    assert not torch.equal(drawings[0], drawings[1]) and not torch.equal(drawings[1], drawings[2])


@pytest.mark.whole
def test_hints_reach_the_pictures_unless_they_are_not_to_be_heard(
    plain: Tensor, learned: Piggyback, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not torch.equal(drawn(learned, hints=half(RGB, "left")), plain)
    put(learned, monkeypatch, "hints", use=False)
    assert torch.equal(drawn(learned, hints=half(RGB, "left")), plain)


@pytest.mark.whole
def test_inpainting_pastes_the_known_pixels_exactly(free: Piggyback) -> None:
    hints = half(RGB, "left")
    found = drawn(free, guides=[Inpaint("noised", 1, 0.1)], hints=hints)
    assert torch.allclose(
        found[..., :16], RGB[:1, None, :, :, :16].expand(-1, 2, -1, -1, -1), atol=1e-6
    )
    rest = drawn(free, hints=hints)[..., 16:]
    assert not torch.equal(found[..., 16:], rest)  # known latents have been heard too


@pytest.mark.whole
def test_guides_start_repel_or_are_refused_in_one_line(
    plain: Tensor, learned: Piggyback, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not torch.equal(drawn(learned, guides=[Bias("#ff0000")]), plain)
    apart = drawn(learned, guides=[Repulsion(1.0, 1e4, 4)])
    assert torch.equal(apart[:, 0], plain[:, 0]) and not torch.equal(apart[:, 1], plain[:, 1])
    for guide in (Flat(1.0), Inpaint("repaint", 2, 0.1)):
        with pytest.raises(ConfigError, match="guide"):
            drawn(learned, guides=[guide], hints=half(RGB, "left"))
    put(learned, monkeypatch, "ablation", kind="sds")
    with pytest.raises(ConfigError, match="sds"):
        drawn(learned, guides=[Bias("#ff0000")])


def test_hints_of_another_size_are_refused(learned: Piggyback) -> None:
    with pytest.raises(ConfigError, match="hints are 16x32 pixels, the picture 32x32"):
        drawn(learned, hints=half(RGB[..., :16], "left"))


@pytest.mark.slow
def test_a_lightness_aware_decoder_shows_the_gray_picture(
    clip: Path, free: Piggyback, tmp_path: Path
) -> None:
    vae = tiny_prior(tmp_path).vae
    decoder = LightnessDecoder(vae)
    torch.nn.init.normal_(decoder.adders[0].weight)
    save_lightness_vae(vae, decoder, tmp_path / "trained")
    aware = stirred(made(clip, f"latent.decoder={tmp_path / 'trained'}", "latent.space=rgb"))
    assert not torch.equal(drawn(aware), drawn(free))
    torch.nn.init.normal_(vae.decoder.conv_in.weight)
    save_lightness_vae(vae, decoder, tmp_path / "other")
    with pytest.raises(ConfigError, match="another autoencoder"):
        made(clip, f"latent.decoder={tmp_path / 'other'}")


@pytest.mark.slow
@pytest.mark.parametrize("name", ["ancestral", "dpm_solver", "unipc", "heun", "euler_ancestral"])
def test_every_sampler_of_the_suite_draws_from_it_unclipped(name: str, clip: Path) -> None:
    from colorlab.cli.yaml_files import conf_dir

    sampler = yaml.safe_load((conf_dir() / "method" / "sampler" / f"{name}.yaml").read_text()) | {
        "steps": 2
    }
    cfg = copy.deepcopy(small())
    cfg.method.merge_with_dotlist([f"latent.prior={clip}", "guidance.text=1"])
    results = []
    for cfg.method.sampler in (sampler, sampler | {"clip": False}):
        torch.manual_seed(0)
        results.append(drawn(build(cfg.method).eval(), 1))
    assert sampler["clip"] and torch.isfinite(results[0]).all() and torch.equal(*results)
