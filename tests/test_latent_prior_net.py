"""A prior is what diffusers makes of the same folder, and its levels are its timesteps."""

from __future__ import annotations

import json
import shutil

import pytest
import torch

from colorlab.diffusion import noised
from colorlab.draws import Draws
from colorlab.errors import ConfigError, DataError
from colorlab.nets.frozen import weights_digest
from colorlab.nets.latent.prior import Prior, alpha_bar_table, load_prior, load_vae, save_vae
from colorlab.nets.latent.text import BERT_TOKENS
from colorlab.storage.files import replacing_folder
from colorlab.weights.catalog import TEXT_FILES
from tests.tiny_prior import tiny_folder, tiny_prior, tiny_unet, tiny_vae


@pytest.fixture(scope="module", params=["clip", "bert"])
def folder(request, tmp_path_factory):
    prediction = "epsilon" if request.param == "clip" else "v_prediction"
    return tiny_folder(tmp_path_factory.mktemp(request.param), request.param, prediction)


@pytest.fixture(scope="module")
def prior(folder):
    return load_prior(str(folder))


@pytest.fixture(scope="module")
def of_v(tmp_path_factory):
    return tiny_prior(tmp_path_factory.mktemp("v"), prediction="v_prediction").requires_grad_(False)


def noise(*shape: int) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(0))


@pytest.mark.whole
def test_what_was_saved_is_loaded(folder, prior):
    kind = "clip" if prior.prediction == "epsilon" else "bert"
    made = tiny_prior(folder.parent, kind, prior.prediction)
    states, again = made.embed(["red car"]), prior.embed(["red car"])
    assert torch.equal(states, again) and torch.allclose(
        made.alpha_bars, prior.alpha_bars, atol=1e-6
    )
    assert torch.allclose(
        made(x := noise(1, 4, 8, 8), 0.3, states), prior(x, 0.3, again), atol=1e-4
    )
    assert torch.allclose(made.decode(x), prior.decode(x), atol=1e-5) and prior.scale == 0.5


@pytest.mark.whole
def test_stable_diffusions_own_pipeline_opens_the_folder_and_agrees(folder, prior):
    from diffusers import StableDiffusionPipeline

    pipeline = StableDiffusionPipeline.from_pretrained(folder, safety_checker=None)
    pipeline.set_progress_bar_config(disable=True)
    words, _ = pipeline.encode_prompt(["red car"], "cpu", 1, False)
    assert torch.equal(words, prior.embed(["red car"]))
    x = noise(1, 4, 8, 8)
    state = pipeline(
        "red car", guidance_scale=1, num_inference_steps=1, latents=x, output_type="latent"
    ).images
    t = pipeline.scheduler.timesteps[0]
    output = prior(x, level := float(prior.alpha_bars[t]), words)
    if level:  # an untrained net's step from pure noise is the same, by another formula
        x_0 = prior.x_0(output, x, level)
        first = float(prior.alpha_bars[0])
        assert torch.allclose(state, noised(x_0, prior.noise(output, x, level), first), atol=1e-3)
    assert torch.isfinite(state).all()


def test_timesteps_and_levels_are_each_others_inverse(prior):
    whole = torch.arange(1000, dtype=torch.float64)
    assert torch.allclose(prior.timestep(prior.alpha_bars), whole, atol=1e-6)
    between = torch.tensor([0.25, 3.5, 500.75, 997.5])
    assert torch.allclose(prior.timestep(prior.level(between)), between.double(), atol=1e-6)


def test_levels_beyond_the_table_are_its_ends(prior):
    assert float(prior.timestep(1.0)) == 0 and float(prior.timestep(0.0)) == 999


def test_stable_diffusions_schedule_and_its_zero_snr_form_are_diffusers_own():
    from diffusers import DDIMScheduler

    for zero_snr in (False, True):
        own = DDIMScheduler(1000, 0.00085, 0.012, "scaled_linear", rescale_betas_zero_snr=zero_snr)
        assert torch.allclose(
            alpha_bar_table(1000, zero_snr).float(), own.alphas_cumprod, atol=2e-6
        )
    assert alpha_bar_table(1000, True)[-1] == 0
    assert alpha_bar_table(1000, False)[-1] == pytest.approx(0.0683**2, rel=0.01)


def test_both_predictions_stand_for_the_same_picture_and_noise(prior):
    x_0, eps = noise(2, 4, 8, 8), noise(4, 4, 8, 8)[2:]
    for level in (0.01, 0.5, torch.tensor([0.3, 0.99])):
        x, target = noised(x_0, eps, level), prior.target(x_0, eps, level)
        assert torch.allclose(prior.x_0(target, x, level), x_0, atol=1e-4)
        assert torch.allclose(prior.noise(target, x, level), eps, atol=1e-5)


def test_v_says_what_pure_noise_comes_from_and_eps_is_noise(of_v):
    x_0, eps = noise(1, 4, 8, 8), noise(2, 4, 8, 8)[1:]
    assert torch.equal(of_v.x_0(of_v.target(x_0, eps, 0.0), eps, 0.0), x_0)


def test_sampling_starts_where_one_step_of_ddim_leads_from_pure_noise(of_v):
    x_0, eps = torch.full((1, 4, 8, 8), 2.0), noise(1, 4, 8, 8)
    start = of_v.start(lambda x, level: x_0 if level == 0 else torch.zeros(0), eps, 0.01)
    assert torch.allclose(start, noised(x_0, eps, 0.01), atol=1e-6)
    of_v.alpha_bars[-1] = 0.02
    assert torch.equal(of_v.start(lambda x, level: x_0, eps, 0.01), eps)
    of_v.alpha_bars[-1] = 0.0


def test_latents_are_the_autoencoders_means_scaled(prior):
    rgb = torch.rand(2, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    z = prior.encode(rgb)
    assert z.shape == (2, 4, 4, 4) and torch.equal(
        z, prior.vae.encode(2 * rgb - 1).latent_dist.mean * 0.5
    )
    assert torch.allclose(prior.decode(z), (prior.vae.decode(z * 2).sample + 1) / 2)


def test_sampled_latents_belong_to_the_picture_not_to_the_batch(prior):
    rgb = torch.rand(2, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    drawn = prior.encode(rgb, Draws(0, [4, 7]))
    assert not torch.equal(drawn, prior.encode(rgb))
    assert torch.allclose(prior.encode(rgb[1:], Draws(0, [7])), drawn[1:], atol=1e-5)


@pytest.mark.parametrize("part", ["unet", "vae", "text_encoder", "tokenizer", "scheduler"])
def test_a_missing_part_is_one_line(part, tmp_path):
    for other in ("unet", "vae", "text_encoder", "tokenizer", "scheduler"):
        (tmp_path / other).mkdir() if other != part else None
    with pytest.raises(ConfigError, match=f"has no {part}/") as caught:
        load_prior(str(tmp_path))
    assert "\n" not in str(caught.value) and caught.value.exit_code == 2


@pytest.mark.whole
def test_a_prior_whose_index_names_minilm_needs_no_text_encoder_of_its_own(
    folder, prior, tmp_path, monkeypatch
):
    monkeypatch.setenv("COLORLAB_CACHE", str(tmp_path / "empty"))
    shutil.copytree(
        folder, tmp_path / "copy", ignore=shutil.ignore_patterns("text_encoder", "tokenizer")
    )
    index = tmp_path / "copy" / "model_index.json"
    index.write_text(
        json.dumps(json.loads(index.read_text()) | {"text_encoder": ["colorlab", "minilm"]})
    )
    with pytest.raises(DataError, match="fetch minilm") as caught:
        load_prior(str(tmp_path / "copy"))
    assert "\n" not in str(caught.value)
    for part in ("tokenizer", "text_encoder"):
        shutil.copytree(folder / part, tmp_path / "minilm", dirs_exist_ok=True)
    for name in TEXT_FILES:
        (tmp_path / "minilm" / name).touch()
    monkeypatch.setenv("COLORLAB_WEIGHTS", str(tmp_path))
    again = load_prior(str(tmp_path / "copy"))
    assert (
        torch.equal(weights_digest(again), weights_digest(prior))
        and again.text.length == BERT_TOKENS
    )


def test_a_folder_that_is_not_there_is_one_line():
    with pytest.raises(
        ConfigError, match=r"prior=nowhere/at-all is not there .*in the local cache"
    ) as caught:
        load_prior("nowhere/at-all")
    assert "\n" not in str(caught.value)


def test_a_damaged_part_is_one_line(folder, tmp_path):
    shutil.copytree(folder, tmp_path / "copy")
    weights = next((tmp_path / "copy" / "unet").glob("*.safetensors"))
    weights.write_bytes(weights.read_bytes()[:100])
    with pytest.raises(ConfigError, match="unet is not a UNet2DConditionModel") as caught:
        load_prior(str(tmp_path / "copy"))
    assert "\n" not in str(caught.value)


@pytest.mark.whole
def test_latents_of_another_number_of_channels_are_one_line(folder, tmp_path):
    shutil.copytree(folder, tmp_path / "copy", ignore=shutil.ignore_patterns("unet"))
    tiny_unet(9).save_pretrained(tmp_path / "copy" / "unet")
    with pytest.raises(
        ConfigError, match="copy: unet has 9 channels in, 9 out, vae latents have 4"
    ):
        load_prior(str(tmp_path / "copy"))


def test_text_of_another_width_and_unknown_predictions_are_refused(prior, folder, tmp_path):
    narrow = tiny_unet()
    narrow.register_to_config(cross_attention_dim=8)
    with pytest.raises(ConfigError, match="text of width 8, text_encoder writes 16"):
        Prior(narrow, prior.vae, prior.text, prior.alpha_bars, "epsilon")
    shutil.copytree(folder, tmp_path / "copy")
    path = tmp_path / "copy" / "scheduler" / "scheduler_config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"prediction_type": "sample"}))
    with pytest.raises(ConfigError, match="prediction_type 'sample'"):
        load_prior(str(tmp_path / "copy"))


@pytest.mark.whole
def test_an_autoencoder_is_found_alone_in_a_run_and_in_a_prior(folder, tmp_path):
    vae = tiny_vae().to(memory_format=torch.channels_last)
    save_vae(vae, tmp_path / "vae")
    found = [load_vae(str(path)) for path in (tmp_path, tmp_path / "vae", folder)]
    assert all(torch.equal(one.encoder.conv_in.weight, vae.encoder.conv_in.weight) for one in found)


def test_a_folder_is_replaced_whole_or_not_at_all(tmp_path):
    save_vae(tiny_vae(), tmp_path / "vae")
    with pytest.raises(RuntimeError), replacing_folder(tmp_path / "vae") as half:
        half.mkdir()
        raise RuntimeError
    assert load_vae(str(tmp_path)).config.latent_channels == 4
    save_vae(tiny_vae(8), tmp_path / "vae")
    assert len(load_vae(str(tmp_path)).config.block_out_channels) == 4
    assert [path.name for path in tmp_path.iterdir()] == ["vae"]
