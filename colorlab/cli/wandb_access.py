"""Whether W&B can be reached, told within seconds and before a run starts."""

from __future__ import annotations

import netrc
import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlsplit
from urllib.request import getproxies, proxy_bypass

from colorlab.errors import ConfigError

PATIENCE = 3.0  # seconds for W&B's server to take a connection


START = 30.0  # seconds for a W&B run to be made


def wants_wandb(logger: Any) -> bool:
    """Whether logger= asks for W&B; ConfigError for a logger that only trainings have."""
    if logger.kind not in ("none", "wandb"):
        raise ConfigError(f"logger={logger.kind} is for training (choose from none, wandb)")
    return bool(logger.kind == "wandb")


def stays_offline(mode: str, folder: Path) -> bool:
    """Whether W&B's files are only written below the folder, and why, in a line. mode: auto, online
    or offline."""
    if mode == "online":
        return False
    if mode == "offline":
        reason = "offline"
    elif not logged_in():
        reason = "not logged in, so offline"
    elif not in_reach():
        reason = f"no connection to {_server().netloc}, so offline"
    else:
        return False
    print(f"W&B: {reason} in {folder / 'wandb'} (upload later with `wandb sync`)")
    return True


def logged_in() -> bool:
    """Whether W&B has a key: in the environment or in ~/.netrc. Nothing is asked and no network is
    touched."""
    if os.environ.get("WANDB_API_KEY"):
        return True
    path = Path(os.environ.get("NETRC", Path.home() / ".netrc"))
    try:
        return (
            path.is_file()
            and netrc.netrc(str(path)).authenticators(_server().hostname or "") is not None
        )
    except netrc.NetrcParseError:
        return False


def in_reach() -> bool:
    """Whether W&B's server, or the proxy on the way to it, takes a connection within PATIENCE."""
    server, taken = _server(), threading.Event()
    proxy = None if proxy_bypass(server.hostname or "") else getproxies().get(server.scheme)
    gate = server if proxy is None else urlsplit(proxy if "//" in proxy else f"//{proxy}")

    def knock() -> None:
        with suppress(OSError, ValueError):  # ValueError: a port that is no number
            port = gate.port or {"https": 443}.get(gate.scheme, 80)
            socket.create_connection((gate.hostname, port), PATIENCE).close()
            taken.set()

    # looking up a name has no time limit of its own
    thread = threading.Thread(target=knock, daemon=True)
    thread.start()
    thread.join(PATIENCE)
    return taken.is_set()


def _server() -> SplitResult:
    return urlsplit(os.environ.get("WANDB_BASE_URL", "https://api.wandb.ai"))


@contextmanager
def wandb_errors() -> Iterator[None]:
    """W&B's errors as ConfigErrors, in one line."""
    import wandb

    try:
        yield
    except wandb.Error as error:
        message = (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
        raise ConfigError(f"W&B: {message} (set logger.mode=offline, or logger=none)") from error
