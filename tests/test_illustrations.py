"""Pairs by many hands: what a batch holds, in which order it comes, and that no held-out concept is
in training."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from colorlab.data import artists, openmoji
from colorlab.data.archives import SUFFIX, Archive, Vector, write_archive
from colorlab.data.artists import ART, OPENMOJI, Artist, Drawing, known
from colorlab.data.concepts import plain, stripped
from colorlab.data.illustrations import Illustrations, homes, renumbered
from colorlab.data.transforms import Augment
from colorlab.draws import Draws
from colorlab.types import Batch

STILL = Augment(0.0, 0.0, 0.0)
PENS = Augment(0.5, 0.15, 0.0, 0.3, 0.012, 0.6, 0.5, 0.5, 0.1)
COUNTS = {  # of pairs, as rendered at 192 px
    "openmoji": 4157, "twemoji": 3692, "noto": 3692, "noto-v1": 2145, "fluent-emoji-flat": 3131,
    "emojione": 1569, "emojione-v1": 1037, "fxemoji": 1012, "streamline-emojis": 755,
    "streamline-ultimate-color": 998, "flat-color-icons": 329,
}  # fmt: skip
SHOWN = {  # a few of the shipped drawings, by how their names begin
    "twemoji": ("waving-hand", "cherries", "violin"),
    "fxemoji": ("octopus", "violin"),
}


@pytest.fixture(scope="module")
def few(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Vector]]:
    """Some drawings of two shipped sets."""
    few = {}
    for name, beginnings in SHOWN.items():
        archive = Archive(ART / f"{name}{SUFFIX}")
        drawings = map(Vector, archive.names, archive.codes, archive.svgs())
        few[name] = [each for each in drawings if each.names[0].startswith(beginnings)]
    return few


@pytest.fixture(scope="module")
def folder(few: dict[str, list[Vector]], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with archives of them, which is where pictures are cached too."""
    folder = tmp_path_factory.mktemp("art")
    for name, drawings in few.items():
        write_archive(folder / f"{name}{SUFFIX}", Archive(ART / f"{name}{SUFFIX}").about, drawings)
    return folder


@pytest.fixture
def opened(folder: Path, monkeypatch: pytest.MonkeyPatch):  # type: ignore[no-untyped-def]
    """Open the two small sets."""
    monkeypatch.setattr(artists, "ART", folder)
    monkeypatch.setattr(artists, "cache_dir", lambda: folder)

    def opened(split_by: str = "concept", held_out: tuple[str, ...] = (), augment: Augment = STILL,
               size: int = 64, condition: str = "lines", scenes: float = 0.0,
               **weights: float) -> Illustrations:  # fmt: skip
        return Illustrations(
            size, condition, list(SHOWN), split_by, held_out, weights, augment, scenes
        )

    return opened


def painted_by_areas(batch: Batch) -> torch.Tensor:
    """Each area in the commonest of its colours, times the lines."""
    codes = (
        (batch.rgb * 255)
        .round()
        .long()
        .mul(torch.tensor([1 << 16, 1 << 8, 1])[:, None, None])
        .sum(1)
        .numpy()
    )
    out = np.empty_like(codes)
    for code, areas, line, painted in zip(
        codes, batch.areas.numpy(), batch.image[:, 0].numpy(), out, strict=True
    ):
        for area in range(areas.max() + 1):
            inside = areas == area
            free = inside & (line > 0.9)
            kinds, counts = np.unique(code[free if free.any() else inside], return_counts=True)
            painted[inside] = kinds[counts.argmax()]
    planes = [torch.from_numpy(out >> shift & 255) / 255 for shift in (16, 8, 0)]
    return torch.stack(planes, 1) * batch.image


@pytest.mark.whole
def test_a_batch_holds_lines_colours_and_areas_that_fit(opened) -> None:  # type: ignore[no-untyped-def]
    pictures = opened()
    batch = pictures[list(range(len(pictures)))]
    assert batch.rgb.shape == (len(pictures), 3, 64, 64) and batch.image.shape == (
        len(pictures),
        1,
        64,
        64,
    )
    assert batch.areas.shape == (len(pictures), 64, 64) and batch.areas.dtype == torch.int64
    assert (painted_by_areas(batch) - batch.rgb).abs().mean() < 0.01
    assert (batch.rgb <= batch.image + 1 / 255).all()  # ink is black in the colouring too


@pytest.mark.whole
def test_colourings_of_one_concept_by_one_hand_share_a_drawing_and_its_lines(opened) -> None:  # type: ignore[no-untyped-def]
    pictures = opened()
    hands = [i for i, name in enumerate(pictures.names) if name.startswith("twemoji/waving-hand")]
    batch = pictures[hands]
    assert len(hands) == 6 and len({int(pictures.drawing[i]) for i in hands}) == 1
    assert (
        torch.equal(batch.image, batch.image[:1].expand(6, -1, -1, -1))
        and len(batch.rgb.unique(dim=0)) == 6
    )
    violins = [i for i, name in enumerate(pictures.names) if name.endswith("/violin")]
    assert len({int(pictures.drawing[i]) for i in violins}) == 2


def test_labels_are_hands_and_captions_names(opened) -> None:  # type: ignore[no-untyped-def]
    pictures = opened()
    assert [list(SHOWN)[label] for label in pictures.labels] == [
        name.split("/")[0] for name in pictures.names
    ]
    at = pictures.names.index("twemoji/waving-hand-light-skin-tone")
    assert pictures.captions[at] == "waving hand light skin tone" and pictures[at].text == [
        pictures.captions[at]
    ]


@pytest.mark.whole
def test_a_larger_picture_is_rendered_larger(opened) -> None:  # type: ignore[no-untyped-def]
    pictures = opened(size=224)
    assert (
        pictures.pixels[np.array([0])].shape == (1, 5, 224, 224)
        and pictures[0].rgb.shape[-1] == 224
    )


def test_pictures_of_another_list_of_drawings_are_not_taken_from_the_cache(
    opened, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:  # type: ignore[no-untyped-def]
    before = opened()
    first = Artist("twemoji").drawings[0].concept
    # one that was a drawing is none now
    monkeypatch.setattr(artists, "is_flag", lambda concept: concept == first)
    after = opened()
    gone = [k for k, name in enumerate(before.names) if name not in after.names]
    # not the last, so that others move up
    assert gone and gone != list(range(len(after.names), len(before.names)))
    for k, name in enumerate(after.names):
        assert (before[before.names.index(name)].image == after[k].image).all(), name


def test_the_gray_condition_is_the_luma_of_the_colouring(opened) -> None:  # type: ignore[no-untyped-def]
    batch = opened(condition="gray")[[1, 2]]
    r, g, b = batch.rgb.unbind(1)
    assert torch.allclose(batch.image[:, 0], 0.299 * r + 0.587 * g + 0.114 * b, atol=1e-6)


def test_areas_follow_the_picture_through_every_change(opened) -> None:  # type: ignore[no-untyped-def]
    pictures = opened(augment=PENS)
    everything = list(range(len(pictures)))
    for turn in range(3):
        batch = pictures.training_batch(everything, Draws(turn, everything))
        # the paper's, which colourings have not
        tint = (batch.image - batch.rgb.amax(1, keepdim=True)).clamp(min=0)
        assert (painted_by_areas(batch) - batch.rgb).abs().mean() - tint.mean() < 0.03
        assert all(
            areas.unique().tolist() == list(range(int(areas.max()) + 1)) for areas in batch.areas
        )


def test_training_batches_come_from_their_draws_alone(opened) -> None:  # type: ignore[no-untyped-def]
    pictures = opened(augment=PENS)
    whole = pictures.training_batch([0, 1, 2, 3], Draws(3, [0, 1, 2, 3]))
    part = pictures.training_batch([2, 3], Draws(3, [2, 3]))
    for one, other in ((whole.rgb, part.rgb), (whole.image, part.image)):
        assert torch.equal(one[2:], other)
    assert torch.equal(whole.areas[2:], part.areas)
    assert not torch.equal(
        whole.rgb, pictures.training_batch([0, 1, 2, 3], Draws(4, [0, 1, 2, 3])).rgb
    )


def test_scenes_are_by_nobodys_hand_have_no_caption_and_areas_that_fit(opened) -> None:  # type: ignore[no-untyped-def]
    pictures, alone = opened(scenes=1.0), opened()
    index = pictures.splits["train"][:6].tolist()
    batch, single = (each.training_batch(index, Draws(0, index)) for each in (pictures, alone))
    assert batch.text == [""] * 6
    assert batch.label.tolist() == [-1] * 6
    assert (painted_by_areas(batch) - batch.rgb).abs().mean() < 0.02
    assert (batch.image != single.image).flatten(1).any(1).all()


def test_some_pictures_become_scenes_and_the_others_stay(opened) -> None:  # type: ignore[no-untyped-def]
    pictures, alone = opened(scenes=0.5), opened()
    index = pictures.splits["train"][:24].tolist()
    batch, single = (each.training_batch(index, Draws(0, index)) for each in (pictures, alone))
    mixed = batch.label == -1
    assert 0 < mixed.sum() < len(index)
    assert batch.rgb[~mixed].equal(single.rgb[~mixed])
    again = pictures.training_batch(index[5:9], Draws(0, index[5:9]))
    assert again.rgb.equal(batch.rgb[5:9])
    assert again.areas.equal(batch.areas[5:9])


def test_scenes_out_of_range_are_refused(opened) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ValueError, match=r"data.scenes is in \[0, 1\]"):
        opened(scenes=1.5)


def test_areas_are_numbered_as_they_are_shown() -> None:
    areas = np.array([[[7, 7], [2, 9]], [[0, 0], [0, 0]]], np.uint8)
    assert renumbered(areas).tolist() == [[[1, 1], [0, 2]], [[0, 0], [0, 0]]]


def test_a_pass_shows_each_drawing_as_often_as_its_hand_weighs(opened) -> None:  # type: ignore[no-untyped-def]
    pictures = opened(fxemoji=2.0)
    train = pictures.splits["train"]
    once = {
        d: float(pictures.labels[train][pictures.drawing[train] == d][0] + 1)
        for d in pictures.drawing[train]
    }
    passes = [pictures.one_pass(np.random.default_rng(seed)) for seed in range(8)]
    for each in passes:
        drawings, counts = np.unique(pictures.drawing[each], return_counts=True)
        assert dict(zip(drawings.tolist(), counts.tolist(), strict=True)) == once
    assert np.array_equal(passes[1], pictures.one_pass(np.random.default_rng(1)))
    # other colourings of the hand
    assert len({tuple(sorted(each.tolist())) for each in passes}) > 1


def test_held_out_hands_are_the_test_split_and_nothing_else(opened) -> None:  # type: ignore[no-untyped-def]
    pictures = opened("artist", ("fxemoji",))
    hands = {
        split: set(pictures.labels[members].tolist()) for split, members in pictures.splits.items()
    }
    assert hands["test"] == {1} and hands["train"] == {0} and 1 not in hands["val"]
    assert len(pictures.splits["test"]) == (pictures.labels == 1).sum()


@pytest.mark.parametrize(
    ("split_by", "held_out", "weights", "reason"),
    [
        ("drawing", (), {}, "concept, family or artist"),
        ("artist", (), {}, "name them|held_out"),
        ("artist", ("twemoji", "fxemoji"), {}, "not none or all"),
        ("artist", ("noto",), {}, "held_out names noto"),
        ("concept", ("fxemoji",), {}, "for data.split_by=artist"),
        ("concept", (), {"noto": 2.0}, "weights names noto"),
        ("concept", (), {"fxemoji": 0.0}, "weights.fxemoji is above 0"),
    ],
)
def test_wishes_that_do_not_fit_are_named(opened, split_by, held_out, weights, reason) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ValueError, match=reason):
        opened(split_by, held_out, **weights)


@pytest.fixture(scope="module")
def all_drawings() -> dict[str, list[Drawing]]:
    return {
        name: Artist(name).drawings
        for name in known()
        if (ART / f"{name}{SUFFIX}").is_file() or name == OPENMOJI
    }


def held_out_codes(*splits: str) -> set[str]:
    stems = [path.stem for path in openmoji.svg_paths()]
    return {stripped(stems[i]) for split in splits for i in openmoji.splits()[split]}


@pytest.mark.whole
def test_no_concept_of_openmojis_val_and_test_is_in_training(
    all_drawings: dict[str, list[Drawing]],
) -> None:
    """By code point, and by every name that any set has for it."""
    codes = held_out_codes("val", "test")
    every = [drawing for drawings in all_drawings.values() for drawing in drawings]
    names = {
        plain(name)
        for each in every
        if each.code and stripped(each.code) in codes
        for name in each.names
    }
    home = homes(every)
    train = [drawing for drawing, split in zip(every, home, strict=True) if split == "train"]
    assert not [each for each in train if each.code and stripped(each.code) in codes]
    assert not [each for each in train if {plain(name) for name in each.names} & names]
    assert len(every) == 22529 and 0.8 < len(train) / len(every) < 0.9


@pytest.mark.whole
def test_val_and_test_are_those_of_openmoji(all_drawings: dict[str, list[Drawing]]) -> None:
    drawings = all_drawings[OPENMOJI] + all_drawings["twemoji"]
    shown = list(zip((each.concept for each in drawings), homes(drawings), strict=True))
    val, test = held_out_codes("val"), held_out_codes("test")
    assert {split for concept, split in shown if concept in test} == {"test"}
    assert {split for concept, split in shown if concept in val - test} <= {"val", "test"}


def test_a_family_is_what_shows_the_same_by_any_hand_and_is_in_one_split(opened) -> None:  # type: ignore[no-untyped-def]
    pictures = opened("family")
    members = {split: set(places.tolist()) for split, places in pictures.splits.items()}
    for word in ("waving-hand", "violin", "octopus", "cherries"):
        shown = {i for i, name in enumerate(pictures.names) if name.split("/")[1].startswith(word)}
        assert sum(bool(shown & places) for places in members.values()) <= 1
    assert members["train"] and not members["train"] & members["test"]
    with pytest.raises(ValueError, match=r"family is for data\.size up to 192, not 224"):
        opened("family", size=224)


def test_no_country_is_among_the_drawings(all_drawings: dict[str, list[Drawing]]) -> None:
    names = {
        name for drawings in all_drawings.values() for drawing in drawings for name in drawing.names
    }
    assert not names & {"flag-france", "flag-for-france", "france", "pakistan", "1F1EB-1F1F7"}


def test_what_ships_is_small_and_told_of() -> None:
    archives = sorted(ART.glob(f"*{SUFFIX}"))
    told = (ART / "ATTRIBUTION.md").read_text(encoding="utf-8")
    assert len(archives) == 10 and sum(path.stat().st_size for path in archives) < 12e6
    for path in archives:
        archive = Archive(path)
        row = next(
            row
            for row in told.splitlines()
            if row.startswith(f"| `{path.name.removesuffix(SUFFIX)}` ")
        )
        assert f"({archive.about.version})" in row and f"| {len(archive):,} |" in row
    assert {path.name for path in (ART / "licenses").iterdir()} == {
        "MIT.txt", "Apache-2.0.txt", "CC-BY-4.0.txt", "CC-BY-SA-4.0.txt"
    }  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("name", COUNTS)
def test_every_set_makes_as_many_pairs_as_were_counted(name: str) -> None:
    assert len(Artist(name).rendered(192).there()) == COUNTS[name]
