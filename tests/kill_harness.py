"""Training that is killed, stopped or starved at a chosen moment, in this process or in one forked
for it.

A *plant* is a function that arranges such an end before training starts. Processes are forked from
one that has imported everything: a start costs a second, so tests can kill many."""

from __future__ import annotations

import atexit
import multiprocessing
import os
import random
import resource
import shutil
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache, partial
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import torch

import colorlab.methods.flats
import colorlab.runs.run
import colorlab.train
import colorlab.training.fit
from colorlab.check import small_values
from colorlab.cli.config import compose
from colorlab.cli.targets import build
from colorlab.runs.checkpoint import LAST, PREVIOUS, WEIGHTS, _plain, _Sink
from colorlab.training.callbacks import BatchSeed
from colorlab.training.resume import Checkpoints, batches_done
from tests.tiny_prior import with_tiny_text

ROOT = Path(__file__).parent.parent
SMALL = [
    "name=x", "data.size=32", "batch_size=4", "trainer.precision=32-true", "trainer.max_steps=12",
    "save_every=3", "trainer.val_check_interval=6", "sheet=0",
]  # fmt: skip
#: Imported once for all that are forked off: what trainings import late, too.
PRELOADED = ["tests.kill_harness", "diffusers", "torchvision"]
PLANTED = ((BatchSeed, "on_train_batch_start"), (Checkpoints, "on_train_start"), (_Sink, "write"))
Plant = Callable[[], object]


def words_for(method: str, *more: str) -> list[str]:
    """A small training of any method: narrow nets, few steps, a condition that it takes. Later
    words win."""
    words = [f"method={method}", *SMALL, *_narrow(method), *more]
    words = [
        word
        for k, word in enumerate(words)
        if word.split("=")[0] not in {w.split("=")[0] for w in words[k + 1 :]}
    ]
    return [*words, f"data.condition={build(compose('train', words).method).conditions[0]}"]


@cache
def _narrow(method: str) -> list[str]:
    """Overrides that make a method small, and name finished runs where it needs some."""
    folder = tempfile.mkdtemp(prefix="colorlab-")
    atexit.register(shutil.rmtree, folder)
    words = with_tiny_text(method, Path(folder))
    return [*small_values(method, Path(folder), words), *words.get(method, [])]


def at_batch(position: int, act: Plant) -> None:
    """Something happens when this batch is about to be trained on."""
    before = BatchSeed.on_train_batch_start

    def acting(self: Any, trainer: Any, *rest: Any) -> None:
        if batches_done(trainer) == position:
            act()
        before(self, trainer, *rest)

    BatchSeed.on_train_batch_start = acting  # type: ignore[method-assign]


def at_byte(count: int, act: Plant) -> None:
    """Something happens inside a save, when so many bytes are written."""
    write = _Sink.write

    def acting(self: Any, data: bytes) -> int:
        if self.file.tell() + len(data) > count:
            self.file.write(bytes(data)[: max(count - self.file.tell(), 0)])
            self.file.flush()
            act()
        return write(self, data)

    _Sink.write = acting  # type: ignore[method-assign]


def at_operation(count: int, act: Plant) -> None:
    """Something happens when this process is about to do so many operations, from 0, that make
    files last: flushing, renaming, removing."""
    done = iter(range(count))

    def counted(operation: Callable[..., Any]) -> Callable[..., Any]:
        def acting(*given: Any, **named: Any) -> Any:
            if next(done, None) is None:
                act()
            return operation(*given, **named)

        return acting

    for name in ("fsync", "replace", "unlink"):
        setattr(os, name, counted(getattr(os, name)))


def kill() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def kill_after(seconds: float) -> None:
    """Killed so long after the first batch is ready."""
    at_start(
        lambda: threading.Thread(target=lambda: (time.sleep(seconds), kill()), daemon=True).start()
    )


def at_start(act: Plant) -> None:
    """Something happens when training is about to start."""
    first = Checkpoints.on_train_start

    def started(self: Any, *rest: Any) -> None:
        first(self, *rest)
        act()

    Checkpoints.on_train_start = started  # type: ignore[method-assign]


@contextmanager
def planted(*plants: Plant) -> Iterator[None]:
    """Plants for this process, rows of metrics at every second step, one thread; as it was again at
    the end."""
    first, threads = Checkpoints.on_train_start, torch.get_num_threads()

    def started(self: Any, trainer: Any, module: Any) -> None:
        first(self, trainer, module)
        trainer.log_every_n_steps = 2

    with pytest.MonkeyPatch.context() as patch:
        for owner, name in PLANTED:
            patch.setattr(owner, name, getattr(owner, name))
        Checkpoints.on_train_start = started  # type: ignore[method-assign]
        patch.setattr(colorlab.methods.flats, "SEARCHED_PICTURES", 32)
        for plant in plants:
            plant()
        torch.set_num_threads(1)
        yield
        torch.set_num_threads(threads)


@contextmanager
def files_of_at_most(count: int) -> Iterator[None]:
    """No file of this process grows beyond so many bytes: what a full disk does, done by the
    kernel."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (count, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def train(folder: Path, words: Sequence[str], *plants: Plant) -> None:
    """Train in this process."""
    with planted(*plants):
        colorlab.training.fit.train_in(folder, compose("train", list(words)))


class Ended(NamedTuple):
    """code: the exit code, negative for a signal; out, err: what was said."""

    code: int
    out: str
    err: str


class Started:
    """A training in a process of its own, in whose folder it makes runs/x; one of ``world`` if
    there are more."""

    def __init__(
        self, folder: Path, words: Sequence[str], plants: Sequence[Plant] = (), rank: int = 0,
        world: int = 1, port: int = 0,
    ) -> None:  # fmt: skip
        several = {
            "LOCAL_RANK": rank,
            "WORLD_SIZE": world,
            "MASTER_ADDR": "127.0.0.1",
            "MASTER_PORT": port,
        }
        environment = {name: str(value) for name, value in several.items()} if world > 1 else {}
        self.said = [folder / f"{name}-{rank}" for name in ("out", "err")]
        self.process: ForkServerProcess = _server().Process(
            target=_train, args=(folder, self.said, list(words), list(plants), environment)
        )
        self.process.start()

    def end(self, timeout: float = 300) -> Ended:
        self.process.join(timeout)
        out, err = (path.read_text() for path in self.said)
        assert self.process.exitcode is not None, f"still running: {out}{err}"
        return Ended(self.process.exitcode, out, err)


def _server() -> Any:
    context = multiprocessing.get_context("forkserver")
    os.environ |= {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    context.set_forkserver_preload(PRELOADED)
    return context


def _train(
    folder: Path,
    said: list[Path],
    words: list[str],
    plants: list[Plant],
    environment: dict[str, str],
) -> None:
    os.chdir(folder)
    os.environ |= environment
    for descriptor, path in enumerate(said, 1):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), descriptor)
    sys.stdout, sys.stderr = os.fdopen(1, "w", 1), os.fdopen(2, "w", 1)
    from lightning.pytorch.utilities import rank_zero_only  # by now without all of torchmetrics

    rank_zero_only.rank = int(environment.get("LOCAL_RANK", 0))  # type: ignore[attr-defined]
    sys.argv = ["colorlab.train", *words]
    with planted(*plants):
        colorlab.train.main()


def killed_at_random(
    folder: Path, words: Sequence[str], rng: random.Random, longest: float, most: int
) -> int:
    """Train with resume=auto, killed at random moments up to ``longest`` seconds, but ``most``
    times, until it is done. -> kills."""
    kills = 0
    while True:
        plants = [partial(kill_after, rng.uniform(0, longest))] * (kills < most)
        ended = Started(folder, [*words, "resume=auto"], plants).end()
        if ended.code == 0:
            return kills
        assert ended.code == -signal.SIGKILL, ended.err
        kills += 1


def same_run(one: Path, other: Path) -> None:
    """Assert that two run folders hold the same bits: weights, the whole state of training,
    metrics."""
    assert (one / "metrics.jsonl").read_text() == (other / "metrics.jsonl").read_text()
    assert (one / "checkpoints" / WEIGHTS).read_bytes() == (
        other / "checkpoints" / WEIGHTS
    ).read_bytes()
    for name in (LAST, PREVIOUS):
        same(_plain(one / "checkpoints" / name), _plain(other / "checkpoints" / name), name)


def same(one: Any, other: Any, where: str) -> None:
    """Assert that nested containers of tensors are equal to the bit."""
    assert type(one) is type(other), where
    if isinstance(one, torch.Tensor):
        assert one.dtype == other.dtype and torch.equal(one, other), where
    elif isinstance(one, dict):
        assert one.keys() == other.keys(), where
        for key in one:
            same(one[key], other[key], f"{where}.{key}")
    elif isinstance(one, list | tuple):
        assert len(one) == len(other), where
        for k, pair in enumerate(zip(one, other, strict=True)):
            same(*pair, f"{where}.{k}")
    else:
        assert one == other, where
