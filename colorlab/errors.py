"""The ways a command can fail, each with its exit code. The message is one line: what, which file
or key, the fix."""


class ColorlabError(Exception):
    """A failure that the user can mend; printed as one line, without a traceback."""

    exit_code = 1

    def __str__(self) -> str:
        """Without what a terminal would obey: names in it may be a stranger's."""
        return "".join(
            sign if sign.isprintable() or sign == "\n" else ascii(sign)[1:-1]
            for sign in super().__str__()
        )


class ConfigError(ColorlabError):
    """A mistyped key, an unknown name, a value of the wrong type or out of range, a combination
    that cannot run."""

    exit_code = 2


class DataError(ColorlabError):
    """A picture or a data set that is missing, damaged or of a kind that cannot be used."""

    exit_code = 3


class CheckpointError(ColorlabError):
    """A run or a checkpoint that is missing, damaged, of another method or width, in use, or not
    safe to open."""

    exit_code = 4


class NumericError(ColorlabError):
    """A loss, weights or a picture that became NaN or infinite."""

    exit_code = 5


class SweepError(ColorlabError):
    """Some jobs of a sweep failed; the others are done."""

    exit_code = 6


class DiskError(ColorlabError):
    """A disk that is full, read-only or failing; what was complete before still is."""

    exit_code = 74


class RankError(ColorlabError):
    """Another process of the same command ended or does not answer. exit_code: that process's, if
    it is known."""

    def __init__(self, message: str, exit_code: int) -> None:
        super().__init__(message)
        self.exit_code = exit_code


class StoppedError(ColorlabError):
    """Training that ended, with a checkpoint, because of a signal. signal: its number."""

    def __init__(self, message: str, signal: int) -> None:
        super().__init__(message)
        self.exit_code = 128 + signal
