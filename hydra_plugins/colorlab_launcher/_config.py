"""The keys of hydra.launcher. In a module of its own, because the scan for plugins cannot load
dataclasses."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass
class LauncherConfig:
    """The keys of hydra.launcher, and their only defaults."""

    _target_: str = "hydra_plugins.colorlab_launcher.launcher.ColorlabLauncher"
    jobs: int = 1  # at a time, where gpus is empty; they share the processor's cores
    # a job at a time on each entry: [0,1], or [0,0], or ['0,1','2,3']
    gpus: list[Any] = field(default_factory=list)
    # words before each job's command, such as [srun,--gpus=1]
    prefix: list[str] = field(default_factory=list)
    # seconds a job may take; it is then stopped as by Ctrl-C and counts as failed
    timeout: float | None = None
    grace: float = 60.0  # seconds between asking a job to stop and killing it
    fail_fast: bool = False  # stop the other jobs when one fails
    redo: bool = False  # run finished jobs again
    dry_run: bool = False  # print what would be run
