"""Prompts become the token states that diffusers' own pipeline would use, and too long ones are
told."""

from __future__ import annotations

import json

import pytest
import torch

from colorlab.errors import ConfigError
from colorlab.nets.latent.text import load_text
from tests.tiny_prior import TEXT_WIDTH, tiny_text


@pytest.fixture(scope="module", params=["clip", "bert"])
def encoder(request, tmp_path_factory):
    return tiny_text(tmp_path_factory.mktemp(request.param), request.param)


def test_a_prompt_becomes_padded_token_states(encoder):
    assert encoder(["red car", ""]).shape == (2, 12, TEXT_WIDTH)
    assert not encoder(["red car"]).requires_grad


def test_a_prompt_has_the_same_states_in_any_company(encoder):
    alone = encoder(["blue car"])
    encoder.answers.kept.clear()
    assert torch.equal(encoder(["red", "blue car", "a"])[1], alone[0])


def test_padding_does_not_reach_the_words_of_a_bert(tmp_path):
    short, long = (tiny_text(tmp_path, "bert") for _ in range(2))
    long.length = 8
    assert torch.allclose(short(["red car"])[:, :4], long(["red car"])[:, :4], atol=1e-6)


def test_a_prompt_that_is_too_long_is_one_line_with_the_limit_and_the_cut(encoder):
    with pytest.raises(
        ConfigError, match=r"tokens, 10 fit .*after '.*car.* would be cut"
    ) as caught:
        encoder(["blue car " * 9])
    assert "\n" not in str(caught.value)


def test_in_training_a_long_caption_is_cut_in_silence(encoder):
    cut = encoder(["red " * 20, "red " * 21], cut=True)
    assert cut.shape == (2, 12, TEXT_WIDTH) and torch.equal(cut[0], cut[1])


def test_an_encoder_goes_through_its_two_folders_unchanged(encoder, tmp_path):
    encoder.save(tmp_path / "model", tmp_path / "words")
    again = load_text(tmp_path / "model", tmp_path / "words")
    assert torch.equal(again(["a red car"]), encoder(["a red car"])) and again.length == 12


def test_the_length_can_be_set_shorter_than_the_tokenizers_own(tmp_path):
    tiny_text(tmp_path, "bert")
    assert load_text(tmp_path, tmp_path, length=6)(["red"]).shape == (1, 6, TEXT_WIDTH)


@pytest.mark.parametrize("kind", ["t5", None])
def test_a_folder_of_another_kind_or_none_is_one_line(kind, tmp_path):
    if kind:
        (tmp_path / "config.json").write_text(json.dumps({"model_type": kind}))
    with pytest.raises(ConfigError, match=r"is a t5 \(a text|is not a text encoder") as caught:
        load_text(tmp_path, tmp_path)
    assert "\n" not in str(caught.value) and caught.value.exit_code == 2
