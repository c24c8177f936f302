"""A command's work in several processes, each with its share: devices=2 on this machine, or as
torchrun started them.

The engine is PyTorch's: its multiprocessing starts the processes and ends all when one fails, its
gloo lets them agree. Pictures travel as files, so that little is exchanged."""

from __future__ import annotations

import logging
import os
import pickle
import signal
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

from colorlab.cli.command import exit_on_sigterm, open_output
from colorlab.cli.parent import end_with
from colorlab.errors import ColorlabError, ConfigError, RankError
from colorlab.progress import silent

T = TypeVar("T")
LOST = 113  # exit code of a process that says nothing, because another one is gone
#: Said in errors about a process that is gone.
GONE = (
    "gloo",
    "nccl",
    "pair closure",
    "closed by peer",
    "reset by peer",
    "timed out waiting",
    "broken pipe",
)
RESULT, ERROR, SILENCE = "result", "error-", "silence-"
PATIENCE = 1800.0  # seconds without an answer from another process, after which all end
AGAIN = "the same command again goes on where it was"
ALONE = (0, 1)

_place = ALONE  # within ``_group``: which process this is, and of how many


def in_processes(devices: int, task: Callable[..., T], *given: Any) -> T:
    """task(*given), a function of a module and plain values, in each of so many processes; -> what
    the first returned.

    In processes that torchrun has started, devices is 1 or their number; those that are not the
    first end here. When one fails all end, with its error and exit code; RankError: it had none."""
    started = int(os.environ.get("WORLD_SIZE", "1"))
    if started == 1:
        return task(*given) if devices == 1 else _in_new(devices, task, given)
    if devices not in (1, started):
        raise ConfigError(
            f"devices={devices}, but torchrun has started {started} processes (leave devices out)"
        )
    try:
        with _group("env://", int(os.environ["RANK"]), started):
            result = task(*given)
    except Exception as error:
        if is_lost(error):
            sys.exit(LOST)
        raise
    return result if os.environ["RANK"] == "0" else sys.exit(0)


def _in_new(count: int, task: Callable[..., T], given: tuple[Any, ...]) -> T:
    """The same in processes of their own, which end with this one."""
    from torch import multiprocessing

    # how it ends them is told by us
    logging.getLogger("torch.multiprocessing.spawn").setLevel(logging.ERROR)
    with TemporaryDirectory(prefix="colorlab-") as folder:
        context: Any = multiprocessing.start_processes(
            _work,
            (count, os.getpid(), folder, task, given),
            nprocs=count,
            join=False,
            daemon=True,
            start_method="spawn",
        )
        try:
            while not context.join():
                pass
        except multiprocessing.ProcessExitedException:
            raise _error(
                Path(folder), [process.exitcode for process in context.processes]
            ) from None
        result: T = pickle.loads(Path(folder, RESULT).read_bytes())
        return result


def _work(
    rank: int,
    count: int,
    parent: int,
    folder: str,
    task: Callable[..., Any],
    given: tuple[Any, ...],
) -> None:
    """What one of the new processes does. parent: the process that started it, with which it ends;
    folder: where they meet, and where results and errors are left."""
    end_with(parent)
    open_output()
    exit_on_sigterm()
    os.environ["LOCAL_RANK"] = str(rank)
    if sys.platform == "linux":
        os.environ.setdefault("GLOO_SOCKET_IFNAME", "lo")  # no port is open to other machines
    try:
        with _group(Path(folder, "meet").as_uri(), rank, count):
            result = task(*given)
            if rank == 0:
                Path(folder, RESULT).write_bytes(pickle.dumps(result))
    except Exception as error:
        if not is_lost(error):
            Path(folder, f"{ERROR}{rank}").write_bytes(_carried(error))
        elif "timed out" in str(error).lower():
            Path(folder, f"{SILENCE}{rank}").touch()
        sys.exit(LOST)


def _carried(error: Exception) -> bytes:
    """An error for another process, with its traceback as a note for debug=true."""
    error.add_note("".join(traceback.format_exception(error)))
    try:
        carried = pickle.dumps(error)
        pickle.loads(carried)
    except Exception:  # one that is made of more than it says
        carried = pickle.dumps(
            ColorlabError(str(error))
            if isinstance(error, ColorlabError)
            else RuntimeError(str(error))
        )
    return carried


def _error(folder: Path, codes: Sequence[int | None]) -> Exception:
    """Why the processes ended. codes: of all, None of one that still is."""
    for path in sorted(folder.glob(f"{ERROR}*")):
        error: Exception = pickle.loads(path.read_bytes())
        return error
    if any(folder.glob(f"{SILENCE}*")):
        return RankError(
            f"one of the processes gave no answer for {PATIENCE:g} s ({AGAIN})", RankError.exit_code
        )
    own = [
        code for code in codes if code not in (0, None, LOST, -signal.SIGTERM, 128 + signal.SIGTERM)
    ]
    code = own[0] if own else LOST
    killed = code is not None and code < 0
    what = f"was killed by {signal.Signals(-code).name}" if killed else f"ended with code {code}"
    return RankError(f"one of the processes {what} ({AGAIN})", RankError.exit_code)


@contextmanager
def _group(where: str, rank: int, world: int) -> Iterator[None]:
    """Within, the processes know of one another. Only the first shows progress; they part the
    processor's cores."""
    global _place
    import torch
    from torch import distributed

    torch.set_num_threads(max(1, torch.get_num_threads() // _here(world)))
    if torch.cuda.is_available():
        torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", rank)) % torch.cuda.device_count())
    patience = timedelta(seconds=PATIENCE)
    distributed.init_process_group(
        "gloo", init_method=where, rank=rank, world_size=world, timeout=patience
    )
    _place = rank, world
    try:
        with silent() if rank else nullcontext():
            yield
        distributed.barrier()  # none leaves while another still counts on it
    finally:
        _place = ALONE
        distributed.destroy_process_group()


def _here(world: int) -> int:
    """How many of the processes are on this machine; torchrun says, and gives each its threads
    already."""
    return 1 if "OMP_NUM_THREADS" in os.environ else int(os.environ.get("LOCAL_WORLD_SIZE", world))


def is_lost(error: BaseException | None) -> bool:
    """Whether an error means that another process is gone, or came up while such an error was dealt
    with. A pipe that Python finds broken is the output's."""
    import torch

    if error is None or isinstance(error, ColorlabError | BrokenPipeError):
        return False
    said = str(error).lower()
    network = isinstance(error, torch.distributed.DistError) or any(word in said for word in GONE)
    return network or is_lost(error.__cause__ or error.__context__)


def rank_and_world() -> tuple[int, int]:
    """Which process this is, from 0, and of how many; (0, 1) for one that works alone."""
    return _place


def is_first() -> bool:
    """Whether this process works alone, or is the one that speaks and writes for all."""
    return rank_and_world()[0] == 0


def own_share(items: Sequence[T]) -> list[T]:
    """Those of the items that this process takes."""
    rank, world = rank_and_world()
    return list(items[rank::world])


def broadcast(value: T) -> T:
    """What the first process has for a value; all wait until it says so."""
    from torch import distributed

    if rank_and_world()[1] == 1:
        return value
    said = [value]
    distributed.broadcast_object_list(said)
    return said[0]


def all_gather(value: T) -> list[T]:
    """What each process has for a value, in the order of the processes; plain data."""
    from torch import distributed

    world = rank_and_world()[1]
    if world == 1:
        return [value]
    values: list[Any] = [None] * world
    distributed.all_gather_object(values, value)
    return values


def gathered(mine: Sequence[T]) -> list[T]:
    """The results of all shares, in the order of the items that were shared."""
    parts = all_gather(list(mine))
    longest = max(map(len, parts))
    return [part[k] for k in range(longest) for part in parts if k < len(part)]
