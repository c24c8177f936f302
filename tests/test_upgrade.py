"""Runs that older versions trained open: their keys find their places, and old words for a value
are understood."""

from __future__ import annotations

import dataclasses
import re
import shutil
from functools import reduce
from pathlib import Path
from typing import Any

import pytest

from colorlab.cli.config import compose
from colorlab.cli.targets import build, class_of
from colorlab.cli.upgrade import ADDED, GROUPS, MOVED, RENAMED, merged, regrouped, upgraded
from colorlab.errors import ConfigError
from colorlab.runs.run import open_run, plain_dict

PIGGYBACK = "colorlab.methods.piggyback.Piggyback"


def keys_of(node: dict, prefix: str = "") -> set[str]:
    nested = [
        keys_of(value, f"{prefix}{key}.") for key, value in node.items() if isinstance(value, dict)
    ]
    return {f"{prefix}{key}" for key, value in node.items() if not isinstance(value, dict)}.union(
        *nested
    )


def at(node: dict, place: str) -> Any:
    return reduce(lambda group, key: group[key], place.split("."), node)


def of_today() -> dict:
    node = plain_dict(compose("train", ["name=x", "method=piggyback"]).method)
    return {
        key: value for key, value in node.items() if key not in ("sampler", "optimizer", "schedule")
    }


@pytest.mark.whole
def test_a_run_of_flat_keys_opens_with_those_of_today() -> None:
    shipped = {
        k: v
        for k, v in open_run("pretrained/piggyback-openmoji").config["method"].items()
        if k in of_today()
    }
    assert keys_of(shipped) == keys_of(of_today())
    assert shipped["hints"] == of_today()["hints"] and shipped["guider"] == of_today()["guider"]


@pytest.mark.whole
def test_a_configuration_of_today_is_left_as_it_is() -> None:
    assert upgraded(of_today()) is not None and upgraded(of_today()) == of_today()


def test_keys_that_are_new_have_the_old_behaviour() -> None:
    sampler = {"_target_": "colorlab.samplers.marginals.AnnealedMean", "temperature": 0.5}
    node = upgraded({"_target_": "colorlab.methods.cic.CIC", "sampler": sampler})
    assert node["sampler"] == sampler | {"rebalanced": False}


def test_every_older_key_has_a_value_of_its_own() -> None:
    flat = {"_target_": PIGGYBACK} | {key: f"was {key}" for key in MOVED[PIGGYBACK]}
    node = upgraded(flat)
    for old, new in MOVED[PIGGYBACK].items():
        if new is not None:
            assert at(node, new) == f"was {old}"
    assert node["hints"]["use"] == "was hear_hints" and "bf16" not in node


#: Configurations as runs of before had them; those that trained must open to the same method.
FLAT = {
    "gpic": {"predict": "eps", "distance": "l1", "min_xi": 0.01, "stratified": False,
             "fourier_features": 8, "fourier_scale": 2.0, "embed_of": "log_snr",
             "literal_film": True, "bf16": False},
    "cic": {"stride": 4, "shortcuts": False, "bins": "corner", "neighbours": 3, "sigma": 4.0,
            "rebalance": 0.25, "prior": None, "undo_rebalancing": False, "rank": 3, "edges": 0.2},
    "marginals": {"trunk": "plain", "stride": 4, "shortcuts": False, "bins": "corner",
                  "neighbours": 3, "sigma": 4.0, "rebalance": 0.25, "prior": None,
                  "undo_rebalancing": False, "rank": 3, "edges": 0.2},
    "basis": {"trunk": "capsule", "stride": 4, "shortcuts": False, "bins": "corner",
              "rebalance": 0.25, "rank": 3, "undo_rebalancing": False, "edges": 0.2, "channels": 4,
              "layers": 1, "bases": 2, "noise": 3, "remedy": "none", "candidates": 1},
    "chromagan": {"tries": 2, "skips": False, "tuned": True, "pretrained": False, "l2_weight": 2.0,
                  "class_weight": 0, "classified_at": 64, "gan_weight": 0.2, "penalty_weight": 5.0},
    "pix2pix": {"depth": 3, "dropout": 0.25, "dropout_at_test": False, "critic_width": 3,
                "critic_layers": 2, "critic_scales": 2, "gradient_clip_val": 1.0},
    "msgan": {"depth": 3, "latent": 5, "l1_weight": 7.0, "seek_weight": 3.0},
    "bicyclegan": {"depth": 3, "latent": 5, "encoder_width": 3, "l1_weight": 7.0, "kl_weight": 0.5,
                   "latent_weight": 0.25},
    "munit": {"downs": 1, "blocks": 2, "latent": 5, "picture_weight": 7.0, "style_weight": 3.0},
    "cgan": {"depth": 3, "dropout": 0.25, "cluster": "medoids", "pool": 12, "clusters": 3},
    "cvae": {"side": 32, "latents": 6, "dropout": 0.25, "cluster": "none", "pool": 12,
             "clusters": 3},
    "cinn": {"blocks": [1, 2], "clamp": 3.0, "shrink": 1, "dequantise": False, "noise": 0.5},
    "divcolor": {"side": 32, "latents": 6, "skip": True, "dropout": 0.25, "samples": "random"},
    "latent_vae": {"perceptual": 0.0, "perceptual_net": "vgg", "kl": 0.5},
}  # fmt: skip


# diffusers takes seconds to import
@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=pytest.mark.slow) if name == "latent_vae" else name for name in FLAT],
)
def test_a_flat_configuration_of_before_builds_the_method_that_it_meant(name: str) -> None:
    node = plain_dict(compose("train", ["name=x", f"method={name}", "method.width=2"]).method)
    groups, places = GROUPS[node["_target_"]], {MOVED[node["_target_"]][key] for key in FLAT[name]}
    others = {
        group: {key: value for key, value in node[group].items() if f"{group}.{key}" not in places}
        for group in groups
    }
    kept = {group: values for group, values in others.items() if values.keys() != {"_target_"}}
    old = {key: value for key, value in node.items() if key not in groups} | kept | FLAT[name]
    today = upgraded(old)
    build(today)  # which fails if a class lacks a key, or has none for one
    for key, value in FLAT[name].items():
        if place := MOVED[node["_target_"]][key]:
            assert at(today, place) == value


def test_a_shipped_run_of_flat_keys_has_todays(
    shipped: str = "pretrained/gpic-openmoji-c8",
) -> None:
    method = open_run(shipped).config["method"]
    assert (method["learning"]["predict"], method["embedding"]["features"]) == ("x_0", 64)
    assert keys_of(method) == keys_of(
        plain_dict(compose("train", ["name=x", "method=gpic"]).method)
    )


@pytest.mark.parametrize("target", sorted(MOVED))
def test_groups_are_made_of_classes_that_take_their_keys(target: str) -> None:
    places = {place for place in MOVED[target].values() if place is not None}
    for group, holder in GROUPS[target].items():
        fields = {field.name: field.default for field in dataclasses.fields(class_of(holder))}
        needed = {name for name, default in fields.items() if default is dataclasses.MISSING}
        inner = {
            other.removeprefix(f"{group}.")
            for other in GROUPS[target]
            if other.startswith(f"{group}.")
        }
        moved = {
            place.removeprefix(f"{group}.") for place in places if place.startswith(f"{group}.")
        }
        moved = {key for key in moved if "." not in key} | inner
        assert needed <= moved | ADDED.get(holder, {}).keys() and moved <= fields.keys()


def test_old_words_for_a_value_are_understood_when_sampling() -> None:
    assert regrouped({"text_scale": 2.0, "guider_every": 3, "negative": "red"}, PIGGYBACK) == {
        "guidance": {"text": 2.0, "negative": "red"}, "guider": {"every": 3},
    }  # fmt: skip
    assert regrouped({"decoder": "x", "ablation": {"kind": "sds"}, "guider": {"every": 2}},
                     PIGGYBACK) == {
        "latent": {"decoder": "x"}, "guider": {"every": 2, "ablation": {"kind": "sds"}},
    }  # fmt: skip
    assert regrouped({"width": 8}, "colorlab.methods.gpic.GPIC") == {"width": 8}


def test_values_are_changed_within_groups_too() -> None:
    node = {"a": 1, "group": {"b": 2, "c": 3}}
    assert merged(node, {"a": 4, "group": {"c": 5}}) == {"a": 4, "group": {"b": 2, "c": 5}}
    assert node == {"a": 1, "group": {"b": 2, "c": 3}}


@pytest.mark.parametrize(
    "changed",
    [
        {"optimizer": {"lr": 1.0}},
        {"guidance": {"txt": 1.0}},
        {"guidance": {"_target_": "x"}},
        {"guidence": 1},
    ],
)
def test_what_is_no_value_of_the_run_is_refused(changed: dict) -> None:
    with pytest.raises(ConfigError, match="is not a value of piggyback-openmoji"):
        open_run("pretrained/piggyback-openmoji").method(changed=changed)


def test_a_value_that_came_after_the_run_can_be_given(tmp_path: Path) -> None:
    """Its class knows it, the run's configuration does not."""
    old = tmp_path / "old"
    shutil.copytree(open_run("pretrained/flats").path, old)
    text = (old / "config.yaml").read_text()
    (old / "config.yaml").write_text(re.sub(r"\n +min_p: .*", "", text))
    run = open_run(old)
    assert "min_p" not in run.config["method"]["choice"]
    assert run.method().choice.min_p == 0
    assert run.method(changed={"choice": {"min_p": 0.2}}).choice.min_p == 0.2
    for changed in ({"choice": {"minp": 0.2}}, {"decoder": {"kind": 1}}, {"sampler": {"eta": 1}},
                    {"defaults": []}, {"optimizer": {"lr": 1.0}}):  # fmt: skip
        with pytest.raises(ConfigError, match="is not a value of flats"):
            run.method(changed=changed)
    with pytest.raises(ConfigError, match="min_p"):
        run.method(changed={"choice": {"min_p": 7}})


def test_piggybacks_groups_of_before_open_in_those_of_today() -> None:
    today = of_today()
    before = {key: value for key, value in today.items() if key != "latent"}
    before |= {
        "guider": {key: value for key, value in today["guider"].items() if key != "ablation"}
    }
    before |= {key: value for key, value in today["latent"].items() if key != "_target_"}
    before |= {"ablation": today["guider"]["ablation"] | {"kind": "sds"}}
    opened = upgraded(before)
    assert (
        opened["guider"]["ablation"].pop("kind") == "sds"
        and today["guider"]["ablation"].pop("kind") == "none"
    )
    assert opened == today


FLATS = {"color_layers": 2, "turns": 5, "styles": ["a", "b"], "style": "b", "style_dropout": 0.5,
         "negative": "red", "guidance": 2.0, "width": 24}  # fmt: skip


@pytest.mark.parametrize("name", ["flats", "flats_diffusion"])
def test_flats_of_flat_keys_open_with_those_of_today(name: str) -> None:
    today = plain_dict(compose("train", ["name=x", f"method={name}"]).method)
    reading = {k: v for k, v in today["reading"].items() if k not in ("width", "trunk")}
    reading["_target_"] = "colorlab.methods.areas.ReadingOptions"
    old = (
        {k: v for k, v in today.items() if k not in ("decoder", "hand", "guidance")}
        | FLATS
        | {"reading": reading}
    )
    old |= {"colors": 24, "softness": 3.0} if name == "flats" else {}
    node = upgraded(old)
    assert keys_of(node) == keys_of(today) and node["reading"] == today["reading"] | {
        "width": 24,
        "trunk": "none",
    }
    assert node["guidance"] == today["guidance"] | {"negative": "red", "scale": 2.0}
    made = build(node)
    assert (made.hand.style, made.turns, made.guidance.scale) == ("b", 5, 2.0)


def test_the_prior_of_flat_keys_opens_with_those_of_today() -> None:
    today = plain_dict(
        compose("train", ["name=x", "method=latent_prior", "method.latent.vae=x"]).method
    )
    flat = {"width": 8, "layers": 2, "text_encoder": "x", "negative": "red", "guidance": 2.0}
    flat |= {"vae": "y", "space": "ab", "decoder": None}
    node = upgraded(
        {k: v for k, v in today.items() if k not in ("net", "guidance", "latent")} | flat
    )
    assert node["latent"] == today["latent"] | {"vae": "y", "space": "ab"}
    assert node["net"] == today["net"] | {"width": 8, "layers": 2, "text_encoder": "x"}
    assert keys_of(node) == keys_of(today) and node["guidance"]["scale"] == 2.0


@pytest.mark.parametrize("old", RENAMED)
def test_a_class_that_moved_is_found_by_its_old_name(old: str) -> None:
    assert (
        class_of(
            upgraded({"_target_": "x", "part": {"_target_": old}})["part"]["_target_"]
        ).__name__
        in old
    )


@pytest.mark.whole
@pytest.mark.parametrize(
    ("method", "old", "new"),
    [
        ("flats", "style=twemoji", "hand.style"),
        ("flats_diffusion", "width=8", "reading.width"),
        ("latent_prior", "text_encoder=x", "net.text_encoder"),
        ("piggyback", "negative=red", "guidance.negative"),
        ("piggyback", "text_scale=1", "guidance.text"),
        ("piggyback", "prior=x", "latent.prior"),
        ("piggyback", "ablation.kind=sds", "guider.ablation.kind"),
    ],
)
def test_an_older_key_in_training_is_one_line_with_its_place_today(
    method: str, old: str, new: str
) -> None:
    with pytest.raises(ConfigError, match=f"method.{old.split('=')[0]} is method.{new} today"):
        compose("train", ["name=x", f"method={method}", f"method.{old}"])
