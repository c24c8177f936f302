"""The flow is one to one, and its change of volume is the true one."""

from __future__ import annotations

import pytest
import torch

from colorlab.draws import Draws
from colorlab.nets.cinn_net import ActNorm, FlowNet, haar, haar_inverse


def stirred(
    channels: int = 2, blocks: tuple[int, ...] = (1, 2, 1), shrink: int = 1, by: float = 0.1
) -> FlowNet:
    """A small flow of which nothing is at its start."""
    torch.manual_seed(0)
    net = FlowNet(channels, 4, blocks, 1.5, shrink)
    generator = torch.Generator().manual_seed(0)
    for parameter in net.parameters():
        parameter.data += by * torch.randn(parameter.shape, generator=generator)
    return net.requires_grad_(False)


def normal(*shape: int) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("channels", [2, 3])
def test_backwards_after_forwards_is_the_identity(channels: int) -> None:
    net = stirred(channels, (4, 6, 6, 6), by=0.03)
    x, image = normal(3, channels, 32, 48), normal(3, 1, 32, 48).sigmoid()
    encoding = net.encode(image)
    z, _ = net(x, encoding)
    assert (net.inverse(z, encoding) - x).abs().max() < 1e-4
    # and it is not the identity by itself
    assert (z[0] - haar(x)[:, : z[0].shape[1]].mean()).std() > 0.1


def test_the_log_determinant_is_that_of_the_jacobian() -> None:
    net = stirred().double()
    x = normal(1, 2, 8, 8).double()
    image = normal(1, 1, 8, 8).double().sigmoid()
    encoding = net.encode(image)

    def flat(numbers: torch.Tensor) -> torch.Tensor:
        return torch.cat([part.flatten() for part in net(numbers.view_as(x), encoding)[0]])

    jacobian = torch.autograd.functional.jacobian(flat, x.flatten(), vectorize=True)
    assert torch.allclose(
        net(x, encoding)[1][0], torch.linalg.slogdet(jacobian).logabsdet, atol=1e-9
    )


def test_noise_has_as_many_numbers_as_the_colours_and_the_shapes_of_z() -> None:
    net, x = stirred(3, (1, 1, 1, 1)), normal(2, 3, 32, 16)
    z, _ = net(x, net.encode(normal(2, 1, 32, 16)))
    noise = net.noise(Draws(0, [4, 5]), 32, 16, torch.device("cpu"))
    assert [part.shape for part in noise] == [part.shape for part in z]
    assert sum(part[0].numel() for part in noise) == x[0].numel()


def test_haar_is_an_orthogonal_map_whose_first_channels_are_means() -> None:
    x = normal(2, 3, 8, 6)
    assert torch.allclose(haar(x).square().sum((1, 2, 3)), x.square().sum((1, 2, 3)))
    assert torch.allclose(haar(x)[:, :3], 2 * torch.nn.functional.avg_pool2d(x, 2), atol=1e-6)
    assert torch.allclose(haar_inverse(haar(x)), x, atol=1e-6)


def test_settled_norms_give_every_channel_mean_0_and_deviation_1() -> None:
    net, x, image = stirred(), 5 + 3 * normal(16, 2, 16, 16), normal(16, 1, 16, 16).sigmoid()
    net.settle(x, image)
    seen: list[torch.Tensor] = []
    for module in net.modules():
        if isinstance(module, ActNorm):
            module.register_forward_hook(lambda *arguments: seen.append(arguments[2]))
    net(x, net.encode(image))
    assert len(seen) == 4
    assert all(torch.allclose(y.mean((0, 2, 3)), torch.zeros(1), atol=1e-4) for y in seen)
    assert all(torch.allclose(y.std((0, 2, 3)), torch.ones(1), atol=1e-3) for y in seen)


def test_the_log_scales_stay_within_the_clamp_whatever_the_subnets_say() -> None:
    net = stirred()
    block = net.levels[0].blocks[0]
    for subnet in block.subnets:
        subnet.last.weight.mul_(1e4)
    s, _ = block._affine(0, normal(1, 4, 8, 8), net.encode(normal(1, 1, 16, 16))[0][0])
    assert 1.4 < s.abs().max() <= 1.5


def test_chroma_at_a_quarter_of_the_side_sees_the_whole_picture() -> None:
    net, image = stirred(2, (1, 1), shrink=4), normal(1, 1, 64, 64).requires_grad_()
    encoding = net.encode(image)
    assert [told[0].shape[-2:] for told in encoding] == [(8, 8), (4, 4)]
    encoding[0][0][..., 0, 0].sum().backward()
    assert image.grad is not None and (image.grad != 0).float().mean() > 0.9
