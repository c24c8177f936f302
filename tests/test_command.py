"""How a command ends: one line for what went wrong, and the exit code that says what kind it is."""

from __future__ import annotations

import pytest

from colorlab.cli.command import one_line, run
from colorlab.errors import ColorlabError, DataError, RankError, StoppedError


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (DataError("a.png is damaged (fetch it again)"), 3, "a.png is damaged (fetch it again)"),
        (
            OSError(28, "No space left on device", "x/sheet.png"),
            74,
            "x/sheet.png: No space left on device (free some",
        ),
        (
            PermissionError(13, "Permission denied", "x"),
            74,
            "x: Permission denied (give yourself the right",
        ),
        (OSError("Caught OSError in DataLoader worker process 0.\nOSError: torn"), 74, "torn"),
        (
            StoppedError("stopped by SIGTERM after step 4", 15),
            143,
            "stopped by SIGTERM after step 4",
        ),
        (RankError("another process ended with code 3", 3), 3, "another process ended with code 3"),
    ],
)
def test_an_error_is_one_line_and_its_exit_code(
    capsys, error: Exception, code: int, said: str
) -> None:
    def fail(argv: list[str]) -> None:
        raise error

    with pytest.raises(SystemExit) as ended:
        run(fail, [])
    (line,) = capsys.readouterr().err.splitlines()
    assert ended.value.code == code and line.startswith(f"colorlab: error: {said}")


def test_a_line_stays_one_that_can_be_read_however_long_a_strangers_name_is() -> None:
    said = one_line(DataError(f"{'z' * 1_000_000} is damaged (fetch it again)"))
    assert (
        len(said) < 1600
        and said.startswith("zzz")
        and said.endswith("zzz is damaged (fetch it again)")
    )


def test_debug_shows_where_it_went_wrong() -> None:
    def fail(argv: list[str]) -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        run(fail, ["debug=true"])


def test_ctrl_c_is_130() -> None:
    def interrupted(argv: list[str]) -> None:
        raise KeyboardInterrupt

    with pytest.raises(SystemExit, match="130"):
        run(interrupted, [])


def test_exit_codes_are_those_of_the_kind() -> None:
    codes = {kind.__name__: kind.exit_code for kind in ColorlabError.__subclasses__()}
    assert (
        codes | {"DiskError": 74, "CheckpointError": 4, "NumericError": 5, "SweepError": 6} == codes
    )
