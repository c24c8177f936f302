"""A run made of an author's published weights, instead of by training: opened, sampled and judged
like any other."""

from __future__ import annotations

from pathlib import Path

from omegaconf import DictConfig

from colorlab.cli.targets import build
from colorlab.runs.checkpoint import save_weights
from colorlab.runs.run import begin, is_finished
from colorlab.storage.cache import fetched_run
from colorlab.storage.files import replacing_folder
from colorlab.weights.catalog import PublishedNet
from colorlab.weights.published import published_file


def made_of(
    net: PublishedNet, name: str, cfg: DictConfig, given: Path | None, prior: Path | None
) -> Path:
    """The run's folder, ``pretrained/<name>``. cfg: its configuration; given: the authors' file, if
    the user has it; prior: CIC's prior of its classes, without which they stay rebalanced as it
    says them. Errors are told in one line, and leave what was there."""
    folder = fetched_run(name)
    if is_finished(folder) and prior is None:
        return folder
    path, method = published_file(net, given), build(cfg.method)
    method.read_published(path)
    if prior is not None:
        method.bins.read(prior)
    with replacing_folder(folder) as made:
        begin(made, cfg)
        save_weights(method, made / "checkpoints")
    return folder
