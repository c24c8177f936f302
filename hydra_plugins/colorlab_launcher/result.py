"""In the job's process: keep what the job returned, so that the launcher and its sweeper can read
it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from hydra.core.utils import JobReturn, JobStatus
from hydra.experimental.callback import Callback
from omegaconf import DictConfig

from colorlab.runs import sweeps
from colorlab.storage.files import write_json

RANKS = ("RANK", "LOCAL_RANK", "NODE_RANK", "SLURM_PROCID")


class KeepResult(Callback):
    """Writes result.json into the job's folder when the job has returned; a job that is killed or
    exits leaves none."""

    # Hydra's signature
    def on_job_end(self, config: DictConfig, job_return: JobReturn, **kwargs: Any) -> None:
        if job_return.status is JobStatus.COMPLETED and first_process():
            folder = Path(config.hydra.runtime.output_dir)
            write_json(folder / sweeps.RESULT, {"value": job_return.return_value})


def first_process() -> bool:
    """Whether this is the first, or the only, of the processes that work on the job together."""
    return all(os.environ.get(name, "0") == "0" for name in RANKS)
