"""`python -m colorlab` lists the commands; `colorlab <command> ...` runs one."""

from __future__ import annotations

import runpy
import sys

from colorlab import __version__

COMMANDS = {
    "train": "train a method                    python -m colorlab.train method=gpic",
    "sample": "colour drawings with a run        python -m colorlab.sample run=runs/<name> "
    "input=drawing.png n=8",
    "evaluate": "measure a run                     python -m colorlab.evaluate run=runs/<name> n=8",
    "compare": "put runs on one page              python -m colorlab.compare runs=[runs/a,runs/b] "
    "out=report",
    "models": "list, give away, fetch, export    python -m colorlab.models",
    "data": "check, prepare, lines, prior       python -m colorlab.data check data=openmoji",
    "studio": "colour in the browser             python -m colorlab.studio --open",
    "check": "check a method of your own        python -m colorlab.check method=mylab_tint",
    "weights": "fetch the judges' weights         python -m colorlab.weights fetch",
    "bench": "measure speed, as ratios          python -m colorlab.bench",
    "completion": "complete words in a shell         python -m colorlab.completion bash",
    "doctor": "look at this installation         python -m colorlab.doctor",
}


def main() -> None:
    """List the commands, or run the one named."""
    name = sys.argv[1] if len(sys.argv) > 1 else ""
    if name in COMMANDS:
        del sys.argv[1]
        runpy.run_module(f"colorlab.{name}", run_name="__main__", alter_sys=True)
        return
    if name == "--version":
        print(f"colorlab {__version__}")
        return
    print(f"colorlab {__version__}: one drawing in, many different, coherent colourings out\n")
    print("\n".join(f"  {command:10} {what}" for command, what in COMMANDS.items()))
    if name not in ("", "-h", "--help", "help"):
        print(
            f"\ncolorlab: error: {name} is not a command (choose from {', '.join(COMMANDS)})",
            file=sys.stderr,
        )
        sys.exit(2)


if __name__ == "__main__":
    main()
