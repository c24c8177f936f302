"""The Piggyback that ships: it fits the code, and colours what it has never seen."""

from __future__ import annotations

from contextlib import suppress

import pytest

from colorlab.color import lab_of
from colorlab.draws import Draws
from colorlab.errors import CheckpointError, DataError
from colorlab.runs.run import open_run
from colorlab.types import Condition
from colorlab.weights.catalog import TEXT_FILES
from colorlab.weights.store import text_folder
from tests.tiny_prior import tiny_text

SHIPPED = "pretrained/piggyback-openmoji"


@pytest.mark.whole
def test_the_shipped_model_fits_the_code_and_refuses_another_text_encoder(
    tmp_path, monkeypatch
) -> None:
    """Its tensors find their places before it is seen whose text encoder this is."""
    tiny_text(tmp_path / "minilm", "bert", 384)
    for name in TEXT_FILES:
        (tmp_path / "minilm" / name).touch()
    monkeypatch.setenv("COLORLAB_WEIGHTS", str(tmp_path))
    with pytest.raises(
        CheckpointError, match="trained on another prior than pretrained/prior-openmoji"
    ):
        open_run(SHIPPED).method()


def has_minilm() -> bool:
    with suppress(DataError):
        return bool(text_folder())
    return False


@pytest.mark.slow
@pytest.mark.skipif(not has_minilm(), reason="python -m colorlab.weights fetch minilm")
def test_the_shipped_model_colours_pictures_it_has_never_seen_and_follows_words() -> None:
    run = open_run(SHIPPED)
    pictures, method = run.pictures(), run.method(steps=10)
    index = [int(group[0]) for group in pictures.drawings("test")[:24:3]]
    batch = pictures[index]
    named = method.sample(Condition(batch.image, None, batch.text), 4, Draws(0, index))
    best = (named - batch.rgb[:, None]).abs().mean((2, 3, 4)).amin(1)
    assert best.mean() < 0.8 * (batch.image - batch.rgb).abs().mean()
    shown = batch.image.repeat_interleave(4, 0).expand(-1, 3, -1, -1)
    assert (lab_of(named.flatten(0, 1)) - lab_of(shown))[:, 0].abs().max() < 100 / 255
    red, green = (
        method.sample(
            Condition(batch.image, None, [f"{word} {name}" for name in batch.text]),
            2,
            Draws(0, index),
        )
        for word in ("red", "green")
    )
    a = [lab_of(drawn.flatten(0, 1))[:, 1].mean() for drawn in (red, green)]
    assert a[0] > a[1] + 2  # units of ab, over white paper and all
