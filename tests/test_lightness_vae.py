"""Training the lightness-aware decoder: Eq. 5, its adaptive weight, and what stays frozen."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from colorlab.cli.config import compose
from colorlab.cli.targets import build
from colorlab.color import lab_of, luma
from colorlab.draws import Draws
from colorlab.errors import CheckpointError, ConfigError
from colorlab.methods import lightness_vae
from colorlab.methods.lightness_vae import LightnessVAE, adaptive_weight
from colorlab.nets.frozen import weights_digest
from colorlab.nets.latent.lightness_decoder import load_lightness_vae
from colorlab.nets.latent.prior import save_vae
from colorlab.types import Batch, Condition
from tests.critics import Mean, batch_of, plain
from tests.tiny_prior import tiny_vae


@pytest.fixture(scope="module")
def vae(tmp_path_factory):
    folder = tmp_path_factory.mktemp("vae")
    save_vae(tiny_vae(), folder / "vae")
    return folder


def made(vae, *overrides: str) -> LightnessVAE:
    torch.manual_seed(0)
    small = [
        "name=x",
        "method=lightness_vae",
        f"method.vae={vae}",
        "method.losses.perceptual=0",
        "method.critic.width=4",
    ]
    return build(compose("train", [*small, *overrides]).method)


def batch(count: int = 2) -> Batch:
    rgb = torch.rand(count, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    return Batch(rgb, luma(rgb), torch.arange(count), [""] * count, torch.full((count,), -1))


def fitted(method: LightnessVAE, steps: int) -> LightnessVAE:
    from lightning.pytorch import Trainer
    from torch.utils.data import DataLoader

    from colorlab.training.shells import shell_of

    quiet = {"logger": False, "enable_checkpointing": False, "enable_progress_bar": False}
    trainer = Trainer(accelerator="cpu", max_steps=2 * steps, enable_model_summary=False, **quiet)
    trainer.fit(shell_of(method), DataLoader([batch()] * steps, batch_size=None))
    return method


def test_the_adaptive_weight_is_the_ratio_of_the_pulls_on_the_anchor():
    anchor = torch.tensor([1.0, 2.0], requires_grad=True)
    rec, gan = (3 * anchor).sum(), (anchor * torch.tensor([0.0, 4.0])).sum()
    assert adaptive_weight(rec, gan, anchor) == pytest.approx(18**0.5 / (4 + 1e-4))
    assert adaptive_weight(rec, 0 * gan, anchor) == 1e4


def test_where_no_gradient_is_wanted_the_discriminator_weighs_nothing():
    anchor = torch.ones(2)
    assert adaptive_weight(anchor.sum(), anchor.sum(), anchor) == 0
    with torch.no_grad():
        assert adaptive_weight(anchor.sum(), anchor.sum(), anchor.requires_grad_()) == 0


@pytest.mark.whole
def test_the_autoencoder_is_the_same_after_training_and_in_no_weights(vae):
    method = made(vae, "method.losses.gan_start=1")
    before, start = weights_digest(method.vae), weights_digest(method.net)
    fitted(method, 3)
    assert torch.equal(weights_digest(method.vae), before) and not torch.equal(
        weights_digest(method.net), start
    )
    names = {name.split(".")[0] for name in method.state_dict()}
    assert names == {"net", "discriminator", "vae_digest", "batches_seen"}


@pytest.mark.whole
def test_the_discriminator_sets_in_after_its_count_of_batches(vae):
    method = made(vae, "method.losses.gan_start=2", "method.losses.gan=0.5")
    start = weights_digest(method.discriminator)
    fitted(method, 2)
    assert torch.equal(weights_digest(method.discriminator), start) and method.judged
    fitted(method, 1)
    assert not torch.equal(weights_digest(method.discriminator), start)


@pytest.mark.whole
def test_without_its_factor_there_is_no_discriminator_ever(vae):
    method = fitted(made(vae, "method.losses.gan_start=0", "method.losses.gan=0"), 2)
    assert not method.judged and set(method.loss(batch(), Draws(0, [0, 1]))) == {"loss", "l1"}


def test_the_parts_of_the_loss_add_up(vae):
    method = made(vae, "method.losses.gan_start=0", "method.losses.gan=0.5")
    losses = method.loss(batch(), Draws(0, [0, 1]))
    assert losses["gan_weight"] > 0
    assert torch.allclose(losses["loss"], losses["l1"] + 0.5 * losses["gan_weight"] * losses["gan"])


@pytest.mark.whole
def test_the_losses_are_the_sums_of_their_known_parts(vae, monkeypatch):
    method, shown = made(vae, "method.losses.gan_start=0"), batch_of(plain(0.6))
    keys = compose("train", ["name=x", "method=lightness_vae", "method.vae=x"]).method
    assert (keys.losses.perceptual, keys.losses.gan) == (0.1, 0.5)
    method.discriminator, method.losses = Mean(), replace(method.losses, perceptual=0.3)
    monkeypatch.setattr(
        lightness_vae, "load_perceptual", lambda net, device: lambda a, b: (a - b).square().mean()
    )
    monkeypatch.setattr(lightness_vae, "adaptive_weight", lambda rec, gan, anchor: 5.0)
    drawn = {"drawn": plain(0.8)}
    l1, perceptual, gan = 2 * 0.2, 0.2**2, -0.6  # colours and scores in [-1, 1]
    expected = l1 + 0.3 * perceptual + 0.5 * 5 * gan
    assert method.generator_loss(shown, drawn)["loss"].item() == pytest.approx(expected, rel=1e-4)
    judged = method.discriminator_loss(shown, drawn, Draws(0, [0, 1]))["loss"]
    assert judged.item() == pytest.approx(((1 - 0.2) + (1 + 0.6)) / 2, rel=1e-4)
    method.losses = replace(method.losses, gan=0)
    assert method.generator_loss(shown, drawn)["loss"].item() == pytest.approx(
        l1 + 0.3 * perceptual, rel=1e-4
    )


@pytest.mark.whole
def test_at_first_its_decoder_is_the_plain_one_bit_for_bit(vae):
    method, rgb = made(vae), batch().rgb
    plain, lightness = (
        method.reconstruct(rgb, luma(rgb), decoder) for decoder in ("plain", "lightness")
    )
    assert torch.equal(plain, lightness)


def test_swapped_and_locked_pictures_have_the_gray_pictures_lightness(vae):
    method, rgb = made(vae), batch().rgb
    wanted = lab_of(luma(rgb).expand(-1, 3, -1, -1))[:, 0]
    drawn = [
        lab_of(method.reconstruct(rgb, luma(rgb), decoder))[:, 0]
        for decoder in ("plain", "swap", "locked")
    ]
    plain, swapped, kept = ((lightness - wanted).abs().max() for lightness in drawn)
    assert swapped < 0.25 and kept < 0.25 and plain > 5


@pytest.mark.whole
def test_keeping_lightness_needs_a_gray_picture(vae):
    assert made(vae).conditions == ("lines", "gray") and made(
        vae, "method.decoder=locked"
    ).conditions == ("gray",)


@pytest.mark.whole
def test_weights_are_refused_with_another_autoencoder(vae, tmp_path):
    other = tiny_vae()
    other.decoder.conv_out.bias.data += 1
    save_vae(other, tmp_path / "vae")
    with pytest.raises(
        CheckpointError, match="is not the autoencoder that the run was trained on"
    ) as caught:
        made(tmp_path).load_state_dict(made(vae).state_dict())
    assert "\n" not in str(caught.value)


@pytest.mark.whole
def test_an_autoencoder_that_is_not_there_is_one_line(tmp_path):
    for path in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(ConfigError, match=r"is not a AutoencoderKL|is not there") as caught:
            made(path)
        assert "\n" not in str(caught.value)


@pytest.mark.whole
def test_a_run_leaves_the_decoder_for_other_methods(vae, tmp_path):
    method = fitted(made(vae, "method.losses.gan=0"), 2)
    method.export(tmp_path)
    opened, rgb = load_lightness_vae(str(tmp_path)), batch().rgb
    with torch.no_grad():
        z = torch.randn(2, 4, 8, 8, generator=torch.Generator().manual_seed(0))
        assert torch.allclose(opened.decode(z, luma(rgb)), method.decode(z, luma(rgb)), atol=1e-5)


def test_samples_are_the_gray_picture_itself(vae):
    method, image = made(vae).eval(), batch().image
    drawn = method.sample(Condition(image), 2, Draws(0, [0, 1]))
    whole = method.reconstruct(image.expand(-1, 3, -1, -1), image, "lightness")
    assert torch.allclose(drawn[:, 1], whole, atol=1e-5)


@pytest.mark.whole
def test_by_default_the_critic_judges_the_picture_alone_as_vqgans_does(vae):
    shown = batch()
    other = shown._replace(image=1 - shown.image)
    for words, alone in (((), True), (("method.critic.sees_gray=true",), False)):
        method = made(vae, *words)
        assert (
            torch.equal(method.scores(shown, shown.rgb), method.scores(other, shown.rgb)) == alone
        )
