"""The U-Net of the adversarial methods and the encoder of its code."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from colorlab.nets.unet import CodeEncoder, Layer, UNet, padded

LATENT = 3


def net(latent: int = LATENT) -> UNet:
    torch.manual_seed(0)
    return UNet(4, 4, latent, 3).eval().requires_grad_(False)


def image(height: int = 32, width: int = 32, n: int = 2) -> torch.Tensor:
    return torch.rand(n, 1, height, width, generator=torch.Generator().manual_seed(1))


def test_pictures_of_any_size_come_back_in_that_size_and_in_range() -> None:
    for size in ((1, 1), (17, 40), (32, 32)):
        out = net()(image(*size), torch.randn(2, LATENT))
        assert out.shape == (2, 3, *size) and out.abs().max() < 1


def test_a_row_does_not_depend_on_the_others() -> None:
    z = torch.randn(2, LATENT)
    assert torch.allclose(net()(image(), z)[1:], net()(image()[1:], z[1:]), atol=1e-6)


@pytest.mark.parametrize("heard", range(8))
def test_every_layer_hears_the_code(heard: int) -> None:
    unet = net()
    for k, layer in enumerate([*unet.downs, *unet.ups]):
        if k != heard:
            layer.latent.weight.zero_()
    first, second = unet(image(), torch.zeros(2, LATENT)), unet(image(), torch.ones(2, LATENT))
    assert (first - second).abs().max() > 1e-4


def test_with_the_code_s_weights_at_zero_all_codes_give_one_picture() -> None:
    unet = net()
    for layer in [*unet.downs, *unet.ups]:
        layer.latent.weight.zero_()
    assert torch.equal(unet(image(), torch.randn(2, LATENT)), unet(image(), torch.randn(2, LATENT)))


def test_a_code_behind_the_convolution_is_constant_planes_before_it() -> None:
    conv = torch.nn.Conv2d(2, 5, 4, 2, 1)
    layer = Layer(conv, LATENT, norm=False)
    layer.latent.bias.data.zero_()
    x, z = torch.randn(2, 2, 16, 16), torch.randn(2, LATENT)
    taps = torch.randn(5, LATENT, 4, 4)
    layer.latent.weight.data = taps.sum((2, 3))
    planes = torch.cat([x, z[:, :, None, None].expand(-1, -1, 16, 16)], 1)
    joined = F.leaky_relu(F.conv2d(planes, torch.cat([conv.weight, taps], 1), conv.bias, 2, 1), 0.2)
    inner = slice(1, -1)  # the border sees zeros in place of the planes
    assert torch.allclose(layer(x, z)[..., inner, inner], joined[..., inner, inner], atol=1e-4)


def test_masks_fit_the_coarsest_layers_and_ones_change_nothing() -> None:
    unet, shown = net(0), image(40, 32)
    shapes = unet.mask_shapes(shown)
    assert shapes == [(16, 6, 4), (8, 12, 8), (4, 24, 16)]
    ones = [torch.ones(2, *shape) for shape in shapes]
    assert torch.equal(unet(shown, keep=ones), unet(shown))
    assert not torch.allclose(unet(shown, keep=[0 * ones[0], *ones[1:]]), unet(shown), atol=1e-4)


def test_the_finest_features_and_the_drawing_meet_in_one_convolution() -> None:
    unet, seen = net(0), []
    unet.ups[-1].register_forward_hook(lambda *hook: seen.append(hook[2]))
    out = unet(image())
    weight = torch.cat([unet.head.weight, unet.head_image.weight], 1)
    joined = F.conv2d(torch.cat([seen[0], 2 * image() - 1], 1), weight, unet.head.bias, padding=1)
    assert torch.allclose(out, joined.tanh(), atol=1e-5)


def test_padding_repeats_the_border() -> None:
    x = torch.arange(6.0).view(1, 1, 2, 3)
    assert padded(x, 4)[0, 0].tolist() == [[0, 1, 2, 2], [3, 4, 5, 5], [3, 4, 5, 5], [3, 4, 5, 5]]
    assert padded(x, 1) is x


def test_the_encoder_of_codes_sees_the_mean_colour() -> None:
    torch.manual_seed(0)
    encoder = CodeEncoder(3, 8, 3, 5)
    flat = torch.full((1, 3, 30, 20), 0.5)
    assert encoder(flat).shape == (1, 5)
    assert (encoder(flat) - encoder(-flat)).abs().max() > 0.01
