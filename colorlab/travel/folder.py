"""A run as a folder that can be given away: config.yaml, model.safetensors, a card, a sheet of
pictures.

Such a folder opens like any run, and is read as any stranger's run is: its configuration is plain
data within bounds, its classes are held to the allow-list, its weights are plain tensors."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import yaml

from colorlab.errors import ConfigError
from colorlab.evaluation.dashboard import contact_sheet
from colorlab.evaluation.folder import Evaluation
from colorlab.runs.config import CONFIG, TRAVELED
from colorlab.runs.run import Run, is_finished, sheet_of, weights_of
from colorlab.storage.files import PRETRAINED, replacing_folder, write_text
from colorlab.travel.card import CARD, SHEET, card_of

# of a configuration
KEPT = ("method", "data", "trainer", "name", "seed", "batch_size", "ema", "made")
OWN_PLACES = ("root", "cache")  # keys of data whose folders are nobody else's business


def write_folder(run: Run, folder: Path, evaluation: Evaluation | None, license: str) -> Path:
    """Write a finished run to a folder, which must not be there or be empty. evaluation: for the
    numbers of its card.
    license: of the weights, as the card names it; "" leaves that open. ConfigError: the run cannot
    travel."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ConfigError(f"{folder} is there already (give a new or an empty folder)")
    if not is_finished(run.path):
        raise ConfigError(f"{run.path} is not finished (train it to its end: resume=auto)")
    require_alone(run)
    with replacing_folder(folder) as made:
        made.mkdir()
        write_text(
            made / CONFIG,
            yaml.safe_dump(traveling(run.config), sort_keys=False, allow_unicode=True),
        )
        shutil.copyfile(weights_of(run.path), made / TRAVELED)
        if sheet_of(run.path).is_file():
            shutil.copyfile(sheet_of(run.path), made / SHEET)
        elif evaluation is not None:
            contact_sheet(evaluation).save(made / SHEET)
        write_text(made / CARD, card_of(run, evaluation, license, (made / SHEET).exists()))
    return folder


def traveling(config: dict[str, Any]) -> dict[str, Any]:
    """What of a configuration others need; folders of data by their last names alone."""
    kept = {key: config[key] for key in KEPT if key in config}
    data = dict(kept["data"])
    for key in OWN_PLACES:
        if isinstance(data.get(key), str):
            data[key] = Path(data[key]).name
    return kept | {"data": data}


def require_alone(run: Run) -> None:
    """ConfigError if the method takes something from a folder here that does not ship with the
    package."""
    for key, value in places(run.config["method"], "method"):
        if Path(value).parts[:1] != (PRETRAINED,):
            raise ConfigError(
                f"{run.name} takes {key}={value} from this machine, so it cannot travel alone"
            )


def places(node: dict[str, Any], where: str) -> list[tuple[str, str]]:
    """Keys and values of a configuration that name a file or folder that is here."""
    found: list[tuple[str, str]] = []
    for key, value in node.items():
        if isinstance(value, dict):
            found += places(value, f"{where}.{key}")
        elif isinstance(value, str) and "/" in value and Path(value).exists():
            found.append((f"{where}.{key}", value))
    return found
