"""From a line drawing and its closed areas to one vector per area, and how the areas lie to each
other.

A small U-Net reads the drawing, its features are averaged over each area, and a transformer lets
the areas see each other. Nothing here knows colours, so it runs once per drawing, whatever the
number of candidates."""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from colorlab.nets.area_trunk import Trunk, average

INK = 0.6  # darker is ink, where the box around the drawing is measured
DEPTHS = 5  # pixels of half the side: how far from its wall the inside of an area is measured
GEOMETRY = 13  # numbers that ``geometry`` gives for an area
RELATIONS = 6  # numbers that ``related`` gives for two areas
TOGETHER = 1 << 18  # pairs of areas that are looked at together: all those of 512
# rows of a matrix that processors multiply in one way: parts of so many keep the bits of the whole
BLOCK = 16
VIEWS = 5  # of a drawing: its four quarters, and the whole of it
# channels at a half of the side, a quarter, and so on
STEM, HALF, QUARTER, EIGHTH = 16, 40, 80, 128


class Drawn(NamedTuple):
    """What is known of B drawings with up to R areas. valid: False where a drawing has fewer."""

    areas: Tensor  # (B, R, d)
    relations: Tensor  # (B, R, R, heads): added to attention from area to area
    valid: Tensor  # (B, R) bool
    whole: Tensor  # (B, d): of the drawing as a whole


class Layer(nn.Module):
    """A transformer layer with the norms first (Xiong et al., 2020): attention, then two linear
    maps."""

    def __init__(self, d: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm, self.qkv, self.out = nn.LayerNorm(d), nn.Linear(d, 3 * d), nn.Linear(d, d)
        self.grow = nn.Sequential(
            nn.LayerNorm(d), nn.Linear(d, 4 * d), nn.ReLU(), nn.Linear(4 * d, d)
        )

    def forward(self, x: Tensor, bias: Tensor) -> Tensor:
        """x (B, T, d), bias (B, heads or 1, T, T) -> (B, T, d)."""
        query, key, value = self.heads_of(x)
        return self.joined(x, F.scaled_dot_product_attention(query, key, value, attn_mask=bias))

    def heads_of(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Queries, keys and values, (B, heads, T, d / heads) each."""
        query, key, value = (
            self.qkv(self.norm(x)).unflatten(-1, (3, self.heads, -1)).movedim(2, 0).transpose(2, 3)
        )
        return query, key, value

    def joined(self, x: Tensor, attended: Tensor) -> Tensor:
        """x with what was attended to, (B, heads, T, d / heads)."""
        x = x + self.out(attended.transpose(1, 2).flatten(2))
        return x + self.grow(x)


class Halving(nn.Module):
    """Half the side, residual over the second convolution."""

    def __init__(self, a: int, b: int) -> None:
        super().__init__()
        self.down, self.stay = convolution(a, b, 2), convolution(b, b)

    def forward(self, x: Tensor) -> Tensor:
        x = self.down(x)
        return x + self.stay(x)


def convolution(a: int, b: int, stride: int = 1, kernel: int = 3) -> nn.Sequential:
    """Convolution, group norm, SiLU."""
    return nn.Sequential(
        nn.Conv2d(a, b, kernel, stride, kernel // 2), nn.GroupNorm(8, b), nn.SiLU()
    )


class Reader(nn.Module):
    """The U-Net: (B, 3, S, S) -> fine (B, STEM + HALF, S/2, S/2), and coarse
    (B, EIGHTH, S/16, S/16)."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(convolution(3, STEM, 2, 5), convolution(STEM, STEM))
        self.to_half = Halving(STEM, HALF)
        self.to_quarter = Halving(HALF, QUARTER)
        self.to_eighth = Halving(QUARTER, EIGHTH)
        self.from_eighth = nn.Conv2d(EIGHTH, QUARTER, 1)
        self.from_quarter = nn.Conv2d(QUARTER, HALF, 1)
        self.merge_quarter, self.merge_half = convolution(QUARTER, QUARTER), convolution(HALF, HALF)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        stem = self.stem(x)  # S/2
        half = self.to_half(stem)  # S/4
        quarter = self.to_quarter(half)  # S/8
        eighth = self.to_eighth(quarter)  # S/16
        y = self.merge_quarter(doubled(self.from_eighth(eighth)) + quarter)
        y = self.merge_half(doubled(self.from_quarter(y)) + half)
        return torch.cat([stem, doubled(y)], 1), eighth


def doubled(x: Tensor) -> Tensor:
    """(B, C, h, w) -> (B, C, 2h, 2w), each pixel four times."""
    return F.interpolate(x, scale_factor=2.0, mode="nearest")


class AreaEncoder(nn.Module):
    """Drawings and areas -> Drawn.

    d: width of the transformer. layers, heads: of it. styles: how many hands there are to colour
    like; style 0 is nobody's in particular. text: width of the states of a caption's tokens, 0
    without captions. trunk: whether a net that learned to name photographs helps to read."""

    def __init__(
        self, d: int, layers: int, heads: int, styles: int, text: int, trunk: bool = False
    ) -> None:
        super().__init__()
        self.heads = heads
        self.reader = Reader()
        self.trunk = Trunk(d) if trunk else None
        seen = 2 * (STEM + HALF) + GEOMETRY
        self.token = nn.Sequential(nn.Linear(seen, 2 * d), nn.SiLU(), nn.Linear(2 * d, d))
        self.view = nn.Linear(EIGHTH, d)
        self.places = nn.Embedding(VIEWS, d)
        self.style = nn.Embedding(styles + 1, d)
        self.caption = nn.Linear(text, d) if text else None
        self.relate = nn.Sequential(nn.Linear(RELATIONS, 16), nn.SiLU(), nn.Linear(16, heads))
        self.layers = nn.ModuleList(Layer(d, heads) for _ in range(layers))
        nn.init.normal_(self.places.weight, std=0.02)
        nn.init.normal_(self.style.weight, std=0.02)

    def forward(
        self,
        image: Tensor,
        labels: Tensor,
        count: Tensor,
        style: Tensor,
        text: Tensor | None = None,
    ) -> Drawn:
        """image (B, 1, S, S) in [0, 1], ink dark, S a multiple of 32; labels (B, S, S), the pixels'
        areas from 0 on, what is beyond count - 1 is nobody's; count (B,); style (B,); text
        (B, T, text) or None."""
        valid = torch.arange(int(count.max()), device=count.device) < count[:, None]
        return self.read(image, labels, valid, style, text)

    def read(
        self,
        image: Tensor,
        labels: Tensor,
        valid: Tensor,
        style: Tensor,
        text: Tensor | None = None,
    ) -> Drawn:
        """``forward`` where valid (B, R), which areas there are, is known."""
        R = valid.shape[1]
        maps = pixel_maps(image, labels)
        fine, coarse = self.reader(
            torch.cat([1 - image, maps["rim"], maps["wall"]], 1).contiguous(
                memory_format=torch.channels_last
            )
        )
        member = memberships(labels, R)
        small = {
            name: each if name == "depth" else F.avg_pool2d(each, 2) for name, each in maps.items()
        }
        facts = geometry(F.avg_pool2d(image, 2), small, member)
        x = self.token(torch.cat([*pooled(fine, small["depth"], member), facts], -1))
        relations = self.relations(facts, member)
        around = self._around(coarse, style, text)
        if self.trunk is not None:
            known, views = self.trunk(image, member)
            x, around = x + known, torch.cat([around[:, :VIEWS] + views, around[:, VIEWS:]], 1)
        x = torch.cat([x, around], 1)
        bias = padded(relations, valid, around.shape[1])
        for layer in self.layers:
            x = layer(x, bias)
        return Drawn(x[:, :R], relations, valid, x[:, R + VIEWS - 1])

    def relations(self, facts: Tensor, member: Tensor) -> Tensor:
        """(B, R, R, heads), rows by rows where there are so many pairs of areas that all at once
        would fill the memory; the same bits."""
        touch, R = touching(member), facts.shape[1]
        rows = R if torch.jit.is_tracing() else max(BLOCK, TOGETHER // R // BLOCK * BLOCK)
        if rows >= R:
            return self.relate(related(facts, touch))
        found = facts.new_empty(*touch.shape, self.heads)
        for first in range(0, R, rows):
            found[:, first : first + rows] = self.relate(related(facts, touch, first, rows))
        return found

    def _around(self, coarse: Tensor, style: Tensor, text: Tensor | None) -> Tensor:
        """(B, 6 or 6 + T, d): the drawing's four quarters and the whole of it, the style, the
        caption."""
        quarters = F.adaptive_avg_pool2d(coarse, 2).flatten(2).transpose(1, 2)
        whole = coarse.mean((2, 3))[:, None]
        tokens = [
            self.view(torch.cat([quarters, whole], 1)) + self.places.weight,
            self.style(style)[:, None],
        ]
        if self.caption is not None and text is not None:
            tokens.append(self.caption(text))
        return torch.cat(tokens, 1)


def padded(relations: Tensor, valid: Tensor, others: int) -> Tensor:
    """(B, R, R, heads) -> (B, heads, R + others, R + others) with nothing added for other tokens,
    and areas that are not there out of sight."""
    bias = F.pad(relations.movedim(3, 1), (0, others, 0, others))
    seen = F.pad(valid, (0, others), value=True)
    return bias.masked_fill_(~seen[:, None, None], -1e4)


def pixel_maps(image: Tensor, labels: Tensor) -> dict[str, Tensor]:
    """rim: 1 on the box around the ink; wall: 1 where an area meets another; edge: 1 on the
    picture's border; all (B, 1, S, S). depth (B, 1, S/2, S/2) in [0, 1]: how far from a wall, up to
    DEPTHS."""
    number = labels[:, None].float()
    wall = (F.max_pool2d(number, 3, 1, 1) != -F.max_pool2d(-number, 3, 1, 1)).float()
    near = F.avg_pool2d(wall, 2)
    depth = torch.zeros_like(near)
    for _ in range(DEPTHS):
        depth, near = depth + (1 - near), F.max_pool2d(near, 3, 1, 1)
    edge = torch.zeros_like(wall)
    edge[..., [0, -1], :] = edge[..., [0, -1]] = 1.0
    return {"rim": rim_of(image), "wall": wall, "depth": depth / DEPTHS, "edge": edge}


def rim_of(image: Tensor) -> Tensor:
    """(B, 1, S, S): 1 on the box around the ink, its outermost rows and columns, where a drawing is
    open to the paper around it, one pixel grown."""
    ink = image[:, 0] < INK
    rows, columns = span(ink.any(2)), span(ink.any(1))
    inside = rows[0][:, :, None] & columns[0][:, None]
    box = inside & (rows[1][:, :, None] | columns[1][:, None])
    return F.max_pool2d(box[:, None].float(), 3, 1, 1)


def span(marked: Tensor) -> tuple[Tensor, Tensor]:
    """(B, S) bool -> from the first to the last marked place, and just these two, (B, S) bool
    each."""
    count = marked.int()
    from_left, from_right = count.cumsum(1) > 0, count.flip(1).cumsum(1).flip(1) > 0
    inside = from_left & from_right
    ends = inside & (
        F.pad(~inside, (1, 0), value=True)[:, :-1] | F.pad(~inside, (0, 1), value=True)[:, 1:]
    )
    return inside, ends


def memberships(labels: Tensor, R: int) -> Tensor:
    """(B, S, S) -> (B, R, S/2, S/2): how much of four pixels belongs to an area."""
    number = torch.arange(R, device=labels.device)[:, None, None]
    quarters = [labels[:, None, i::2, j::2] == number for i in (0, 1) for j in (0, 1)]
    return torch.stack(quarters).sum(0, dtype=torch.float32) / 4


def pooled(fine: Tensor, depth: Tensor, member: Tensor) -> tuple[Tensor, Tensor]:
    """Means of features (B, C, h, w) over each area, and the same with its innermost pixels alone,
    nearly: (B, R, C) each."""
    return average(fine, member), average(fine, member * (0.01 + depth) ** 4)


def geometry(image: Tensor, maps: dict[str, Tensor], member: Tensor) -> Tensor:
    """(B, R, GEOMETRY): centre y, x in [-1, 1]; second moments yy, xx, yx; shares of its pixels on
    the ink, the rim, a wall; mean depth; share of the picture's border; root, logarithm and
    presence of its own share of the picture."""
    S = image.shape[-1]
    at = (torch.arange(S, dtype=torch.float32, device=image.device) + 0.5) / S * 2 - 1
    y, x = at[:, None].expand(S, S), at[None].expand(S, S)
    places = torch.stack([y, x, y * y, x * x, y * x]).expand(image.shape[0], -1, -1, -1)
    means = average(
        torch.cat([places, 1 - image, maps["rim"], maps["wall"], maps["depth"]], 1), member
    )
    center, moment = means[..., :2], means[..., 2:5]
    spread = moment - torch.stack([center[..., 0] ** 2, center[..., 1] ** 2, center.prod(-1)], -1)
    share = member.mean((2, 3))[..., None]
    border = (member * maps["edge"]).sum((2, 3))[..., None] / maps["edge"][0].sum()
    sizes = torch.cat([border, share.sqrt(), (share + 1e-4).log() / 5, (share > 0).float()], -1)
    return torch.cat([center, 3 * spread, means[..., 5:], sizes], -1)


def touching(member: Tensor) -> Tensor:
    """(B, R, R): how far areas touch, as a share of what each has of the picture."""
    cells = F.avg_pool2d(member, 2).flatten(2)
    meet = torch.bmm(cells, cells.transpose(1, 2))
    own = meet.diagonal(dim1=1, dim2=2).clamp(min=1e-6).sqrt()
    return meet / (own[:, :, None] * own[:, None])


def related(facts: Tensor, touch: Tensor, first: int = 0, rows: int | None = None) -> Tensor:
    """(B, R, R, RELATIONS), or so many rows of it from a first one on, of area i to area j: how far
    they touch, steps in y and x, their length, ratio of the sizes, whether they are the same."""
    own = slice(first, None if rows is None else first + rows)
    touch = touch[:, own]
    step = facts[:, own, None, :2] - facts[:, None, :, :2]
    size = facts[..., -2]
    ratio = size[:, own, None] - size[:, None]
    same = torch.eye(facts.shape[1], device=facts.device)[own].expand_as(touch)
    return torch.stack([touch, *step.unbind(-1), step.norm(dim=-1), ratio, same], -1)
