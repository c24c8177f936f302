"""Words for a method that reads them: captions, a prompt around them, nothing; and one line where
none are read."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import torch

from colorlab.cli.config import compose
from colorlab.errors import ConfigError
from colorlab.evaluation.settings import WITHOUT_EFFECT, folder_name, sampling_of
from colorlab.methods.gpic import GPIC
from colorlab.methods.piggyback import Piggyback
from colorlab.runs.run import plain_dict
from colorlab.sampling.options import SamplingOptions, sampling_options
from colorlab.sampling.setup import check_text, worded
from colorlab.sampling.splits import colored, condition_of
from colorlab.types import Batch

RUN = SimpleNamespace(name="mine")


def sampling(*words: str) -> SamplingOptions:
    return sampling_options(
        plain_dict(compose("sample", ["run=mine", "split=test", *words])), of_truth=True
    )


def evaluating(*words: str) -> dict[str, Any]:
    options = sampling_options(plain_dict(compose("evaluate", ["run=mine", *words])), of_truth=True)
    return sampling_of(options, mixed=False)


def test_a_prompt_may_hold_the_caption() -> None:
    assert worded("captions", ["a cat", ""]) == ["a cat", ""]
    assert worded("none", ["a cat"]) == [""] and worded("a dog", ["a cat"]) == ["a dog"]
    assert worded("red {}", ["a cat", ""]) == ["red a cat", "red"]


@pytest.mark.whole
def test_a_picture_of_a_data_set_is_shown_with_the_words_that_are_wished_for() -> None:
    pictures = {
        7: Batch(
            torch.zeros(1, 3, 4, 4),
            torch.zeros(1, 1, 4, 4),
            torch.tensor([7]),
            ["a cat"],
            torch.zeros(1),
        )
    }
    for word, text in (("captions", "a cat"), ("'red {}'", "red a cat"), ("none", "")):
        assert condition_of(pictures, 7, sampling(f"text={word}")).text == [text]


@pytest.mark.parametrize("word", ["text=red", "text=none", "negative=red"])
def test_words_for_a_method_that_reads_none_are_refused_in_one_line(word: str) -> None:
    check_text(sampling(word), RUN, Piggyback)
    with pytest.raises(
        ConfigError, match=f"{word} \\(mine is of a method that reads no text"
    ) as error:
        check_text(sampling(word), RUN, GPIC)
    assert "\n" not in str(error.value)
    check_text(sampling(), RUN, GPIC)


def test_the_negative_prompt_is_a_value_of_the_method() -> None:
    assert sampling("negative=color bleeding").values == {"negative": "color bleeding"}
    assert sampling().values == {}


@pytest.mark.whole
def test_evaluations_with_other_words_have_folders_of_their_own() -> None:
    def named(*words: str) -> str:
        return folder_name("test", 8, 0, None, evaluating(*words), "")

    assert named() == named("text=captions") == "test-n8-s0" and evaluating() == WITHOUT_EFFECT
    several = {named(*words) for words in ((), ["text=none"], ["text=red"], ["negative=red"])}
    assert len(several) == 4 and any("text_red" in name for name in several)


def test_captions_of_a_data_set_are_cut_where_they_are_too_long_and_prompts_are_not() -> None:
    method = SimpleNamespace(sample=None)
    for text, cut in (("captions", True), ("red {}", True), ("red", False), ("none", False)):
        list(colored(method, {}, [], SamplingOptions(n=2, text=text)))
        assert method.cut is cut
