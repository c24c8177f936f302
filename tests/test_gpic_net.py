"""The network: its two halves equal the whole, one encoding serves every candidate, its levels are
told apart."""

from __future__ import annotations

import pytest
import torch

from colorlab.nets.gpic_net import GPICNet


def net(width: int = 4, **changes) -> GPICNet:
    settings = {
        "fourier_features": 8,
        "fourier_scale": 1.0,
        "embed_of": "xi",
        "literal_film": False,
    }
    built = GPICNet(width, **(settings | changes))
    generator = torch.Generator().manual_seed(0)
    for parameter in built.parameters():  # the zero starts would hide what we look for
        parameter.data += 0.05 * torch.randn(parameter.shape, generator=generator)
    return built.eval()


def inputs(n: int = 3, side: int = 32) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    g = torch.Generator().manual_seed(1)
    return (
        torch.randn(n, 3, side, side, generator=g),
        torch.rand(n, generator=g),
        torch.rand(1, 1, side, side, generator=g),
    )


@torch.no_grad()
def test_encoding_a_drawing_once_equals_encoding_it_for_every_candidate() -> None:
    x, alpha_bar, image = inputs()
    model = net()
    naive = model(x, alpha_bar, image.expand(3, -1, -1, -1))
    hoisted = model.decode(x, model.level(alpha_bar), model.encode(image))
    assert (naive - hoisted).abs().max() < 1e-6
    assert naive.abs().max() > 0.01


@torch.no_grad()
def test_the_split_convolution_equals_one_over_the_concatenation() -> None:
    level = net().levels[0]
    y, skip = torch.randn(1, 32, 8, 8), torch.randn(1, 32, 8, 8)
    whole = torch.nn.functional.conv2d(
        torch.cat([y, skip], 1),
        torch.cat([level.conv_up.weight, level.conv_skip.weight], 1),
        level.conv_up.bias,
        padding=1,
    )
    assert torch.allclose(whole, level.conv_up(y) + level.conv_skip(skip), atol=1e-5)


@torch.no_grad()
@pytest.mark.parametrize("embed_of", ["xi", "alpha_bar", "sqrt_alpha_bar", "log_snr"])
def test_the_level_reaches_the_output(embed_of: str) -> None:
    x, _, image = inputs(1)
    model = net(embed_of=embed_of)
    levels = torch.tensor([0.01, 0.5, 0.99])
    embeddings = model.level(levels)
    assert torch.pdist(embeddings).min() > 1e-3
    outputs = torch.cat([model(x, level[None], image) for level in levels])
    assert torch.pdist(outputs.flatten(1)).min() > 1e-5


def test_an_unknown_embedding_names_the_choices() -> None:
    with pytest.raises(ValueError, match="log_snr"):
        net(embed_of="sigma")(*inputs(1))


def test_the_fourier_basis_travels_with_the_weights() -> None:
    assert "level.b" in net().state_dict()


@pytest.mark.parametrize(("width", "millions"), [(8, 0.9), (16, 3.7), (32, 14.7)])
def test_sizes_are_about_those_of_the_note(width: int, millions: float) -> None:
    count = sum(p.numel() for p in net(width).parameters()) / 1e6
    assert count == pytest.approx(millions, rel=0.35)


def test_a_fresh_film_is_the_identity_unless_literal() -> None:
    from colorlab.nets.gpic_net import FiLM

    y, state, embedding = torch.randn(2, 4, 8, 8), torch.randn(2, 4, 8, 8), torch.randn(2, 16)
    assert torch.equal(FiLM(4, 16, literal=False)(y, state, embedding), y)
    literal = FiLM(4, 16, literal=True)
    scale, bias = literal.head(
        torch.nn.functional.silu(literal.state(state) + literal.level(embedding)[:, :, None, None])
    ).chunk(2, 1)
    assert torch.allclose(literal(y, state, embedding), scale * y + bias, atol=1e-6)
