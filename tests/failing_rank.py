"""`python -m tests.failing_rank HOW ...`: colorlab.train, but its second process raises or falls silent at batch 2."""

from __future__ import annotations

import os
import sys
import time
from functools import partial

from colorlab.errors import DataError
from tests.kill_harness import at_batch, planted


def fail() -> None:
    raise DataError("a.png is damaged (fetch it again)")


if __name__ == "__main__":
    how = {"raises": fail, "is silent": partial(time.sleep, 999)}[os.environ["HOW"]]
    with planted(*([partial(at_batch, 2, how)] if os.environ.get("LOCAL_RANK") == "1" else [])):
        import colorlab.train

        sys.argv[0] = "colorlab.train"
        colorlab.train.main()
