"""The lightness-aware decoder begins as the plain one, reads the gray picture, and locks lightness
to the bit."""

from __future__ import annotations

import copy

import pytest
import torch

from colorlab.color import lab_of, locked, luma
from colorlab.errors import ConfigError
from colorlab.nets.latent.lightness_decoder import (
    LightnessDecoder,
    load_lightness_vae,
    save_lightness_vae,
)
from colorlab.nets.latent.prior import decoded, encoded
from tests.tiny_prior import tiny_vae


@pytest.fixture(scope="module", params=[4, 8])
def vae(request):
    return tiny_vae(request.param).requires_grad_(False)


@pytest.fixture
def decoder(vae):
    return LightnessDecoder(vae)


def pictures(count: int, side: int = 32) -> torch.Tensor:
    return torch.rand(count, 3, side, side, generator=torch.Generator().manual_seed(0))


def unlike_zero(decoder: LightnessDecoder) -> LightnessDecoder:
    for k, parameter in enumerate(decoder.adders.parameters()):
        parameter.data += 0.3 * torch.randn(
            parameter.shape, generator=torch.Generator().manual_seed(k)
        )
    return decoder


@torch.no_grad()
def test_it_begins_as_the_plain_decoder_bit_for_bit(vae, decoder):
    rgb = pictures(2)
    z = encoded(vae, rgb)
    assert torch.equal(decoder(vae, z, luma(rgb)), decoded(vae, z))


@torch.no_grad()
def test_features_have_the_size_and_width_of_the_decoders_levels(vae, decoder):
    features, widths = decoder.gray(luma(pictures(1))), vae.config.block_out_channels
    sides = [32, *(32 // 2**level for level in range(len(widths)))]
    assert [tuple(f.shape[1:]) for f in features] == [
        (w, s, s) for w, s in zip([8, *widths], sides, strict=True)
    ]


@torch.no_grad()
def test_the_gray_picture_reaches_the_colours_where_it_differs(vae, decoder):
    rgb = pictures(1, 64)
    z, gray = encoded(vae, rgb), luma(rgb)
    other = gray.clone()
    other[..., :8, :8] = 1
    apart = (unlike_zero(decoder)(vae, z, gray) - decoder(vae, z, other)).abs().amax(1)
    assert apart[..., :8, :8].max() > 10 * apart[..., 48:, 48:].max()


@torch.no_grad()
def test_one_gray_picture_serves_many_latents(vae, decoder):
    rgb = pictures(1)
    z, gray = encoded(vae, rgb).expand(3, -1, -1, -1), luma(rgb)
    assert torch.allclose(
        unlike_zero(decoder)(vae, z, gray), decoder(vae, z, gray.expand(3, -1, -1, -1)), atol=1e-5
    )


def test_the_anchor_has_a_gradient_although_the_decoder_is_frozen(vae, decoder):
    rgb = pictures(1)
    drawn = decoder(vae, encoded(vae, rgb), luma(rgb))
    (slope,) = torch.autograd.grad((drawn - rgb).abs().mean(), decoder.anchor)
    assert slope.abs().max() > 0


def test_it_learns_from_a_copy_and_leaves_the_autoencoder_alone(vae, decoder):
    before = copy.deepcopy(vae.state_dict())
    optimizer, rgb = torch.optim.SGD(decoder.parameters(), 0.1), pictures(1)
    for _ in range(2):
        optimizer.zero_grad()
        (decoder(vae, encoded(vae, rgb), luma(rgb)) - rgb).square().mean().backward()
        optimizer.step()
    assert all(p.grad is not None and p.grad.abs().max() > 0 for p in decoder.gray.parameters())
    assert all(torch.equal(value, before[name]) for name, value in vae.state_dict().items())


def test_the_lock_gives_the_gray_pictures_lightness_to_the_rounding_of_8_bits():
    gray = torch.linspace(0, 1, 256).reshape(1, 1, 16, 16)
    vivid = pictures(50, 16) * 1.4 - 0.2
    found, wanted = lab_of(locked(vivid, gray)), lab_of(gray.expand(1, 3, -1, -1))
    eight_bits = lab_of((locked(vivid, gray) * 255).round() / 255)
    assert (found[:, :1] - wanted[:, :1]).abs().max() < 0.25
    step = (lab_of((gray + 1 / 255).clamp(max=1).expand(1, 3, -1, -1)) - wanted)[:, :1].abs().max()
    assert (eight_bits[:, :1] - wanted[:, :1]).abs().max() < step + 0.25


def test_the_lock_keeps_hue_and_only_takes_chroma():
    rgb = pictures(1, 16)
    gray = luma(rgb)
    before, after = lab_of(rgb)[:, 1:], lab_of(locked(rgb, gray))[:, 1:]
    turned = before[:, 0] * after[:, 1] - before[:, 1] * after[:, 0]
    assert (turned / before.norm(dim=1).clamp_min(1)).abs().max() < 1
    assert (after.norm(dim=1) < before.norm(dim=1) + 0.5).all()


@torch.no_grad()
def test_it_goes_through_its_folder_with_its_autoencoder(vae, decoder, tmp_path):
    rgb = pictures(1)
    save_lightness_vae(
        vae, unlike_zero(decoder).to(memory_format=torch.channels_last), tmp_path / "lightness"
    )
    z, gray = encoded(vae, rgb), luma(rgb)
    wanted = decoder(vae, z, gray)
    for path in (tmp_path, tmp_path / "lightness"):
        assert torch.allclose(load_lightness_vae(str(path)).decode(z, gray), wanted, atol=1e-5)


def test_a_folder_without_one_is_one_line(tmp_path):
    with pytest.raises(
        ConfigError, match=r"decoder=.* has no gray.safetensors .*lightness_vae\)"
    ) as caught:
        load_lightness_vae(str(tmp_path))
    assert "\n" not in str(caught.value)


def test_a_damaged_folder_is_one_line(vae, decoder, tmp_path):
    save_lightness_vae(vae, decoder, tmp_path)
    (tmp_path / "gray.safetensors").write_bytes(b"nothing")
    with pytest.raises(ConfigError, match=r"gray.safetensors does not fit") as caught:
        load_lightness_vae(str(tmp_path))
    assert "\n" not in str(caught.value)
