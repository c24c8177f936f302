"""Folders of a model hub, by the address that a user gives and at one commit: fetched once, read
ever after.

Nothing is asked of the network unless a user names an address, and never for an address and commit
that are here."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from colorlab.errors import CheckpointError, ConfigError
from colorlab.runs.config import CONFIG, TRAVELED
from colorlab.storage.cache import hub_dir
from colorlab.storage.files import replacing_folder
from colorlab.storage.scratch import is_of_the_disk
from colorlab.travel.card import CARD, SHEET

ADDRESS = re.compile(r"[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}")
COMMIT = re.compile(r"[0-9a-f]{40}")
FILES = (CONFIG, TRAVELED, CARD, SHEET)  # all that is fetched


def fetched(address: str, revision: str | None, endpoint: str | None = None) -> Path:
    """The folder of an address, owner/name, at a commit; fetched unless it is here. endpoint: of
    another hub.

    ConfigError: there is no such folder and the address is none, the commit is not named by its 40
    hexadecimal digits, or huggingface_hub is not installed. CheckpointError: the hub does not give
    it, or it is no run."""
    if not ADDRESS.fullmatch(address):
        raise ConfigError(
            f"there is no folder {address}, and it is no address (owner/name) on a hub"
        )
    if revision is None or not COMMIT.fullmatch(revision):
        given = "without a commit" if revision is None else f"at revision={revision}"
        raise ConfigError(
            f"{address} {given} may change (give revision=, the 40 hexadecimal digits of a commit)"
        )
    folder = hub_dir() / address / revision
    if not folder.is_dir():
        with replacing_folder(folder) as made:
            _fetch(address, revision, made, endpoint)
            shutil.rmtree(made / ".cache", ignore_errors=True)  # the client's own notes
            if missing := [name for name in (CONFIG, TRAVELED) if not (made / name).is_file()]:
                raise CheckpointError(
                    f"{address} at {revision[:10]} is no model of colorlab ({missing[0]} is "
                    "missing)"
                )
    return folder


def _fetch(address: str, revision: str, folder: Path, endpoint: str | None) -> None:
    try:
        from huggingface_hub import snapshot_download
    except ImportError as error:
        raise ConfigError(
            f"{address} needs huggingface_hub (pip install 'colorlab-suite[hub]')"
        ) from error
    try:
        snapshot_download(
            address,
            revision=revision,
            local_dir=folder,
            allow_patterns=list(FILES),
            endpoint=endpoint,
        )
    except Exception as error:  # of many libraries: no network, no such commit, no right to it
        if is_of_the_disk(error):
            raise
        reason = " ".join(str(error).split())[:160] or type(error).__name__
        raise CheckpointError(
            f"{address} at {revision[:10]} could not be fetched: {reason}"
        ) from error
