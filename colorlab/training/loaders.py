"""Loaders: an endless, resumable training order that is a pure function of (seed, position), and
one pass over val."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from functools import lru_cache

import numpy as np
import torch
from lightning.pytorch import LightningDataModule
from torch.utils.data import DataLoader, Dataset

from colorlab.data.pictures import PicturePairs
from colorlab.draws import Draws, stream_seed
from colorlab.errors import DataError
from colorlab.types import Batch


class TrainingOrder:
    """Batches of picture positions for ever: pass e over the pictures is drawn by (seed, e) alone.

    one_pass: the positions of one pass from a random stream; every pass is equally long. Yields
    (position of the batch, positions of this rank's pictures). With several ranks each takes every
    world-th picture of the same global batch, so one GPU and eight see the same order."""

    def __init__(
        self,
        one_pass: Callable[[np.random.Generator], np.ndarray],
        batch_size: int,
        seed: int,
        start: int,
        rank: int,
        world: int,
    ) -> None:
        self.one_pass, self.batch_size, self.seed, self.start = one_pass, batch_size, seed, start
        self.rank, self.world = rank, world

    def __iter__(self) -> Iterator[tuple[int, list[int]]]:
        at = self.start
        while True:
            yield at, self.batch(at)[self.rank :: self.world].tolist()
            at += 1

    def batch(self, at: int) -> np.ndarray:
        """The pictures of global batch number ``at``."""
        places = np.arange(at * self.batch_size, (at + 1) * self.batch_size)
        length = len(self.drawn(0))
        passes = places // length
        return np.concatenate(
            [self.drawn(e)[places[passes == e] % length] for e in np.unique(passes)]
        )

    @lru_cache(maxsize=3)  # noqa: B019 - one order lives as long as the training
    def drawn(self, e: int) -> np.ndarray:
        """Pass e."""
        return self.one_pass(np.random.default_rng(stream_seed(self.seed, "order", e, 0)))


class _Training(Dataset[Batch]):
    def __init__(self, pictures: PicturePairs, seed: int) -> None:
        self.pictures, self.seed = pictures, seed

    def __getitem__(self, wanted: tuple[int, list[int]]) -> Batch:
        at, positions = wanted
        return self.pictures.training_batch(
            positions, Draws(self.seed, positions, [at] * len(positions), "augment")
        )


class PictureData(LightningDataModule):
    """A data set behind Lightning's loaders.

    batch_size: pictures per step, over all ranks together. workers: loader processes
        (0 is fastest for cached sets).
    start: global batches already trained on when the loaders are made."""

    def __init__(
        self, pictures: PicturePairs, batch_size: int, workers: int, seed: int, start: int = 0
    ) -> None:
        super().__init__()
        self.pictures = pictures
        self.batch_size = batch_size
        self.workers = workers
        self.seed = seed
        self.start = start

    def train_dataloader(self) -> DataLoader[Batch]:
        trainer = self.trainer
        rank, world = (trainer.global_rank, trainer.world_size) if trainer else (0, 1)
        if self.batch_size % world:
            raise DataError(
                f"batch_size={self.batch_size} does not divide among {world} processes (choose a "
                "multiple)"
            )
        if not len(self.pictures.splits["train"]):
            raise DataError("the train split has no pictures (check data.root, or add pictures)")
        order = TrainingOrder(
            self.pictures.one_pass, self.batch_size, self.seed, self.start, rank, world
        )
        # not torch's global state
        own = torch.Generator().manual_seed(stream_seed(self.seed, "workers", rank, 0))
        return DataLoader(
            _Training(self.pictures, self.seed),
            batch_size=None,
            sampler=order,
            num_workers=self.workers,
            generator=own,
            persistent_workers=self.workers > 0,
            worker_init_fn=_leave_signals,
        )

    def val_dataloader(self) -> DataLoader[Batch]:
        """One picture of each held-out drawing, in the same groups whatever the number of
        processes.

        Every process gets the same number of groups, as DDP needs it: some may come twice, and
        count once."""
        firsts = np.array([group[0] for group in self.pictures.drawings("val")], dtype=np.int64)
        groups = [firsts[i : i + 32].tolist() for i in range(0, len(firsts), 32)]
        rank, world = (
            (self.trainer.global_rank, self.trainer.world_size) if self.trainer else (0, 1)
        )
        turns = -(-len(groups) // world)
        mine = [groups[(rank + world * turn) % len(groups)] for turn in range(turns)]
        own = torch.Generator().manual_seed(0)
        return DataLoader(self.pictures, batch_size=None, sampler=mine, generator=own)  # type: ignore[arg-type]


def _leave_signals(worker: int) -> None:
    """A loader process is ended by its parent, which may want it for one more step after a
    signal to all."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)
