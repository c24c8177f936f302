"""How the samples of an evaluation come about, and the folder they lie in."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from colorlab.cli.device import previews_in_bf16
from colorlab.errors import ConfigError
from colorlab.evaluation.folder import SAMPLES, SETTINGS
from colorlab.evaluation.options import EvaluationOptions
from colorlab.evaluation.protocol import _brief
from colorlab.runs.checkpoint import weights_sha256
from colorlab.runs.run import Run, open_run
from colorlab.sampling.options import SamplingOptions, other_runs
from colorlab.storage.files import json_digest, read_json, require_own, sweep, write_json


def sampling_of(options: SamplingOptions, mixed: bool) -> dict[str, Any]:
    """All that changes the samples, apart from run, split, n and seed; plain containers. mixed:
    whether two runs are a mix model."""
    asked: dict[str, Any] = {"palette": options.palette, "shade": options.shade}
    asked |= {"shade_at": options.shade_at} if options.shade else {}
    return {key: value for key, value in asked.items() if value is not None} | {
        "method": options.values,
        "sampler": options.sampler,
        "steps": options.steps,
        "switch_at": options.switch_at if mixed else None,
        "bias": options.bias,
        "guide": options.guide,
        "hints": options.hints,
        "same_noise": options.same_noise,
        "text": options.text,
        "precision": "bf16" if previews_in_bf16(options.precision, options.device) else "fp32",
    }


def settings_of(runs: Sequence[Run], options: SamplingOptions, split: str) -> dict[str, Any]:
    """How the samples come about: equal settings give equal samples."""
    weights = {
        run.name: weights_sha256(run.path) for run in [*runs, *map(open_run, other_runs(options))]
    }
    data = {key: value for key, value in runs[0].data.items() if key != "augment"}
    made = {"split": split, "n": options.n, "seed": options.seed, "weights": weights, "data": data}
    if data.get("condition") == "gray":
        # samples that kept another lightness are no longer gone on with
        made["lightness"] = "locked"
    return made | sampling_of(options, len(runs) > 1)


def folder_of(runs: Sequence[Run], options: SamplingOptions, wanted: EvaluationOptions) -> Path:
    """out=, or a folder of its own for these settings below the (first) run; below runs/ for one
    that is shipped."""
    if wanted.out:
        return Path(wanted.out)
    partner = runs[1].name if len(runs) > 1 else ""
    sampling = sampling_of(options, len(runs) > 1) | (
        {"data": runs[0].given} if runs[0].given else {}
    )
    name = folder_name(wanted.split, options.n, options.seed, wanted.limit, sampling, partner)
    return runs[0].home / "evaluation" / name


WITHOUT_EFFECT: dict[str, Any] = {
    "sampler": {}, "steps": None, "switch_at": None, "bias": None, "guide": {}, "precision": "fp32",
    "hints": None, "same_noise": False, "method": {}, "text": "captions",
}  # fmt: skip


def folder_name(
    split: str, n: int, seed: int, limit: int | None, sampling: dict[str, Any], partner: str
) -> str:
    """`<split>-n<n>-s<seed>`, and where sampling was not as trained, what differs and a hash of it:
    no two settings share a folder. sampling: the keys of WITHOUT_EFFECT, and data where it is not
    the run's own. partner: the second run of a mix model, or ""."""
    name = f"{split}-n{n}-s{seed}" + (f"-limit{limit}" if limit else "")
    if sampling == WITHOUT_EFFECT and not partner:
        return name
    words = [f"mix-{partner}"] if partner else []
    words += (
        [str(sampling["data"]["_target_"]).rpartition(".")[2].lower()] if "data" in sampling else []
    )
    words += [sampler_word(sampling["sampler"])] if sampling["sampler"] else []
    words += [f"steps{sampling['steps']}"] if sampling["steps"] else []
    words += [f"{key}_{value}"[:24] for key, value in sampling["method"].items()]
    words += [f"bias_{sampling['bias']}"[:24].rstrip("]")] if sampling["bias"] is not None else []
    words += [*sampling["guide"]]
    words += [sampling["hints"]] if sampling["hints"] else []
    words += ["same_noise"] if sampling["same_noise"] else []
    words += [f"text_{sampling['text']}"[:24]] if sampling["text"] != "captions" else []
    words += [sampling["precision"]] if sampling["precision"] != "fp32" else []
    return "-".join(
        [
            name,
            *(re.sub(r"[^\w.]+", "_", word) for word in words),
            json_digest([sampling, partner])[:6],
        ]
    )


def additions(settings: dict[str, Any]) -> list[str]:
    """In words, how samples were made otherwise than as trained, apart from sampler, steps and
    precision: the guides' names, and 'hints=dots8'."""
    made = WITHOUT_EFFECT | settings
    plain = {key: made[key] for key in ("bias", "hints", "same_noise", "text", "switch_at")}
    changed = {key: value for key, value in plain.items() if value != WITHOUT_EFFECT[key]} | made[
        "method"
    ]
    return [*made["guide"], *(f"{key}={_brief(value)}" for key, value in changed.items())]


def titled(name: str, settings: dict[str, Any]) -> str:
    """A row's name, marked where the method was shown something of the truth: 'a with hints=dots8'.
    Hints are no part of the protocol: runs that were shown the same are comparable, and what hints
    are worth is seen beside a run without."""
    return f"{name} with hints={settings['hints']}" if settings.get("hints") else name


def sampler_word(sampler: dict[str, Any]) -> str:
    """The sampler's name in a word: the scheduler's, or the class's."""
    target = sampler.get("scheduler", sampler).get("_target_", "sampler")
    return str(target).rsplit(".", 1)[-1].removesuffix("Scheduler").lower()


def begin(folder: Path, settings: dict[str, Any]) -> None:
    """Make the folder, or go on in it; ConfigError if its samples were made with other settings or
    other weights."""
    (folder / SAMPLES).mkdir(parents=True, exist_ok=True)
    require_own(folder)
    sweep(folder)
    path, settings = folder / SETTINGS, json.loads(json.dumps(settings))
    if not path.exists():
        write_json(path, settings)
        return
    known = read_json(path, {}, "remove the folder, or give another out=")
    for key in settings.keys() | known.keys():
        was, now = (each.get(key, WITHOUT_EFFECT.get(key)) for each in (known, settings))
        if was != now:
            was, now = (json.dumps(value)[:60] for value in (was, now))
            raise ConfigError(
                f"{folder} holds samples made with {key}: {was}, not {now} (give out=..., or "
                "remove the folder)"
            )
