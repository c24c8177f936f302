"""Piggyback: what it learns and leaves alone, and what it refuses."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor

from colorlab.conditions.captions import DUMMIES
from colorlab.draws import Draws
from colorlab.errors import CheckpointError, ConfigError
from colorlab.methods.piggyback import Piggyback
from colorlab.nets.frozen import weights_digest
from colorlab.runs.checkpoint import fill
from colorlab.types import Batch
from tests import small_piggyback
from tests.small_piggyback import BATCH, RGB, descend, drawn, made, put
from tests.tiny_prior import tiny_folder, tiny_prior

clip, learned = small_piggyback.clip, small_piggyback.learned  # fixtures


@pytest.fixture(scope="module", params=["clip", pytest.param("bert", marks=pytest.mark.slow)])
def folder(request, tmp_path_factory) -> Path:
    """A prior as Stable Diffusion 1.x is, and one with a BERT that predicts v from a
    zero-SNR schedule."""
    prediction = "epsilon" if request.param == "clip" else "v_prediction"
    return tiny_folder(tmp_path_factory.mktemp(request.param), request.param, prediction)


@pytest.mark.whole
def test_two_steps_and_samples_on_a_prior_that_stays_as_it_is(folder: Path) -> None:
    method = made(folder)
    before, at_first = weights_digest(method.frozen), weights_digest(method.net)
    descend(method)
    assert torch.equal(weights_digest(method.frozen), before) and not torch.equal(
        weights_digest(method.net), at_first
    )
    assert drawn(method.eval()).shape == (1, 2, 3, 32, 32)


@pytest.mark.whole
def test_the_prior_s_weights_are_not_among_the_method_s(learned: Piggyback) -> None:
    inside = {value.data_ptr() for value in learned.state_dict().values()}
    assert not inside & {value.data_ptr() for value in learned.frozen.state_dict().values()}
    assert {name.split(".")[0] for name in learned.state_dict()} == {
        "net",
        "trained_on",
        "batches_seen",
    }


@pytest.mark.whole
def test_weights_of_another_prior_are_refused_in_one_line(
    clip: Path, learned: Piggyback, tmp_path: Path
) -> None:
    other = made(tiny_folder(tmp_path, "bert"))
    with pytest.raises(CheckpointError, match=r"another prior than .* \(give") as error:
        fill(other, learned.state_dict(), tmp_path)
    assert "\n" not in str(error.value)
    fill(made(clip), learned.state_dict(), tmp_path)


def test_a_missing_prior_and_wrong_latents_are_told_in_one_line(clip: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"prior=.*nowhere is not there"):
        made(tmp_path / "nowhere")
    with pytest.raises(ConfigError, match="channels"):
        tiny_prior(tmp_path, channels=5)


@pytest.mark.whole
def test_a_prompt_that_is_too_long_is_told_and_a_caption_is_cut(
    learned: Piggyback, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ConfigError, match="has 26 tokens, 10 fit") as error:
        drawn(learned, text="abcdefghijklmnopqrstuvwxyz")
    assert "\n" not in str(error.value)
    long = BATCH._replace(text=["abcdefghijklmnopqrstuvwxyz"] * 2)
    assert torch.isfinite(learned.loss(long, Draws(0, [10, 11]))["loss"])
    monkeypatch.setattr(learned, "cut", True)
    assert torch.equal(drawn(learned, text="abcdefghijklmn"), drawn(learned, text="abcdefghijxyz"))


def test_half_of_the_captions_are_dummies(learned: Piggyback) -> None:
    batch = Batch(
        RGB[:1].expand(600, -1, -1, -1),
        BATCH.image[:1],
        torch.arange(600),
        ["car"] * 600,
        torch.zeros(600),
    )
    said = learned.captions(batch, Draws(0, range(600)))
    for dummy in DUMMIES:
        assert abs(said.count(dummy) / 600 - 1 / 6) < 4 * (1 / 6 * 5 / 6 / 600) ** 0.5
    assert abs(sum("car" in text for text in said) / 600 - 0.5) < 4 * 0.5 / 600**0.5


def test_new_layers_learn_at_a_rate_of_their_own_on_one_schedule(clip: Path) -> None:
    ((optimizer, schedule),) = made(clip, "optimizer.lr=1e-3", "learning.new_rate=7").optimizers()
    new, copied = optimizer.param_groups
    rates = []
    for _ in range(4):
        rates.append(copied["lr"])
        assert new["lr"] == pytest.approx(7 * copied["lr"])
        optimizer.step()
        schedule.step()
    probe = torch.optim.AdamW([torch.zeros(1, requires_grad=True)], 1e-3)
    cycle = torch.optim.lr_scheduler.OneCycleLR(
        probe, 1e-3, 4, pct_start=0.04, cycle_momentum=False
    )
    for rate in rates:
        assert rate == pytest.approx(probe.param_groups[0]["lr"])
        probe.step(), cycle.step()


@pytest.mark.whole
def test_the_loss_is_equation_3(clip: Path) -> None:
    method, draws = made(clip), Draws(0, [10, 11])
    prior = method.frozen
    z = prior.encode(RGB)
    t, noise = draws.to("level").choice(1000), draws.normal(*z.shape[1:])
    a = prior.alpha_bars[t].float()[:, None, None, None]
    with torch.no_grad():
        text = prior.embed(method.captions(BATCH, draws), cut=True)
        # not yet guided
        error = prior.unet(a.sqrt() * z + (1 - a).sqrt() * noise, t, text).sample - noise
    assert torch.allclose(
        method.loss(BATCH, Draws(0, [10, 11]))["loss"], error.square().mean(), rtol=1e-4
    )


def test_structure_is_dropped_at_the_rate_asked(
    learned: Piggyback, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Tensor] = []
    put(learned, monkeypatch, "learning", structure_dropout=0.5)
    monkeypatch.setattr(learned.net, "forward", lambda x, t, text, shown: seen.append(shown) or x)
    rows = [part[:1].expand(200, *part.shape[1:]) for part in (RGB, BATCH.image, torch.zeros(1))]
    learned.loss(
        Batch(rows[0], rows[1], torch.arange(200), [""] * 200, rows[2]), Draws(0, range(200))
    )
    gone = seen[0].flatten(1).abs().amax(1) == 0
    assert abs(float(gone.float().mean()) - 0.5) < 4 * 0.5 / 200**0.5


@pytest.mark.slow
def test_obedience_counts_what_follows_the_picture_and_the_hints(
    learned: Piggyback, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = learned.obedience(BATCH, Draws(0, [10, 11]))
    assert 0 < values["luma_rmse"] < 1 and 0 <= values["hint_hit"] < 1
    monkeypatch.setattr(learned.frozen, "decode", lambda _: learned.maps.divided(RGB)[:, :3] / 255)
    assert learned.obedience(BATCH, Draws(0, [10, 11]))["hint_hit"] == 1
    monkeypatch.setattr(learned.frozen, "decode", lambda _: RGB)
    assert learned.obedience(BATCH, Draws(0, [10, 11]))["luma_rmse"] < 1e-6


@pytest.mark.parametrize(
    "word", ["guider.ablation.kind=none_at_all", "guider.every=2 guider.kind=input_concat"]
)
def test_what_cannot_be_sampled_is_refused(word: str, clip: Path) -> None:
    with pytest.raises(ConfigError, match=f"{word.split('=')[0].split('.')[-1]}(=| is)") as error:
        made(clip, *word.split())
    assert "\n" not in str(error.value)
