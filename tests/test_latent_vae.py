"""The autoencoder learns, knows the scale of its latents, and leaves a folder that the other stages
open."""

from __future__ import annotations

import pytest
import torch

from colorlab.cli.config import compose
from colorlab.cli.targets import build
from colorlab.draws import Draws
from colorlab.errors import ConfigError
from colorlab.methods import latent_vae
from colorlab.methods.latent_vae import LatentVAE, psnr
from colorlab.nets.latent.prior import decoded, encoded, load_vae
from colorlab.samplers.guides import Bias
from colorlab.types import Batch, Condition


def made(*overrides: str) -> LatentVAE:
    torch.manual_seed(0)
    small = ["name=x", "method=latent_vae", "method.width=8", "method.losses.perceptual=0"]
    return build(compose("train", [*small, *overrides]).method)


def batch(count: int = 4) -> Batch:
    rgb = torch.rand(count, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    return Batch(rgb, rgb[:, :1], torch.arange(count), [""] * count, torch.full((count,), -1))


def test_f4_has_four_numbers_for_each_block_of_sixteen_pixels():
    method = made()
    assert method.factor == 4 and method.vae.encode(batch().rgb).latent_dist.mean.shape == (
        4,
        4,
        8,
        8,
    )


def test_the_scale_is_one_over_the_deviation_of_the_latents_seen():
    method, shown = made(), batch()
    with torch.no_grad():
        z = method.vae.encode(2 * shown.rgb - 1).latent_dist.mean
        for _ in range(3):
            method.loss(shown, Draws(0, range(4)))
            method.batches_seen += 1
    assert method.scaling_factor == pytest.approx(float(1 / z.std(unbiased=False)), rel=1e-4)
    method.eval().loss(batch(1), Draws(0, [0]))
    assert method.scaling_factor == pytest.approx(float(1 / z.std(unbiased=False)), rel=1e-4)


def test_the_exported_folder_gives_the_same_pictures_from_latents_of_deviation_one(tmp_path):
    method, rgb = made().eval(), batch().rgb
    method.train().loss(batch(), Draws(0, range(4)))
    method.eval().export(tmp_path)
    vae = load_vae(str(tmp_path))
    with torch.no_grad():
        z = encoded(vae, rgb)
        assert float(z.std(unbiased=False)) == pytest.approx(1, rel=1e-3)
        assert torch.allclose(decoded(vae, z).clamp(0, 1), method.reconstruct(rgb), atol=1e-4)


def test_the_parts_of_the_loss_add_up():
    losses = made("method.losses.kl=0.5").eval().loss(batch(), Draws(0, range(4)))
    assert torch.allclose(losses["loss"], losses["l1"] + 0.5 * losses["kl"])


@pytest.mark.whole
def test_the_loss_is_l1_a_touch_of_divergence_and_the_perceptual_distance(monkeypatch):
    keys = compose("train", ["name=x", "method=latent_vae"]).method
    assert (keys.losses.perceptual, keys.losses.kl) == (0.1, 1e-6)
    method = made("method.losses.kl=0.5", "method.losses.perceptual=0.3").eval()
    colors = 2 * batch().rgb - 1
    monkeypatch.setattr(
        latent_vae, "load_perceptual", lambda net, device: lambda a, b: (a - b).square().mean()
    )
    q = method.vae.encode(colors).latent_dist
    drawn = method.vae.decode(
        q.mean + (q.logvar / 2).exp() * Draws(0, range(4)).normal(4, 8, 8)
    ).sample
    kl = (q.mean.square() + q.logvar.exp() - q.logvar - 1).sum((1, 2, 3)).mean() / 2 / (3 * 32 * 32)
    expected = (
        (drawn - colors).abs().mean() + 0.5 * kl + 0.3 * ((drawn - colors) / 2).square().mean()
    )
    assert torch.allclose(method.loss(batch(), Draws(0, range(4)))["loss"], expected, rtol=1e-4)


def test_psnr_is_of_clipped_colours():
    truth = torch.full((2, 3, 4, 4), 1.0)
    assert psnr(truth + 5, truth) == 100 and psnr(truth - 0.2, truth) == pytest.approx(20, abs=1e-4)


@pytest.mark.whole
def test_a_few_steps_on_one_batch_bring_its_pictures_nearer():
    method, shown = made(), batch()
    shown = shown._replace(
        rgb=shown.rgb.mean((2, 3), keepdim=True).sub(0.5).mul(20).sigmoid().expand(-1, -1, 32, 32)
    )
    optimizer, errors = torch.optim.AdamW(method.parameters(), 5e-3), []
    for k in range(20):
        losses = method.loss(shown, Draws(0, range(4), [k] * 4))
        optimizer.zero_grad()
        losses["loss"].backward()
        optimizer.step()
        errors.append(float(losses["l1"].detach()))
    assert errors[-1] < 0.7 * errors[0]


def test_pictures_come_back_one_way_and_take_no_guide():
    method, image = made().eval(), batch().image
    assert torch.equal(*method.sample(Condition(image), 2, Draws(0, range(4))).unbind(1))
    with pytest.raises(ConfigError, match="takes no guide, bias or hints"):
        method.sample(Condition(image), 1, Draws(0, range(4)), [Bias("palette")])
