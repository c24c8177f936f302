"""One suite over every conf/method/*.yaml: a new method is tested the moment its yaml exists.

The promises are in colorlab/training/method_checks.py, where `python -m colorlab.check` holds other
people's methods to them too. What a method may say about itself, as class or instance attributes:
    conditions         the kinds of data.condition it can be shown; ("gray",) = it keeps the
                       picture's lightness
    optimizer_steps    how many a batch takes
    candidates_differ  False for a method that draws one picture only (default True)
    export(folder)     what a finished run holds besides its weights
and its yaml, in a line `# Small: ...`, what makes it small enough for a test.

`make test` tries QUICK; `make test-whole` all others. One method: `pytest
tests/test_every_method.py -k mine`."""

from __future__ import annotations

import pytest
import torch

from colorlab.check import small
from colorlab.cli.yaml_files import conf_dir
from colorlab.training import method_checks as every
from colorlab.training.method_checks import CHECKS, Trained
from tests.tiny_prior import with_tiny_text

METHODS = sorted(path.stem for path in (conf_dir() / "method").glob("*.yaml"))
#: One of each kind is tried by `make test`: diffusion over pixels, classes of pixels, a GAN, a VAE,
#: areas.
QUICK = ("gpic", "cic", "pix2pix", "cvae", "flats")
SLOW = ("piggyback",)


def tier(name: str) -> list[pytest.MarkDecorator]:
    """Of a method: those with SLOW's cost, the quick ones, and all others, a new one too."""
    return [pytest.mark.slow] if name in SLOW else [] if name in QUICK else [pytest.mark.whole]


ALL = [pytest.param(name, marks=tier(name)) for name in METHODS]


@pytest.fixture(scope="module", params=ALL)
def trained(request, tmp_path_factory) -> Trained:
    folder = tmp_path_factory.mktemp(request.param)
    return Trained(small(request.param, folder, with_tiny_text(request.param, folder)))


@pytest.mark.whole
def test_what_a_method_cannot_be_shown_is_refused_by_its_yaml(trained: Trained) -> None:
    every.what_it_cannot_be_shown_is_refused_by_its_yaml(trained)


def test_every_parameter_learns_and_is_known_to_an_optimizer(trained: Trained) -> None:
    every.every_parameter_learns_and_is_known_to_an_optimizer(trained)


def test_a_batch_takes_the_optimizer_steps_that_the_method_says(trained: Trained) -> None:
    every.a_batch_takes_the_optimizer_steps_that_it_says(trained)


def test_the_weights_stay_finite(trained: Trained) -> None:
    every.the_weights_stay_finite(trained)


def test_the_loss_depends_on_batch_and_draws_alone(trained: Trained) -> None:
    every.the_loss_depends_on_batch_and_draws_alone(trained)


def test_samples_have_shape_and_range(trained: Trained) -> None:
    every.samples_have_shape_and_range(trained)


def test_the_same_draws_give_the_same_pictures_and_leave_the_global_random_state_alone(
    trained: Trained,
) -> None:
    every.the_same_draws_give_the_same_pictures(trained)


def test_candidates_differ_unless_the_method_draws_one_picture_only(trained: Trained) -> None:
    every.candidates_differ_unless_it_draws_one_picture_only(trained)


def test_a_candidate_is_the_same_8_bit_picture_in_any_batch_order_and_number(
    trained: Trained,
) -> None:
    every.a_candidate_is_the_same_8_bit_picture_in_any_batch_order_and_number(trained)


def test_pictures_of_any_size_come_back_in_that_size(trained: Trained) -> None:
    every.pictures_of_any_size_come_back_in_that_size(trained)


def test_what_only_colours_gray_pictures_keeps_their_lightness(trained: Trained) -> None:
    every.what_only_colors_gray_pictures_keeps_their_lightness(trained)


def test_a_guide_is_obeyed_or_refused_in_one_line(trained: Trained) -> None:
    every.a_guide_is_obeyed_or_refused_in_one_line(trained)


def test_weights_go_through_a_file_unchanged(trained: Trained) -> None:
    every.weights_go_through_a_file_unchanged(trained)


class Lazy:
    """What a check sees of a method that breaks every promise of sampling."""

    conditions, candidates_differ = ("gray",), True

    def sample(self, condition, n, draws, guides=()):
        torch.rand(1)
        return torch.rand(len(condition.image), 1, 3, 8, 8).expand(-1, n, -1, -1, -1) + 1

    def loss(self, batch, draws):
        return {"loss": torch.rand(())}


BREAKS = [check for check in CHECKS if any(word in check.__name__ for word in
          ("loss", "samples", "same", "differ", "size", "lightness"))]  # fmt: skip


@pytest.mark.parametrize("check", BREAKS, ids=lambda check: check.__name__)
def test_a_method_that_breaks_a_promise_is_found_out(check) -> None:
    trained = object.__new__(Trained)
    trained.__dict__["method"] = Lazy()
    with pytest.raises((AssertionError, RuntimeError)):
        check(trained)
