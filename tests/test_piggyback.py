"""Piggyback: what it learns and leaves alone, and how its pictures follow text, structure, hints
and guides."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest
import torch
import yaml
from torch import Tensor

from colorlab.cli.targets import build
from colorlab.color import lab_of
from colorlab.conditions.captions import DUMMIES
from colorlab.conditions.hints import half
from colorlab.draws import Draws
from colorlab.errors import CheckpointError, ConfigError
from colorlab.methods.piggyback import Piggyback
from colorlab.nets.frozen import weights_digest
from colorlab.nets.latent.lightness_decoder import LightnessDecoder, save_lightness_vae
from colorlab.runs.checkpoint import fill
from colorlab.samplers.guides import Bias, Flat, Inpaint, Repulsion
from colorlab.types import Batch, Condition
from tests.small_piggyback import BATCH, RGB, changed, descend, drawn, made, put, small, stirred
from tests.tiny_prior import tiny_folder, tiny_prior


@pytest.fixture(scope="module", params=["clip", pytest.param("bert", marks=pytest.mark.slow)])
def folder(request, tmp_path_factory) -> Path:
    """A prior as Stable Diffusion 1.x is, and one with a BERT that predicts v from a
    zero-SNR schedule."""
    prediction = "epsilon" if request.param == "clip" else "v_prediction"
    return tiny_folder(tmp_path_factory.mktemp(request.param), request.param, prediction)


@pytest.fixture(scope="module")
def clip(tmp_path_factory) -> Path:
    return tiny_folder(tmp_path_factory.mktemp("clip"), "clip")


@pytest.fixture(scope="module")
def learned(clip: Path) -> Piggyback:
    return stirred(made(clip))


@pytest.fixture(scope="module")
def free(clip: Path) -> Piggyback:
    """One for line drawings."""
    return stirred(made(clip, "latent.space=rgb"))


@pytest.fixture(scope="module")
def plain(learned: Piggyback) -> Tensor:
    """Two candidates, drawn without ado."""
    return drawn(learned)


@pytest.mark.whole
def test_two_steps_and_samples_on_a_prior_that_stays_as_it_is(folder: Path) -> None:
    method = made(folder)
    before, at_first = weights_digest(method.frozen), weights_digest(method.net)
    descend(method)
    assert torch.equal(weights_digest(method.frozen), before) and not torch.equal(
        weights_digest(method.net), at_first
    )
    assert drawn(method.eval()).shape == (1, 2, 3, 32, 32)


@pytest.mark.whole
def test_the_prior_s_weights_are_not_among_the_method_s(learned: Piggyback) -> None:
    inside = {value.data_ptr() for value in learned.state_dict().values()}
    assert not inside & {value.data_ptr() for value in learned.frozen.state_dict().values()}
    assert {name.split(".")[0] for name in learned.state_dict()} == {
        "net",
        "trained_on",
        "batches_seen",
    }


@pytest.mark.whole
def test_weights_of_another_prior_are_refused_in_one_line(
    clip: Path, learned: Piggyback, tmp_path: Path
) -> None:
    other = made(tiny_folder(tmp_path, "bert"))
    with pytest.raises(CheckpointError, match=r"another prior than .* \(give") as error:
        fill(other, learned.state_dict(), tmp_path)
    assert "\n" not in str(error.value)
    fill(made(clip), learned.state_dict(), tmp_path)


def test_a_missing_prior_and_wrong_latents_are_told_in_one_line(clip: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"prior=.*nowhere is not there"):
        made(tmp_path / "nowhere")
    with pytest.raises(ConfigError, match="channels"):
        tiny_prior(tmp_path, channels=5)


@pytest.mark.whole
def test_a_prompt_that_is_too_long_is_told_and_a_caption_is_cut(
    learned: Piggyback, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ConfigError, match="has 26 tokens, 10 fit") as error:
        drawn(learned, text="abcdefghijklmnopqrstuvwxyz")
    assert "\n" not in str(error.value)
    long = BATCH._replace(text=["abcdefghijklmnopqrstuvwxyz"] * 2)
    assert torch.isfinite(learned.loss(long, Draws(0, [10, 11]))["loss"])
    monkeypatch.setattr(learned, "cut", True)
    assert torch.equal(drawn(learned, text="abcdefghijklmn"), drawn(learned, text="abcdefghijxyz"))


def test_half_of_the_captions_are_dummies(learned: Piggyback) -> None:
    batch = Batch(
        RGB[:1].expand(600, -1, -1, -1),
        BATCH.image[:1],
        torch.arange(600),
        ["car"] * 600,
        torch.zeros(600),
    )
    said = learned.captions(batch, Draws(0, range(600)))
    for dummy in DUMMIES:
        assert abs(said.count(dummy) / 600 - 1 / 6) < 4 * (1 / 6 * 5 / 6 / 600) ** 0.5
    assert abs(sum("car" in text for text in said) / 600 - 0.5) < 4 * 0.5 / 600**0.5


def test_new_layers_learn_at_a_rate_of_their_own_on_one_schedule(clip: Path) -> None:
    ((optimizer, schedule),) = made(clip, "optimizer.lr=1e-3", "learning.new_rate=7").optimizers()
    new, copied = optimizer.param_groups
    rates = []
    for _ in range(4):
        rates.append(copied["lr"])
        assert new["lr"] == pytest.approx(7 * copied["lr"])
        optimizer.step()
        schedule.step()
    probe = torch.optim.AdamW([torch.zeros(1, requires_grad=True)], 1e-3)
    cycle = torch.optim.lr_scheduler.OneCycleLR(
        probe, 1e-3, 4, pct_start=0.04, cycle_momentum=False
    )
    for rate in rates:
        assert rate == pytest.approx(probe.param_groups[0]["lr"])
        probe.step(), cycle.step()


@pytest.mark.whole
def test_the_loss_is_equation_3(clip: Path) -> None:
    method, draws = made(clip), Draws(0, [10, 11])
    prior = method.frozen
    z = prior.encode(RGB)
    t, noise = draws.to("level").choice(1000), draws.normal(*z.shape[1:])
    a = prior.alpha_bars[t].float()[:, None, None, None]
    with torch.no_grad():
        text = prior.embed(method.captions(BATCH, draws), cut=True)
        # not yet guided
        error = prior.unet(a.sqrt() * z + (1 - a).sqrt() * noise, t, text).sample - noise
    assert torch.allclose(
        method.loss(BATCH, Draws(0, [10, 11]))["loss"], error.square().mean(), rtol=1e-4
    )


def test_structure_is_dropped_at_the_rate_asked(
    learned: Piggyback, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Tensor] = []
    put(learned, monkeypatch, "learning", structure_dropout=0.5)
    monkeypatch.setattr(learned.net, "forward", lambda x, t, text, shown: seen.append(shown) or x)
    rows = [part[:1].expand(200, *part.shape[1:]) for part in (RGB, BATCH.image, torch.zeros(1))]
    learned.loss(
        Batch(rows[0], rows[1], torch.arange(200), [""] * 200, rows[2]), Draws(0, range(200))
    )
    gone = seen[0].flatten(1).abs().amax(1) == 0
    assert abs(float(gone.float().mean()) - 0.5) < 4 * 0.5 / 200**0.5


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
def test_obedience_counts_what_follows_the_picture_and_the_hints(
    learned: Piggyback, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = learned.obedience(BATCH, Draws(0, [10, 11]))
    assert 0 < values["luma_rmse"] < 1 and 0 <= values["hint_hit"] < 1
    monkeypatch.setattr(learned.frozen, "decode", lambda _: learned.maps.divided(RGB)[:, :3] / 255)
    assert learned.obedience(BATCH, Draws(0, [10, 11]))["hint_hit"] == 1
    monkeypatch.setattr(learned.frozen, "decode", lambda _: RGB)
    assert learned.obedience(BATCH, Draws(0, [10, 11]))["luma_rmse"] < 1e-6


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


@pytest.mark.parametrize(
    "word", ["guider.ablation.kind=none_at_all", "guider.every=2 guider.kind=input_concat"]
)
def test_what_cannot_be_sampled_is_refused(word: str, clip: Path) -> None:
    with pytest.raises(ConfigError, match=f"{word.split('=')[0].split('.')[-1]}(=| is)") as error:
        made(clip, *word.split())
    assert "\n" not in str(error.value)
