"""Words for colours by a survey that labelled no training caption."""

from __future__ import annotations

import torch

from colorlab.conditions.captions import EXAMPLES
from colorlab.evaluation.color_names import _survey, named_shares


def picture(*codes: str) -> torch.Tensor:
    """(1, 3, 8, 8 columns a colour)."""
    parts = [
        torch.tensor(list(bytes.fromhex(code)))[:, None, None].expand(3, 8, 8) / 255
        for code in codes
    ]
    return torch.cat(parts, 2)[None]


def test_what_people_call_by_a_word_is_seen_as_that_word() -> None:
    words = ("red", "green", "blue")
    found = named_shares(
        torch.cat([picture("e50000"), picture("15b01a"), picture("0343df")]), words
    )
    assert torch.equal(found, torch.eye(3))


def test_paper_and_ink_are_not_counted_and_shares_are_of_what_is_left() -> None:
    found = named_shares(
        picture("ffffff", "000000", "e50000", "15b01a", "15b01a"), ("red", "green")
    )
    assert torch.allclose(found, torch.tensor([[1 / 3, 2 / 3]]))
    assert named_shares(picture("ffffff", "000000"), ("red",)).tolist() == [[0]]


def test_other_names_speak_for_no_word() -> None:
    assert named_shares(picture("029386"), ("green", "blue")).tolist() == [[0, 0]]  # teal


def test_the_survey_is_not_the_examples_that_label_captions() -> None:
    known, names = _survey()
    assert known.shape == (949, 3) and set(EXAMPLES) - {"gray"} < set(names)
    own = {code.lstrip("#") for codes in EXAMPLES.values() for code in codes}
    assert len(own) < 50 < len(known)
