"""Colour a drawing in the browser, on this machine alone:  python -m colorlab.studio [--open]
[--port 8123]"""

from __future__ import annotations

import argparse
import socket
import sys
import threading
import webbrowser
from pathlib import Path

from colorlab.cli.command import run
from colorlab.errors import ConfigError

HOST = "127.0.0.1"  # no other machine reaches it


def main(argv: list[str]) -> None:
    """Serve the page until Ctrl-C."""
    options = parser().parse_args(argv)
    try:
        import uvicorn

        from colorlab.studio.app import app_of
    except ImportError as error:
        raise ConfigError(
            f"the studio needs {error.name} (pip install 'colorlab-suite[studio]')"
        ) from error
    taken = bound(options.port)
    address = f"http://{HOST}:{taken.getsockname()[1]}"
    print(f"colorlab: the studio is at {address} (end it with Ctrl-C)", flush=True)
    if options.open:
        threading.Timer(0.3, webbrowser.open, (address,)).start()
    settings = uvicorn.Config(
        app_of(Path(options.home)), log_level="warning", access_log=False, timeout_keep_alive=30
    )
    uvicorn.Server(settings).run(sockets=[taken])


def parser() -> argparse.ArgumentParser:
    """Of the words."""
    found = argparse.ArgumentParser("python -m colorlab.studio", description=__doc__)
    found.add_argument("--open", action="store_true", help="open the browser")
    found.add_argument(
        "--port", type=int, default=8123, help="0 for any that is free (default: %(default)s)"
    )
    found.add_argument(
        "--home",
        default="runs/studio",
        help="folder that sessions are kept in (default: %(default)s)",
    )
    return found


def bound(port: int) -> socket.socket:
    """A socket of the port, that listens. ConfigError: it is taken."""
    if not 0 <= port <= 65535:
        raise ConfigError(f"--port {port} is none (give 0 to 65535)")
    taken = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        taken.bind((HOST, port))
        taken.listen()  # who comes before the page is there waits for it
    except OSError as error:
        taken.close()
        raise ConfigError(
            f"port {port} cannot be had: {error.strerror} (give another --port, or 0)"
        ) from error
    return taken


if __name__ == "__main__":
    run(main, sys.argv[1:])
