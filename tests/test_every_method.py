"""One suite over every conf/method/*.yaml: a new method is tested the moment its yaml exists."""

from __future__ import annotations

import pytest
import torch

from colorlab.config import build, compose, conf_dir, declared
from colorlab.draws import Draws
from colorlab.types import Batch, Condition

METHODS = sorted(path.stem for path in (conf_dir() / "method").glob("*.yaml"))


def configured(name: str):
    keys = {key for key, _, _ in declared(conf_dir() / "method" / f"{name}.yaml")}
    small = ["method.width=4"] if "width" in keys else []
    cfg = compose("train", ["name=t", f"method={name}", "trainer.max_steps=10", *small])
    if "sampler" in cfg.method:
        cfg.method.sampler.steps = 3
    torch.manual_seed(0)
    return build(cfg.method)


def batch(n: int = 3, side: int = 32) -> Batch:
    g = torch.Generator().manual_seed(5)
    rgb, image = torch.rand(n, 3, side, side, generator=g), torch.rand(n, 1, side, side, generator=g)
    return Batch(rgb, image, torch.arange(n) + 10, [""] * n, torch.full((n,), -1))


@pytest.fixture(scope="module", params=METHODS)
def method(request):
    """The method after two training steps, so that nothing starts from zero."""
    built = configured(request.param)
    optimizer = torch.optim.SGD(built.parameters(), 0.05)
    for step in range(2):
        losses = built.loss(batch(), Draws(0, range(3), [step] * 3))
        assert all(torch.isfinite(value) for value in losses.values())
        optimizer.zero_grad()
        losses["loss"].backward()
        optimizer.step()
    generator = torch.Generator().manual_seed(0)
    for parameter in built.parameters():  # two steps leave zero-initialised heads too close to zero to show anything
        parameter.data += 0.2 * torch.randn(parameter.shape, generator=generator)
    return built.eval()


def drawn(method, n: int = 3, which: slice = slice(None)) -> torch.Tensor:
    b = batch()
    return method.sample(Condition(b.image[which]), n, Draws(0, b.index[which].tolist()))


def eight_bits(pictures: torch.Tensor) -> torch.Tensor:
    return (pictures * 255).round()


def test_every_parameter_learns_from_the_loss(method) -> None:
    method.zero_grad()
    method.loss(batch(), Draws(0, range(3)))["loss"].backward()
    idle = [name for name, p in method.named_parameters() if p.requires_grad and p.grad is None]
    assert not idle


def test_samples_have_shape_and_range(method) -> None:
    pictures = drawn(method)
    assert pictures.shape == (3, 3, 3, 32, 32)
    assert torch.isfinite(pictures).all() and pictures.min() >= 0 and pictures.max() <= 1


def test_the_same_draws_give_the_same_pictures(method) -> None:
    assert torch.equal(drawn(method), drawn(method))


def test_candidates_differ(method) -> None:
    pictures = drawn(method)
    assert (pictures[:, 0] - pictures[:, 1]).abs().amax(dim=(1, 2, 3)).min() > 1e-3


def test_a_candidate_is_the_same_8_bit_picture_in_any_batch_order_and_number(method) -> None:
    whole = eight_bits(drawn(method, 3))
    assert torch.equal(eight_bits(drawn(method, 3, slice(1, 2)))[0], whole[1])
    assert torch.equal(eight_bits(drawn(method, 2)), whole[:, :2])
    b = batch()
    backwards = method.sample(Condition(b.image.flip(0)), 3, Draws(0, b.index.flip(0).tolist()))
    assert torch.equal(eight_bits(backwards), whole.flip(0))


def test_sampling_leaves_the_global_random_state_alone(method) -> None:
    before = torch.get_rng_state()
    drawn(method)
    assert torch.equal(before, torch.get_rng_state())


@pytest.mark.parametrize("size", [(1, 1), (17, 16), (33, 50)])
def test_pictures_of_any_size_come_back_in_that_size(method, size: tuple[int, int]) -> None:
    image = torch.rand(1, 1, *size, generator=torch.Generator().manual_seed(0))
    assert method.sample(Condition(image), 2, Draws(0, [0])).shape == (1, 2, 3, *size)


def test_weights_go_through_a_file_unchanged(method, tmp_path) -> None:
    from colorlab.checkpoint import WEIGHTS, _tensors, fill, save_weights

    save_weights(method, tmp_path)
    state = _tensors(tmp_path / WEIGHTS)
    fill(method, state, tmp_path)
    assert all(torch.equal(value, method.state_dict()[name]) for name, value in state.items())
