"""`python -m tests.failing_rank ...`: colorlab.train, one of whose processes ends as $HOW says, by
batch 2."""

from __future__ import annotations

import os
import sys
import time
from functools import partial

from colorlab.errors import DataError
from tests.kill_harness import at_batch, kill, planted


def fail() -> None:
    raise DataError("a.png is damaged (fetch it again)")


def before_they_meet(act: object) -> None:
    """The process comes to its end when it is about to train."""
    import colorlab.training.fit

    def learn(*_: object) -> None:
        act()  # type: ignore[operator]

    colorlab.training.fit._fit = learn  # type: ignore[assignment]


def before_they_meet_the_first(act: object) -> None:
    """The first process comes to its end when it has started the others, which have yet to
    begin."""
    from lightning.pytorch.strategies.launchers.subprocess_script import _SubprocessScriptLauncher

    start = _SubprocessScriptLauncher._call_children_scripts

    def started(self: object) -> None:
        start(self)
        act()  # type: ignore[operator]

    _SubprocessScriptLauncher._call_children_scripts = started  # type: ignore[method-assign]


ENDS = {
    "raises": partial(at_batch, 2, fail),
    "is silent": partial(at_batch, 2, partial(time.sleep, 999)),
    "is killed": partial(at_batch, 2, kill),
    "is killed before they meet": partial(before_they_meet, kill),
    "raises before they meet": partial(before_they_meet, fail),
    "has started the others and is killed": partial(before_they_meet_the_first, kill),
}

if __name__ == "__main__":
    mine = os.environ.get("LOCAL_RANK", "0") == os.environ["RANK_THAT_ENDS"]
    with planted(*([ENDS[os.environ["HOW"]]] if mine else [])):
        import colorlab.train

        sys.argv[0] = "colorlab.train"
        colorlab.train.main()
