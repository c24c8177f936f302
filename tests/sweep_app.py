"""A command as small as can be, which sweeps are tested with."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

from omegaconf import DictConfig

from colorlab.cli import command, config, yaml_files
from colorlab.cli.command import hydra_command

yaml_files.conf_dir = config.conf_dir = command.conf_dir = lambda: Path(__file__).parent


def task(cfg: DictConfig) -> float:
    """What ``does`` says the first time, half of x from then on; a line in ``starts`` each time."""
    from hydra.core.hydra_config import HydraConfig

    starts = Path(HydraConfig.get().runtime.output_dir) / "starts"
    first = not starts.exists()
    with starts.open("a") as file:
        file.write(f"{cfg.name} {cfg.resume}\n")
    if cfg.does == "exit":
        sys.exit(0)
    if first and cfg.does == "raise":
        raise RuntimeError(f"job {cfg.x} is broken")
    if first and cfg.does == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if first and cfg.does == "wait":
        time.sleep(60)
    return float(cfg.x / 2)


if __name__ == "__main__":
    hydra_command(task, "sweep_app")
