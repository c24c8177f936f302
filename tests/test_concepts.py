"""What a drawing shows, whoever drew it."""

from __future__ import annotations

import pytest

from colorlab.data.concepts import HeldOut, Names, family, is_flag, keys, plain, stripped

NAMES = Names(
    [
        ("tiger-face", "1F42F"),
        ("man-cook", "1F468-200D-1F373"),
        ("woman-cook", "1F469-200D-1F373"),
        ("pig", "1F416"),
    ]
)


@pytest.mark.parametrize(
    ("code", "left"),
    [
        ("1F44B-1F3FB", "1f44b"),
        ("2764-FE0F", "2764"),
        ("1F9D1-1F3FF-200D-1F373", "1f9d1-200d-1f373"),
    ],
)
def test_tones_and_selectors_are_no_part_of_a_concept(code: str, left: str) -> None:
    assert stripped(code) == left


@pytest.mark.parametrize(
    ("name", "left"),
    [
        ("woman-cook-medium-light-skin-tone", "womancook"),
        ("mermaid-tone4", "mermaid"),
        ("boar-2", "boar"),
        ("keycap-10", "keycap"),
        ("1234", "1234"),
        ("heartblue", "blueheart"),
        ("GRINNING FACE", "grinningface"),
    ],
)
def test_names_are_compared_without_hyphens_tones_and_numbers(name: str, left: str) -> None:
    assert plain(name) == left


def test_a_family_is_a_trade_whoever_has_it() -> None:
    cooks = ("1f468-200d-1f373", "1f469-200d-1f373", "1f9d1-200d-1f373")
    assert {family(code) for code in cooks} == {"1f9d1-1f373"}
    assert family("1f3c4-200d-2640") == family("1f3c4") and family("1f42f") == "1f42f"


def test_flags_are_told_by_their_code_points() -> None:
    assert (
        is_flag("1f1e6-1f1fa")
        and is_flag("1f3f4-e0067-e0062-e007f")
        and not is_flag("1f3f4")
        and not is_flag("e0ab")
    )


def test_unicode_names_a_code_too() -> None:
    assert NAMES.codes["tigerface"] == {"1f42f"} and Names([("x", "1F42F")]).codes["tigerface"] == {
        "1f42f"
    }
    assert NAMES.codes["pig"] == {"1f416"}


@pytest.mark.parametrize(
    ("names", "code", "shown"),
    [
        (["anything"], "1F42F", True),  # by its code
        (["tiger-face"], "", True),  # by its name
        (["wild-cat", "tiger-face"], "", True),  # by another of its names
        (["tigerfaceside"], "", True),  # by a part of its name
        (["tiger"], "", True),  # its name is a part
        (["pig"], "", False),  # a name of another code
        (["dog"], "", False),
        (["face"], "1F600", False),  # parts of names count for names without codes alone
    ],
)
def test_a_held_out_concept_is_recognised(names: list[str], code: str, shown: bool) -> None:
    assert HeldOut({"1f42f"}, NAMES).shows(names, code) == shown


def test_drawings_of_one_thing_share_a_key_whatever_tells_it() -> None:
    cook = keys(["x"], "1F468-1F3FF-200D-1F373")
    other = keys(["y"], "1F469-200D-1F373")
    named = keys(["cook", "Y-2"], "")
    assert cook & other == {"1f9d1-1f373"} and other & named == {"y"} and not cook & named
    assert keys(["1F600"], "1F600") == {"1f600"}
