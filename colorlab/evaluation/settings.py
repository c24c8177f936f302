"""How the samples of an evaluation come about, and the folder they lie in."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, ListConfig, OmegaConf

from colorlab.cli.device import previews_in_bf16
from colorlab.errors import ConfigError
from colorlab.evaluation.folder import SAMPLES, SETTINGS
from colorlab.evaluation.protocol import _brief
from colorlab.runs.checkpoint import weights_sha256
from colorlab.runs.run import Run, open_run
from colorlab.sampling.setup import changed_values
from colorlab.storage.files import digest, read_json, write_json


def opened_runs(cfg: DictConfig) -> list[Run]:
    """The run, or the two of a mix model."""

    names = list(cfg.run) if isinstance(cfg.run, ListConfig) else [cfg.run]
    if not 1 <= len(names) <= 2:
        raise ConfigError(f"run={cfg.run} (give one run, or two for the mix model)")
    return [open_run(str(name)) for name in names]


def sampling_of(cfg: DictConfig) -> dict[str, Any]:
    """All that changes the samples, apart from run, split, n and seed; plain containers."""

    return {
        "method": changed_values(cfg),
        "sampler": OmegaConf.to_container(cfg.method.sampler, resolve=True),
        "steps": cfg.steps,
        "switch_at": cfg.switch_at if isinstance(cfg.run, ListConfig) and len(cfg.run) > 1 else None,
        "bias": OmegaConf.to_container(cfg.bias) if OmegaConf.is_config(cfg.bias) else cfg.bias,
        "guide": OmegaConf.to_container(cfg.guide, resolve=True) or {},
        "hints": cfg.hints,
        "same_noise": cfg.same_noise,
        "text": str(cfg.text),
        "precision": "bf16" if previews_in_bf16(cfg.precision, cfg.device) else "fp32",
    }


def settings_of(cfg: DictConfig, runs: list[Run]) -> dict[str, Any]:
    """How the samples come about: equal settings give equal samples."""

    weights = {run.name: weights_sha256(run.path) for run in runs}
    data = {key: value for key, value in runs[0].config["data"].items() if key != "augment"}
    return {"split": cfg.split, "n": cfg.n, "seed": cfg.seed, "weights": weights, "data": data, **sampling_of(cfg)}


def folder_of(cfg: DictConfig, runs: list[Run]) -> Path:
    """out=, or a folder of its own for these settings below the (first) run; below runs/ for one that is shipped."""
    pass

    if cfg.out:
        return Path(cfg.out)
    partner = runs[1].name if len(runs) > 1 else ""
    return runs[0].home / "evaluation" / folder_name(cfg.split, cfg.n, cfg.seed, cfg.limit, sampling_of(cfg), partner)


WITHOUT_EFFECT: dict[str, Any] = {
    "sampler": {}, "steps": None, "switch_at": None, "bias": None, "guide": {}, "precision": "fp32",
    "hints": None, "same_noise": False, "method": {}, "text": "captions",
}  # fmt: skip


def folder_name(split: str, n: int, seed: int, limit: int | None, sampling: dict[str, Any], partner: str) -> str:
    """`<split>-n<n>-s<seed>`, and where sampling was not as trained, what differs and a hash of it: no two settings
    share a folder. sampling: the keys of WITHOUT_EFFECT. partner: the second run of a mix model, or ""."""
    name = f"{split}-n{n}-s{seed}" + (f"-limit{limit}" if limit else "")
    if sampling == WITHOUT_EFFECT and not partner:
        return name
    words = [f"mix-{partner}"] if partner else []
    words += [sampler_word(sampling["sampler"])] if sampling["sampler"] else []
    words += [f"steps{sampling['steps']}"] if sampling["steps"] else []
    words += [f"{key}_{value}"[:24] for key, value in sampling["method"].items()]
    words += [f"bias_{sampling['bias']}"[:24].rstrip("]")] if sampling["bias"] is not None else []
    words += [*sampling["guide"]]
    words += [sampling["hints"]] if sampling["hints"] else []
    words += ["same_noise"] if sampling["same_noise"] else []
    words += [f"text_{sampling['text']}"[:24]] if sampling["text"] != "captions" else []
    words += [sampling["precision"]] if sampling["precision"] != "fp32" else []
    return "-".join([name, *(re.sub(r"[^\w.]+", "_", word) for word in words), digest([sampling, partner])[:6]])


def additions(settings: dict[str, Any]) -> list[str]:
    """In words, how samples were made otherwise than as trained, apart from sampler, steps and precision: the guides'
    names, and 'hints=dots8'."""
    made = WITHOUT_EFFECT | settings
    plain = {key: made[key] for key in ("bias", "hints", "same_noise", "text", "switch_at")}
    changed = {key: value for key, value in plain.items() if value != WITHOUT_EFFECT[key]} | made["method"]
    return [*made["guide"], *(f"{key}={_brief(value)}" for key, value in changed.items())]


def titled(name: str, settings: dict[str, Any]) -> str:
    """A row's name, marked where the method was shown something of the truth: 'a with hints=dots8'. Hints are no part
    of the protocol: runs that were shown the same are comparable, and what hints are worth is seen beside a run
    without."""
    return f"{name} with hints={settings['hints']}" if settings.get("hints") else name


def sampler_word(sampler: dict[str, Any]) -> str:
    """The sampler's name in a word: the scheduler's, or the class's."""
    target = sampler.get("scheduler", sampler).get("_target_", "sampler")
    return str(target).rsplit(".", 1)[-1].removesuffix("Scheduler").lower()


def begin(folder: Path, settings: dict[str, Any]) -> None:
    """Make the folder, or go on in it; ConfigError if its samples were made with other settings or other weights."""
    (folder / SAMPLES).mkdir(parents=True, exist_ok=True)
    path, settings = folder / SETTINGS, json.loads(json.dumps(settings))
    if not path.exists():
        write_json(path, settings)
        return
    known = read_json(path)
    for key in settings.keys() | known.keys():
        was, now = (each.get(key, WITHOUT_EFFECT.get(key)) for each in (known, settings))
        if was != now:
            was, now = (json.dumps(value)[:60] for value in (was, now))
            raise ConfigError(
                f"{folder} holds samples made with {key}: {was}, not {now} (give out=..., or remove the folder)"
            )
