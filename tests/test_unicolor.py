"""UniColor: codes of chroma, drawn in rounds in an order of each candidate's own, with hints on a
grid."""

from __future__ import annotations

from typing import Any

import pytest
import torch
import torch.nn.functional as F

from colorlab.color import AB, lab_of, luma
from colorlab.draws import Draws
from colorlab.errors import ConfigError
from colorlab.methods.unicolor import hints_of_cells, rounds_of
from colorlab.nets.chroma_codes import ChromaCodes
from colorlab.nets.color_heads import inverse_cdf
from colorlab.samplers.guides import Bias, Inpaint
from colorlab.types import Batch, Condition, Hints
from tests.small_methods import image, stirred

SMALL = [
    "name=t", "method=unicolor", "data.condition=gray", "method.width=2", "method.codes.count=6",
    "method.codes.channels=4", "method.codes.refiner_width=4", "method.net.channels=8",
    "method.net.heads=2", "method.net.layers=1", "trainer.max_steps=10",
]  # fmt: skip


def unicolor(*overrides: str) -> Any:
    return stirred([*SMALL, *overrides], 0.3)


@pytest.mark.parametrize(("cells", "rounds"), [(1, 12), (12, 12), (64, 12), (5, 9), (100, 1)])
def test_rounds_take_every_place_once_and_ever_more(cells: int, rounds: int) -> None:
    found = rounds_of(cells, rounds)
    assert [begin for begin, _ in found] == [0, *(end for _, end in found[:-1])] and found[-1][
        1
    ] == cells
    sizes = [end - begin for begin, end in found]
    assert len(sizes) <= min(rounds, cells) and min(sizes) >= 1
    assert rounds < cells or sizes == [1] * cells
    assert sizes == sorted(sizes) or rounds < cells  # but for rounding
    assert rounds != 12 or cells != 64 or sizes[0] < 64 / 12 < sizes[-1]


@pytest.mark.whole
def test_as_many_rounds_as_cells_draw_one_code_after_another() -> None:
    built, rows = unicolor("method.drawing.rounds=99"), Draws(0, [0]).candidates(3)
    tokens, _ = built.tokens(image(16, 24))
    order = rows.to("order").uniform(6).argsort(1)
    u, found = rows.to("codes").uniform(6), torch.full((3, 6), 6)
    for k in range(6):
        for row in range(3):
            logits = built.net(tokens, torch.ones(1, 6, dtype=torch.bool), found[row : row + 1])[
                0, order[row, k]
            ]
            found[row, order[row, k]] = inverse_cdf(
                logits[None, :, None, None], u[row, order[row, k], None, None, None]
            )
    assert torch.equal(built.drawn(tokens, rows), found)
    assert len(found.unique(dim=0)) == 3


def test_a_code_is_the_nearest_and_of_unit_length() -> None:
    codes, draws = ChromaCodes(2, 4, 9, 5), Draws(0, [0])
    z = codes.encoded(image(16, 24), draws.normal(2, 16, 24))
    found = codes.of(codes.nearest(z))
    table = F.normalize(codes.codebook, dim=1)
    apart = torch.cdist(z.movedim(1, -1).flatten(0, 2), table)
    assert torch.equal(codes.nearest(z).flatten(), apart.argmin(1))
    assert torch.allclose(found.square().sum(1), torch.ones(1, 2, 3), atol=1e-5)


def test_the_gradient_of_what_is_painted_passes_the_choice_of_a_code() -> None:
    codes, ab = ChromaCodes(2, 4, 9, 5), Draws(0, [0]).normal(2, 16, 16)
    torch.nn.init.normal_(codes.decoder.head.weight, std=0.1)
    gray = image(16, 16)
    _, _, painted = codes.losses(gray, ab, 0.25)
    (found,) = torch.autograd.grad(painted, codes.encoder[6].bias, retain_graph=True)
    z = codes.encoded(gray, ab)
    chosen = codes.of(codes.nearest(z)).detach().requires_grad_()
    (at_code,) = torch.autograd.grad(F.l1_loss(codes.decoder(gray, chosen), ab), chosen)
    (wanted,) = torch.autograd.grad(z, codes.encoder[6].bias, at_code)
    assert torch.allclose(found, wanted, atol=1e-6) and found.abs().max() > 0
    # codes learn by nearness alone
    assert torch.autograd.grad(painted, codes.codebook, allow_unused=True)[0] is None


def test_hints_of_cells_are_the_means_of_what_is_shown_in_each() -> None:
    shown, cells = torch.zeros(1, 3, 2, 4), torch.tensor([[[0, 0, 1, 1], [0, 0, 1, 1]]])
    shown[0, :, 0, 0], shown[0, :, 1, 1] = torch.tensor([0.2, -0.4, 1]), torch.tensor([0.4, 0.0, 1])
    found = hints_of_cells(shown, cells, 2)
    assert (
        torch.allclose(found[0, 0], torch.tensor([0.3, -0.2, 1])) and found[0, 1].abs().max() == 0
    )


@pytest.mark.whole
def test_hints_are_kept_exactly_and_reach_beyond_themselves() -> None:
    built, gray = unicolor(), image(32, 40)
    built.net.feature.weight *= 1e-4  # an untrained trunk is loud
    rgb, mask = torch.zeros(1, 3, 32, 40), torch.zeros(1, 1, 32, 40)
    rgb[:, 0, 4:8, 4:8], mask[..., 4:8, 4:8] = 0.7, 1
    free = built.sample(Condition(gray), 4, Draws(0, [0]))
    held = built.sample(
        Condition(gray, Hints(rgb, mask)), 4, Draws(0, [0]), [Inpaint("clean", 1, 0.0)]
    )
    wanted = AB().decode(AB().encode(rgb), gray)
    inside = mask[0, 0] > 0
    assert torch.allclose(held[0, 0][:, inside], wanted[0][:, inside], atol=1e-4)
    assert (lab_of(held)[0] - lab_of(free)[0])[:, 1:, ~inside].abs().max() > 0.5


def test_what_is_left_out_is_asked_and_one_code_at_least() -> None:
    built, truth = unicolor(), torch.arange(16).repeat(50, 1) % 6
    known = built.left_in(truth, Draws(0, range(50)))
    out = known == 6
    assert torch.equal(known[~out], truth[~out]) and out.sum(1).min() >= 1 and out.sum(1).max() > 12
    assert 0.5 < out.float().mean() < 0.75  # the mean of the cosine is 2 / pi


def test_the_loss_is_its_parts_times_their_weights() -> None:
    built, rgb = unicolor("method.codes.commitment=0.5"), Draws(0, [0, 1]).uniform(3, 32, 32)
    batch = Batch(rgb, luma(rgb), torch.arange(2), [""] * 2, torch.full((2,), -1))
    found = built.loss(batch, Draws(0, [0, 1]))
    z = built.codes.encoded(batch.image, AB().encode(rgb))
    apart = 1.5 * (built.codes.of(built.codes.nearest(z)) - z).square().sum(1).mean()
    assert found["loss"].item() == pytest.approx(
        (found["codes"] + apart + 10 * found["painted"]).item(), rel=1e-4
    )
    assert 0 < found["used"] <= 1


def test_most_training_pictures_have_few_hints() -> None:
    built, count = unicolor("method.net.hinted=0.6"), 4
    ab, cells = torch.rand(2048, 2, 2, 2), torch.arange(4).view(1, 2, 2).expand(2048, -1, -1)
    points = built.points(ab, cells, count, Draws(0, range(2048)))
    there = points[..., 2]
    assert there.mean().item() == pytest.approx(0.6**2 / 3, abs=0.02)  # (0.6 u)^2, u even in [0, 1]
    assert torch.allclose(points[..., :2], ab.flatten(2).mT * there[..., None])


def test_codes_begin_as_cells_of_training_pictures() -> None:
    built, rgb = unicolor(), Draws(0, range(3)).uniform(3, 32, 32)

    class Pictures:
        splits = {"train": torch.arange(3).numpy()}

        def __getitem__(self, which: list[int]) -> Batch:
            return Batch(
                rgb[which], luma(rgb[which]), torch.tensor(which), [""] * 3, torch.full((3,), -1)
            )

    built.prepare(Pictures())
    z = built.codes.encoded(luma(rgb), AB().encode(rgb)).movedim(1, -1).flatten(0, 2)
    assert torch.cdist(built.codes.codebook, z).amin(1).max() < 1e-3


def test_other_guides_are_refused_in_one_line() -> None:
    with pytest.raises(ConfigError, match="unicolor takes hints, but no guide"):
        unicolor().sample(Condition(image()), 1, Draws(0, [0]), [Bias("#ff0000")])
