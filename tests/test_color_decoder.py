"""The nets of flats: what they must know nothing of, and steps against the whole."""

from __future__ import annotations

import pytest
import torch

from colorlab.nets import area_encoder
from colorlab.nets.area_encoder import AreaEncoder, Drawn, memberships, related, rim_of, touching
from colorlab.nets.color_decoder import ColorDecoder, waves

SIDE, D, K = 32, 16, 12


def drawings() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Two drawings of four squares each, the second with the lower two joined."""
    quarters = (
        torch.arange(4)
        .reshape(2, 2)
        .repeat_interleave(SIDE // 2, 0)
        .repeat_interleave(SIDE // 2, 1)
    )
    labels = torch.stack([quarters, quarters.clamp(max=2)])
    image = torch.ones(2, 1, SIDE, SIDE)
    image[..., SIDE // 2, :] = image[..., :, SIDE // 3] = 0
    return image, labels, torch.tensor([4, 3])


def encoder() -> AreaEncoder:
    torch.manual_seed(0)
    return AreaEncoder(D, 2, 2, 3, 0).eval()


def decoder() -> ColorDecoder:
    torch.manual_seed(1)
    net = ColorDecoder(D, 2, 2, K).eval()
    torch.nn.init.normal_(net.head.weight)
    return net


def encoded(net: AreaEncoder, style: int = 0) -> Drawn:
    image, labels, count = drawings()
    return net(image, labels, count, torch.full((2,), style))


def test_an_areas_features_do_not_depend_on_how_areas_are_numbered() -> None:
    net, (image, labels, _) = encoder(), drawings()
    number = torch.tensor([2, 0, 3, 1])
    count, style = torch.tensor([4]), torch.zeros(1, dtype=torch.long)
    plain = net(image[:1], labels[:1], count, style)
    other = net(image[:1], number[labels[:1]], count, style)
    assert torch.allclose(plain.areas, other.areas[:, number], atol=1e-5)
    assert torch.allclose(plain.relations, other.relations[:, number][:, :, number], atol=1e-5)


@pytest.mark.parametrize("R", [30, 97, 160])
def test_relations_of_many_areas_are_the_bits_of_all_at_once(
    R: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(area_encoder, "TOGETHER", 1 << 11)
    labels, facts = torch.randint(0, R, (1, SIDE, SIDE)), torch.randn(1, R, area_encoder.GEOMETRY)
    member, net = memberships(labels, R), encoder()
    with torch.no_grad():
        assert torch.equal(
            net.relations(facts, member), net.relate(related(facts, touching(member)))
        )


def test_a_drawing_is_read_alone_as_beside_one_with_more_areas() -> None:
    net, (image, labels, count) = encoder(), drawings()
    alone = net(image[1:], labels[1:], count[1:], torch.zeros(1, dtype=torch.long))
    assert torch.allclose(alone.areas[0], encoded(net).areas[1, :3], atol=1e-5)


def test_the_hand_to_colour_like_reaches_every_area() -> None:
    net = encoder()
    assert (encoded(net, 0).areas - encoded(net, 2).areas).abs().amax(-1)[0].min() > 1e-4


def test_the_rim_is_the_box_around_the_ink() -> None:
    image = torch.ones(1, 1, 16, 16)
    image[..., 4, 5:9] = image[..., 10, 6] = 0.5
    image[..., 0, 0] = 0.7  # too faint to be ink
    rim = rim_of(image)[0, 0] > 0
    assert rim[4:11, 5].all() and rim[4:11, 8].all() and rim[4, 5:9].all() and rim[10, 5:9].all()
    assert (
        not rim[:3].any() and not rim[12:].any() and not rim[:, :3].any() and not rim[:, 11:].any()
    )
    assert rim_of(torch.ones(1, 1, 16, 16)).sum() == 0


def test_colours_of_later_areas_reach_no_earlier_one() -> None:
    net, drawn = decoder(), encoded(encoder())
    order = torch.tensor([[2, 0, 3, 1], [1, 2, 0, 3]])
    lab = torch.rand(2, 4, 3, generator=torch.Generator().manual_seed(0))
    plain, changed = net(drawn, lab, order), lab.clone()
    changed[0, 3] += 0.5  # area 3 of drawing 0 comes third
    after = net(drawn, changed, order)
    assert (
        torch.allclose(plain[0, :3], after[0, :3], atol=1e-6)
        and (plain[0, 3] - after[0, 3]).abs().max() > 1e-3
    )


@torch.no_grad()
def test_step_by_step_gives_what_the_whole_gives() -> None:
    net, drawn = decoder(), encoded(encoder())
    order = torch.tensor([[2, 0, 3, 1], [0, 1, 2, 3], [3, 2, 1, 0]])
    lab = torch.rand(3, 4, 3, generator=torch.Generator().manual_seed(0))
    one = Drawn(*(x[:1].expand(3, *x.shape[1:]) for x in drawn))
    whole = net(one, lab, order)
    step, last = net.steps(Drawn(*(x[:1] for x in drawn)), order), None
    for i in range(4):
        assert torch.allclose(step(last), whole[:, i], atol=1e-5)
        last = lab[torch.arange(3), order[:, i]]


def test_what_is_remembered_between_steps_grows_with_the_areas_not_with_their_pairs() -> None:
    torch.manual_seed(0)
    net, drawn = decoder(), encoded(encoder())
    areas, n = 300, 4
    wide = Drawn(
        *(
            torch.zeros(1, *(areas if k == drawn.areas.shape[1] else k for k in x.shape[1:]))
            for x in drawn
        )
    )
    kept = net.steps(wide, torch.arange(areas).expand(n, -1))
    assert (
        sum(x.numel() for x in vars(kept).values() if isinstance(x, torch.Tensor))
        < wide.relations.numel() * n
    )


def test_near_colours_have_near_waves_and_different_ones_do_not_collide() -> None:
    lab = torch.rand(200, 3, generator=torch.Generator().manual_seed(0))
    near = (waves(lab) - waves(lab + 0.001)).norm(dim=-1)
    apart = torch.cdist(waves(lab), waves(lab)) + 10 * torch.eye(200)
    assert near.max() < 0.1 < apart.min()
