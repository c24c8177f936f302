"""What every command does around its work: one line for a mistake, an exit code, a traceback only
if asked for."""

from __future__ import annotations

import errno
import io
import os
import re
import select
import signal
import sys
import traceback
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn

from omegaconf import DictConfig

from colorlab.cli import plugins
from colorlab.cli.clauses import check_config
from colorlab.cli.free_text import as_text
from colorlab.cli.help import page
from colorlab.cli.messages import explained, lacking
from colorlab.cli.parent import follow_parent
from colorlab.cli.yaml_files import PACKAGE, conf_dir
from colorlab.errors import ColorlabError, DiskError, StoppedError, SweepError

TRACEBACK = "COLORLAB_TRACEBACK"  # environment variable, set for the jobs of a sweep
# letters of a mistake's line: whose file or name is longer is told by its beginning and end
LONGEST = 1500
UNFORESEEN = 70  # exit code of an error that nobody foresaw
FIXES = {
    errno.ENOSPC: "free some space",
    errno.EDQUOT: "free some space",
    errno.EFBIG: "allow larger files, or choose another place",
    errno.EACCES: "give yourself the right, or choose another place",
    errno.EPERM: "give yourself the right, or choose another place",
    errno.EROFS: "make it writable, or choose another place",
    errno.ENOENT: "check the name",
}


def run(main: Callable[[list[str]], None], argv: list[str]) -> None:
    """Call main(argv) and end the process: 0, or the error's exit code with `colorlab: error: ...`
    on stderr."""
    follow_parent()
    open_output()
    try:
        main(argv)
    except (ColorlabError, OSError) as error:
        if isinstance(error, BrokenPipeError) and nobody_reads():
            leave_quietly()
        if "debug=true" in argv:
            raise
        end(error)
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as error:
        if "debug=true" in argv:
            raise
        end(lacking(error))
    finally:
        flush_output()


def open_output() -> None:
    """Let names be printed that the terminal has no letters for, and what is said go nowhere where
    stdout or stderr is closed: the next files to be opened would get their numbers, and the
    words."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # gets the least number that is free
    nowhere = open(os.devnull, "w")  # noqa: SIM115
    sys.stdout, sys.stderr = (stream or nowhere for stream in (sys.stdout, sys.stderr))
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def flush_output() -> None:
    """Write what is still to be written, at a command's end. What cannot be is its failure, if it
    has no other."""
    failing = sys.exc_info()[0] is not None
    try:
        print(end="", flush=True)
    except BrokenPipeError:
        leave_quietly()
    except OSError as error:
        silence(1)
        if not failing:
            end(error)


def nobody_reads() -> bool:
    """Whether what is said goes to a program that has ended, such as `head`."""
    output = select.poll()
    for number in (1, 2):
        output.register(number, 0)
    return any(event & select.POLLERR for _, event in output.poll(0))


def silence(*numbers: int) -> None:
    """Let what is still said go nowhere: Python flushes once more as it ends."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for number in numbers:
        os.dup2(nowhere, number)


def leave_quietly() -> NoReturn:
    """End as programs do whose pipe breaks."""
    silence(1, 2)
    sys.exit(128 + signal.SIGPIPE)


def leave_at_once() -> NoReturn:
    """End well, with all output written, and without taking torch's modules apart first, which
    takes half a second."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


def end(error: Exception) -> NoReturn:
    """Say the error and end the process with its code; in a sweep, whose jobs have logs, after the
    traceback."""
    try:
        if os.environ.get(TRACEBACK):
            traceback.print_exception(error)
        print(f"colorlab: error: {one_line(error)}", file=sys.stderr)
    except OSError:  # there is nothing to say it on
        silence(2)
    sys.exit(exit_code(error))


def exit_code(error: Exception) -> int:
    """The code that a command ends with because of an error."""
    if isinstance(error, ColorlabError):
        return error.exit_code
    return DiskError.exit_code if isinstance(error, OSError) else UNFORESEEN


def one_line(error: Exception) -> str:
    """The message, without what a terminal would obey; of an error that came out of a loader
    process, the original one without its traceback; of an error that nobody foresaw, its kind and
    place."""
    if isinstance(error, OSError) and error.strerror:
        text = (
            f"{error.filename or 'the disk'}: {error.strerror} "
            f"({FIXES.get(error.errno or 0, 'look at the disk')})"
        )
    elif isinstance(error, ColorlabError | OSError):
        last = str(error).strip().splitlines()[-1] if str(error).strip() else ""
        text = re.sub(r"^(colorlab\.errors\.)?\w+Error: ", "", last)
    else:
        message = (str(error).strip().splitlines() or ["no message"])[0][:200]
        text = (
            f"unforeseen {type(error).__name__} {_place(error)}: {message} (debug=true shows it "
            "all)"
        )
    text = text if len(text) <= LONGEST else f"{text[: LONGEST // 2]} ... {text[-LONGEST // 2 :]}"
    return "".join(sign if sign.isprintable() else ascii(sign)[1:-1] for sign in text)


def _place(error: Exception) -> str:
    """The innermost line of colorlab's, this file apart, that an error came through; without one,
    where it arose."""
    frames = traceback.extract_tb(error.__traceback__)
    inside = [
        frame
        for frame in frames
        if PACKAGE in Path(frame.filename).parents and frame.filename != __file__
    ]
    ours = inside or frames
    return f"at {Path(ours[-1].filename).name}:{ours[-1].lineno}" if ours else "somewhere"


def hydra_command(task: Callable[[DictConfig], Any], config_name: str) -> None:
    """Run a task under Hydra (overrides, --help, -m), with the checks of colorlab.config before
    it."""
    os.environ["HYDRA_FULL_ERROR"] = "1"  # errors reach us whole; we print the one line
    failed: list[Exception] = []
    process = os.getpid()

    def checked(cfg: DictConfig) -> Any:
        from hydra.core.hydra_config import HydraConfig

        made = HydraConfig.get().runtime
        try:
            check_config(cfg, config_name, dict(made.choices))
            return task(cfg)
        except StoppedError as error:  # the whole command, not this job of a sweep alone
            end(error)
        # kept: other jobs of a sweep still run, and Hydra prints nothing of its own
        except Exception as error:
            # a launcher such as submitit's has sent the job elsewhere, and brings it back
            if os.getpid() != process:
                raise
            failed.append(error)
            remove_empty_folder(Path(made.output_dir))
            return None

    def main(argv: list[str]) -> None:
        import hydra
        from hydra._internal.utils import get_args_parser

        from colorlab.cli.hydra_guard import guard

        sys.argv[1:] = argv = as_text(plugins.taken(argv))
        options, _ = get_args_parser().parse_known_args()
        if options.help:
            print(page(config_name, options.overrides, options.config_dir))
            return
        guard(config_name)
        # the method's keys are in the run, not in this command's files
        if config_name in ("sample", "evaluate"):
            sys.argv[1:] = [re.sub(r"^(method\.(?!sampler\b))", r"++\1", word) for word in argv]
        try:
            hydra.main(version_base="1.3", config_path=str(conf_dir()), config_name=config_name)(
                checked
            )()
        except Exception as error:
            failed.append(error)
        report(failed, config_name, argv)

    run(main, sys.argv[1:])


def in_sweep() -> bool:
    """Whether this is one of several jobs of a command (-m)."""
    from hydra.core.hydra_config import HydraConfig
    from hydra.types import RunMode

    alone = not HydraConfig.initialized() or HydraConfig.get().mode != RunMode.MULTIRUN
    return not alone or TRACEBACK in os.environ


def exit_on_sigterm() -> None:
    """Let SIGTERM end this process as Ctrl-C does, with files whole or not there, and exit code
    143."""
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))


def remove_empty_folder(folder: Path) -> None:
    """Remove the folder that Hydra made for a job, if nothing was begun in it."""
    with suppress(OSError):  # it is not empty, or not there
        if not folder.samefile(Path.cwd()):
            folder.rmdir()


def report(failed: list[Exception], config_name: str, overrides: list[str]) -> None:
    """Raise what failed: the one error, or for several jobs of a sweep a summary. overrides: the
    command's words."""
    if len(failed) > 1:
        for error in failed:
            print(
                f"colorlab: error: {one_line(explained(error, config_name, overrides))}",
                file=sys.stderr,
            )
        raise SweepError(
            f"{len(failed)} jobs of the sweep failed (the lines above say why; the others are done)"
        )
    if failed:
        raise explained(failed[0], config_name, overrides)
