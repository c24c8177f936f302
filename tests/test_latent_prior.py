"""The prior learns in latents it finds once, draws what a prompt says, and becomes a folder that
diffusers opens."""

from __future__ import annotations

import pytest
import torch

from colorlab.cli.config import compose
from colorlab.cli.targets import build
from colorlab.color import lab_of, luma
from colorlab.draws import Draws
from colorlab.errors import CheckpointError, ConfigError
from colorlab.methods.latent_prior import LatentPrior
from colorlab.nets.frozen import weights_digest
from colorlab.nets.latent.lightness_decoder import LightnessDecoder, save_lightness_vae
from colorlab.nets.latent.prior import encoded, load_prior, save_vae
from colorlab.samplers.guidance import GuidanceOptions
from colorlab.samplers.guides import Bias
from colorlab.storage.memo import keys_of
from colorlab.types import Batch, Condition
from tests.tiny_prior import tiny_text, tiny_vae


@pytest.fixture(scope="module")
def parts(tmp_path_factory):
    folder = tmp_path_factory.mktemp("parts")
    save_vae(tiny_vae(), folder / "vae")
    tiny_text(folder / "text", "bert")
    return folder


def made(parts, *overrides: str) -> LatentPrior:
    torch.manual_seed(0)
    own = [
        f"method.latent.vae={parts}",
        f"method.net.text_encoder={parts / 'text'}",
        "method.net.width=8",
        "method.micro_batch=2",
    ]
    cfg = compose(
        "train", ["name=x", "method=latent_prior", *own, "method.sampler.steps=2", *overrides]
    )
    return build(cfg.method)


@pytest.fixture(scope="module")
def method(parts):
    return made(parts).eval().requires_grad_(False)


def batch(count: int = 3) -> Batch:
    rgb = torch.rand(count, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    return Batch(rgb, luma(rgb), torch.arange(count), ["car"] * count, torch.full((count,), -1))


def drawn(method, text: str | None, n: int = 1) -> torch.Tensor:
    return method.sample(
        Condition(batch(1).image, text=None if text is None else [text]), n, Draws(0, [0])
    )[0]


@pytest.mark.whole
def test_latents_are_those_of_the_autoencoder_found_once_a_picture(method, monkeypatch):
    shown, draws = batch(), Draws(0, range(3))
    first = method.loss(shown, draws)["loss"]
    kept = torch.stack(list(method.latents.kept.values()))
    assert torch.allclose(kept, encoded(method.prior.vae, shown.rgb), atol=1e-5)
    monkeypatch.setattr("colorlab.methods.latent_prior.encoded", None)
    assert torch.equal(method.loss(shown, Draws(0, range(3)))["loss"], first)


@pytest.mark.whole
@pytest.mark.parametrize("predict", ["v", "eps"])
def test_the_loss_is_the_squared_error_of_what_is_predicted(parts, predict: str):
    method = (
        made(parts, f"method.learning.predict={predict}", "method.learning.zero_snr=false")
        .eval()
        .requires_grad_(False)
    )
    shown, draws, prior = batch(), Draws(0, range(3)), method.prior
    # the autoencoder's scaling factor
    z = 0.5 * prior.vae.encode(2 * shown.rgb - 1).latent_dist.mean
    t, noise = draws.to("t").choice(1000), draws.normal(*z.shape[1:])
    a = method.alpha_bars[t].float()[:, None, None, None]
    states = prior.embed(method.captions(shown, keys_of(shown.rgb), draws), cut=True)
    output = prior.unet(a.sqrt() * z + (1 - a).sqrt() * noise, t, states).sample
    target = noise if predict == "eps" else a.sqrt() * noise - (1 - a).sqrt() * z
    expected = (output - target).square().mean()
    assert torch.allclose(method.loss(shown, Draws(0, range(3)))["loss"], expected, rtol=1e-3)


def test_a_mirrored_picture_has_latents_of_its_own(method):
    method.loss(batch()._replace(rgb=batch().rgb.flip(-1)), Draws(0, range(3)))
    method.loss(batch(), Draws(0, range(3)))
    assert len(method.latents.kept) == 6


def test_captions_name_colours_and_drop_out_in_the_shares_asked_for(parts):
    rgb = torch.ones(200, 3, 32, 32)
    rgb[:, 1:, :16] = 0
    shown = Batch(rgb, rgb[:, :1], torch.arange(200), ["car"] * 200, torch.full((200,), -1))
    captions = made(parts).captions(shown, list(range(200)), Draws(0, range(200)))
    assert set(captions) == {"car", "red car", "", "color photo", "high quality photo"}
    assert 50 < captions.count("red car") < 90 and 15 < captions.count("car") < 45


@pytest.mark.whole
def test_autoencoder_and_text_encoder_stay_as_they_are_and_out_of_the_weights(parts):
    method = made(parts)
    before = weights_digest(method.frozen.net)
    optimizer = torch.optim.AdamW(method.parameters(), 1e-3)
    for k in range(2):
        method.loss(batch(), Draws(0, range(3), [k] * 3))["loss"].backward()
        optimizer.step()
    assert torch.equal(weights_digest(method.frozen.net), before)
    assert {name.split(".")[0] for name in method.state_dict()} == {
        "unet",
        "vae_digest",
        "batches_seen",
    }


def test_the_prompt_decides_what_is_drawn_and_guidance_how_much(method):
    method.guidance = GuidanceOptions("", 1.0)
    plain, red = drawn(method, None), drawn(method, "red car")
    method.guidance = GuidanceOptions("", 4.0)
    assert torch.equal(drawn(method, None), plain) and torch.equal(drawn(method, ""), plain)
    more = drawn(method, "red car")
    assert 0 < (red - plain).abs().mean() < (more - plain).abs().mean()


def test_a_negative_prompt_is_kept_away_from(method):
    method.guidance = GuidanceOptions("", 3.0)
    before = drawn(method, "red car")
    method.guidance = GuidanceOptions("blue", 3.0)
    assert not torch.equal(drawn(method, "red car"), before)
    method.guidance = GuidanceOptions("red car", 3.0)
    unguided = drawn(method, "red car")
    method.guidance = GuidanceOptions("", 1.0)
    assert torch.equal(unguided, drawn(method, "red car"))


def test_a_prompt_that_is_too_long_is_one_line(method):
    with pytest.raises(ConfigError, match=r"tokens, 10 fit") as caught:
        drawn(method, "blue car " * 9)
    assert "\n" not in str(caught.value)


def test_guides_are_refused(method):
    with pytest.raises(ConfigError, match="no guides"):
        method.sample(Condition(batch(1).image), 1, Draws(0, [0]), [Bias("palette")])


@pytest.mark.slow
@pytest.mark.parametrize("name", ["ancestral", "dpm_solver", "unipc", "heun", "euler_ancestral"])
def test_every_sampler_of_the_suite_draws_from_it_unclipped(parts, name: str):
    samplers = [f"method/sampler={name}", "method.sampler.steps=2"]
    free, asked = (
        made(parts, *samplers, f"method.sampler.clip={clip}").eval() for clip in ("false", "true")
    )
    assert torch.isfinite(drawn(free, "red car")).all()
    assert torch.equal(drawn(free, "red car"), drawn(asked, "red car"))


@pytest.mark.whole
def test_the_exported_folder_is_the_prior_itself(method, tmp_path):
    method.export(tmp_path)
    prior = load_prior(str(tmp_path))
    x = torch.randn(2, 4, 8, 8, generator=torch.Generator().manual_seed(0))
    states = prior.embed(["red car", ""])
    assert torch.equal(states, method.prior.embed(["red car", ""]))
    assert torch.allclose(prior(x, 0.2, states), method.prior(x, 0.2, states), atol=1e-4)
    assert prior.prediction == "v_prediction" and prior.alpha_bars[-1] == 0


@pytest.mark.whole
def test_stable_diffusions_own_pipeline_draws_from_the_exported_folder(parts, tmp_path):
    from diffusers import StableDiffusionPipeline

    method = made(parts)
    method.loss(batch(), Draws(0, range(3)))
    method.export(tmp_path)
    pipeline = StableDiffusionPipeline.from_pretrained(tmp_path / "prior")
    pipeline.set_progress_bar_config(disable=True)
    assert pipeline("red car", num_inference_steps=2, output_type="np").images.shape == (
        1,
        32,
        32,
        3,
    )


@pytest.mark.whole
def test_its_lightness_decoder_sees_the_gray_picture(parts, tmp_path):
    decoder = LightnessDecoder(tiny_vae())
    for k, parameter in enumerate(decoder.adders.parameters()):
        parameter.data += 0.3 * torch.randn(
            parameter.shape, generator=torch.Generator().manual_seed(k)
        )
    save_lightness_vae(tiny_vae(), decoder, tmp_path / "lightness")
    method = made(parts, f"method.latent.decoder={tmp_path}").eval()
    images = torch.cat([batch(1).image, 1 - batch(1).image])
    first, second = method.sample(Condition(images), 1, Draws(0, [5, 5]))[:, 0]
    assert (first - second).abs().mean() > 0.01
    wrong = tiny_vae()
    wrong.decoder.conv_out.bias.data += 1
    save_lightness_vae(wrong, decoder, tmp_path / "lightness")
    with pytest.raises(ConfigError, match="belongs to another autoencoder"):
        made(parts, f"method.latent.decoder={tmp_path}")


@pytest.mark.whole
def test_locked_samples_have_the_lightness_of_the_gray_picture(parts):
    method = made(parts, "method.latent.space=ab").eval()
    off = lab_of(drawn(method, "red", 2))[:, 0] - lab_of(batch(1).image.expand(-1, 3, -1, -1))[:, 0]
    assert method.conditions == ("gray",) and off.abs().max() < 0.25


@pytest.mark.whole
def test_weights_are_refused_with_another_autoencoder(parts, method, tmp_path):
    other = tiny_vae()
    other.encoder.conv_in.bias.data += 1
    save_vae(other, tmp_path / "vae")
    method_of_other = made(parts, f"method.latent.vae={tmp_path}")
    with pytest.raises(CheckpointError, match="is not the autoencoder that the run was trained on"):
        method_of_other.load_state_dict(method.state_dict())


@pytest.mark.whole
@pytest.mark.parametrize(
    ("overrides", "said"),
    [(["method.learning.predict=eps"], "predict=eps says nothing about pure noise"),
     (["method.latent.vae=/nowhere"], "vae=/nowhere is not there.*hf download ID")],
)  # fmt: skip
def test_what_cannot_be_is_said_in_one_line(parts, overrides, said):
    with pytest.raises(ConfigError, match=said) as caught:
        made(parts, *overrides)
    assert "\n" not in str(caught.value)


@pytest.mark.whole
def test_stable_diffusions_own_prediction_can_be_trained_too(parts):
    method = made(parts, "method.learning.predict=eps", "method.learning.zero_snr=false").eval()
    assert (
        torch.isfinite(method.loss(batch(), Draws(0, range(3)))["loss"])
        and method.prior.alpha_bars[-1] > 0
    )
    assert torch.isfinite(drawn(method, "red")).all()
