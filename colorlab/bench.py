"""Measure speed as ratios, everything in one run:  python -m colorlab.bench [quick]

The naive loop is what the paper describes: the whole network, in float32 and PyTorch's default memory format, for every
candidate at every step. Variants of one comparison take turns in one process and the best repetition of each counts, so
that a busy machine troubles all alike. Times depend on the machine; the ratios much less."""

from __future__ import annotations

import copy
import itertools
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from colorlab.cli import command
from colorlab.cli.device import has_bf16_units

WIDTHS, SIZES, CANDIDATES = (8, 32), (64, 128, 256), (1, 8, 32)
SMALL, LARGE = 32 * 2**16, 32 * 2**19  # width x candidates x pixels: timed five times up to here, once beyond there
MEMORY_OF = ((8, 64, 8), (8, 64, 32), (8, 256, 8), (8, 256, 32), (32, 64, 8), (32, 64, 32), (32, 256, 8))
LEVEL, SWITCH = 0.5, 0.9919  # alpha_bar of the timed step; of the mix model's hand-over


def main(argv: list[str]) -> None:
    """Print the tables: a sampling step, its memory, few steps, the paper's 216 candidates, training, samplers over
    marginals, all pairs by LPIPS, a drawing before the judge, flats of a large page and its layers, the start."""
    from colorlab.cli.device import settle_allocator

    settle_allocator()
    if argv[:1] == ["memory"]:  # a child of memory()
        print(peak(argv[1] == "naive", *map(int, argv[2:])))
        return
    quick = "quick" in argv
    sampling(SIZES[:1] if quick else SIZES, CANDIDATES[:2] if quick else CANDIDATES)
    memory(MEMORY_OF[:1] if quick else MEMORY_OF)
    few_steps(SIZES[:1] if quick else SIZES[:2], (1, 8) if quick else (1, 8, 64))
    experiment_216(64, 20 if quick else 1000, quick)
    training(10 if quick else 40)
    marginal_samplers(56)
    lpips_pairs(216, 64 if quick else 256)
    judging(64)
    large_page(300 if quick else 1500)


def best_of(variants: Mapping[str, Callable[[], Any]], repetitions: int) -> dict[str, float]:
    """Seconds of the fastest repetition of each variant, the variants taking turns after one call each to warm up."""
    best = dict.fromkeys(variants, float("inf"))
    for work in variants.values():
        work()
    for _ in range(repetitions):
        for name, work in variants.items():
            start = time.perf_counter()
            work()
            best[name] = min(best[name], time.perf_counter() - start)
    return best


def gpic(width: int, bf16: bool = False) -> Any:
    """GPIC with weights that are random but not zero, so that differences show; speed does not depend on them."""
    import torch

    from colorlab.cli.config import compose
    from colorlab.cli.targets import build

    overrides = ["name=bench", f"method.width={width}"]
    method = build(compose("train", overrides).method).eval().requires_grad_(False)
    method.bf16 = bf16
    generator = torch.Generator().manual_seed(0)
    for parameter in method.parameters():
        parameter.data += 0.05 * torch.randn(parameter.shape, generator=generator)
    return method


def naive(method: Any) -> Callable[[Any, Any], Any]:
    """The whole network for every candidate, its weights in PyTorch's default memory format."""
    import torch

    net = copy.deepcopy(method.net).to(memory_format=torch.contiguous_format)
    return lambda x, image: net(x, torch.full((len(x),), LEVEL), image.expand(len(x), -1, -1, -1))


def inputs(candidates: int, size: int) -> tuple[Any, Any]:
    """A drawing and noisy states of it."""
    import torch

    generator = torch.Generator().manual_seed(1)
    image = torch.rand(1, 1, size, size, generator=generator)
    return torch.randn(candidates, 3, size, size, generator=generator), image


def sampling(sizes: tuple[int, ...], candidates: tuple[int, ...]) -> None:
    """One step of sampling: naive, the suite's exact float32 path, and its bf16 path for previews."""
    print("one sampling step      naive     exact (fp32)       previews (bf16)      largest difference, 8-bit steps")
    print("net  px  candidates       ms       ms   ratio          ms   ratio           exact      previews")
    for width in WIDTHS:
        exact, previews = gpic(width), gpic(width, bf16=True) if has_bf16_units() else None
        for size, n in itertools.product(sizes, candidates):
            work = width * n * size * size
            repetitions = 5 if work <= SMALL else 3 if work <= LARGE else 1
            print(f"C{width:<3} {size:<4}{n:<9} {sampling_row(exact, previews, size, n, repetitions)}", flush=True)


def sampling_row(exact: Any, previews: Any, size: int, n: int, repetitions: int) -> str:
    """Times, ratios and differences of one cell of the table. previews: None where bf16 has no units."""
    import torch

    x, image = inputs(n, size)
    with torch.inference_mode():
        whole, paths = naive(exact), {"fp32": exact.denoiser(image)}
        if previews is not None:
            paths["bf16"] = previews.denoiser(image)
        truth = whole(x, image)
        error = {name: 127.5 * float((path(x, LEVEL) - truth).abs().max()) for name, path in paths.items()}
        ways = {name: partial(path, x, LEVEL) for name, path in paths.items()}
        s = best_of({"naive": partial(whole, x, image)} | ways, repetitions)
    row = f"{1e3 * s['naive']:9.1f} {1e3 * s['fp32']:8.1f} {s['naive'] / s['fp32']:6.2f}x "
    bf16 = "no units" if previews is None else f"{1e3 * s['bf16']:11.1f} {s['naive'] / s['bf16']:6.2f}x"
    return row + f"{bf16:>19} " + " ".join(f"{each:14.1e}" for each in error.values())


def memory(cells: tuple[tuple[int, int, int], ...]) -> None:
    """Peak memory of a net and a step of it, each in a process of its own."""
    print("\npeak memory of a step, MiB    naive    exact")
    for width, size, n in cells:
        commands = [[kind, str(width), str(size), str(n)] for kind in ("naive", "exact")]
        line = [sys.executable, "-m", "colorlab.bench", "memory"]
        found = [subprocess.run(line + c, capture_output=True, text=True, check=True).stdout for c in commands]
        print(f"C{width:<3} {size:<4} {n:<15} {float(found[0]):10.0f} {float(found[1]):8.0f}", flush=True)


def peak(whole: bool, width: int, size: int, n: int) -> float:
    """MiB that a net and a step of sampling add to a process that has its libraries loaded; Linux's own count."""
    import torch

    with torch.inference_mode():
        naive(gpic(8))(*inputs(1, 16))
        Path("/proc/self/clear_refs").write_text("5")  # forget the peak so far
        before, x, image = _resident("VmRSS"), *inputs(n, size)
        method = gpic(width)
        _ = naive(method)(x, image) if whole else method.denoiser(image)(x, LEVEL)
    return _resident("VmHWM") - before


def _resident(line: str) -> float:
    """A line of /proc/self/status in MiB."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(float(text.split()[1]) for text in lines if text.startswith(line)) / 1024


def few_steps(sizes: tuple[int, ...], candidates: tuple[int, ...]) -> None:
    """C8 by 100 ancestral and by ten other steps, whole; a matrix product's time for as much, as a share of theirs."""
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    from colorlab.draws import Draws
    from colorlab.samplers.solvers import DPMSolver
    from colorlab.types import Condition

    slow, fast, square, draws = gpic(8), gpic(8), torch.randn(1024, 1024), Draws(0, [0])
    fast.sampler = DPMSolver(10, "trailing", 0.0, clip=True)
    print("\nC8, whole    px  candidates    100 ancestral    10 of DPM-Solver++    ratio   matrix bound")
    for size, n in itertools.product(sizes, candidates):
        image = Condition(inputs(1, size)[1])
        a_100, ten = (partial(each.sample, image, n, draws) for each in (slow, fast))
        s = best_of({"slow": a_100, "fast": ten, "product": partial(torch.mm, square, square)}, 1 if n > 8 else 2)
        with FlopCounterMode(display=False) as counted:
            ten()
        a, b = s["slow"], s["fast"]
        bound = counted.get_total_flops() / (2 * 1024**3) * s["product"] / b
        print(f"{size:15} {n:11} {a:15.2f} s {b:19.2f} s {a / b:7.1f}x {100 * bound:12.0f} %", flush=True)


def judging(size: int) -> None:
    """Milliseconds that all judges take for a drawing with eight candidates."""
    from colorlab.metrics.judge import Judge

    (noise, image), judge = inputs(9, size), Judge("alex", "lite0", "lines")
    work = {"judge": partial(judge.update, noise.sigmoid()[None, :8], image, [noise.sigmoid()[8:]])}
    print(f"\njudging a drawing of eight candidates: {1e3 * best_of(work, 5)['judge']:.0f} ms")


def start_up(drawing: Path) -> None:
    """Processor seconds from the command to its end, for eight colourings of a drawing."""
    print("\nsample from the command to its end, processor seconds")
    for run, words in (("flats", []), ("gpic-openmoji-c8", ["method/sampler=dpm_solver", "steps=10"])):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        line = [sys.executable, "-m", "colorlab.sample", f"run=pretrained/{run}", f"input={drawing}", *words]
        subprocess.run([*line, f"out={drawing.parent / run}"], capture_output=True, check=True)
        spent = sum(resource.getrusage(resource.RUSAGE_CHILDREN)[:2]) - sum(before[:2])  # user's and system's
        print(f"{' '.join([run, *words]):60} {spent:5.1f}", flush=True)


def experiment_216(size: int, steps: int, quick: bool) -> None:
    """GPIC Fig. 8's 216 candidates with the mix model: naive, extrapolated from single steps, and the suite's, run."""
    import torch

    x, image = inputs(1, size)
    with torch.inference_mode():
        step_above, step_below = naive(gpic(8)), naive(gpic(32))
        one = best_of({"above": lambda: step_above(x, image), "below": lambda: step_below(x, image)}, 5)
    above = gpic(8)
    above.sampler.steps = steps
    is_late = [level >= SWITCH for level in above.sampler.levels(SWITCH)[:-1]]
    early, late = is_late.count(False), is_late.count(True)
    expected = 216 * (early * one["above"] + late * one["below"])
    print(f"\n216 candidates at {size} px, {early} steps of C8, {late} of C32: naive {expected:.0f} s")
    ways = {"exact": (False, False), "previews (bf16)": (True, False), "previews, compiled": (True, True)}
    for name, (bf16, compiled) in list(ways.items())[: (2 if quick else 3) if has_bf16_units() else 1]:
        seconds = mix_of_216(image, steps, bf16, compiled)
        print(f"{name:20} {seconds:7.1f} s  {expected / seconds:5.1f}x", flush=True)


def mix_of_216(image: Any, steps: int, bf16: bool, compiled: bool) -> float:
    """Seconds for 216 candidates of one drawing by C8 and C32; compiling, where asked for, is part of it."""
    from colorlab.draws import Draws
    from colorlab.methods.gpic import Mix
    from colorlab.types import Condition

    above, below = gpic(8, bf16), gpic(32, bf16)
    above.sampler.steps, above.micro_batch = steps, 27
    above.compiled = below.compiled = compiled
    start = time.perf_counter()
    Mix(above, below, SWITCH).sample(Condition(image), 216, Draws(0, [0]))
    return time.perf_counter() - start


def training(steps: int) -> None:
    """Training throughput at 64 px, forward, backward and optimizer, and the loader's share of the time."""
    import torch

    from colorlab.cli.config import compose
    from colorlab.cli.targets import build
    from colorlab.training.loaders import TrainingOrder

    cfg = compose("train", ["name=bench"])
    pictures = build(cfg.data)
    print("\ntraining, 64 px          images/s    loader's share of the time")
    for width in WIDTHS:
        method = gpic(width).train().requires_grad_(True)
        optimizer = torch.optim.AdamW(method.parameters(), 1e-4, fused=True)
        batches = iter(TrainingOrder(pictures.one_pass, cfg.batch_size, 0, 0, 0, 1))
        spent = [trained(method, optimizer, pictures, *next(batches)) for _ in range(steps + 3)][3:]
        loading, working = (sum(seconds) for seconds in zip(*spent, strict=True))
        rate, share = steps * cfg.batch_size / (loading + working), 100 * loading / (loading + working)
        print(f"C{width:<3} batch {cfg.batch_size} {rate:19.0f} {share:13.1f} %", flush=True)


def trained(method: Any, optimizer: Any, pictures: Any, at: int, positions: list[int]) -> tuple[float, float]:
    """One training step. -> seconds of loading, seconds of everything else."""
    import torch

    from colorlab.draws import Draws

    begun = time.perf_counter()
    draws = Draws(0, positions, [at] * len(positions))
    batch = pictures.training_batch(positions, draws)
    loaded = time.perf_counter()
    with torch.autocast("cpu", torch.bfloat16, enabled=has_bf16_units()):
        loss = method.loss(batch, draws)["loss"]
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loaded - begun, time.perf_counter() - loaded


def marginal_samplers(side: int) -> None:
    """Coherent samplers over per-pixel distributions, 8 candidates of one picture, beside independent pixels."""
    import torch

    from colorlab.ab_bins import table_of
    from colorlab.cli.config import compose
    from colorlab.cli.targets import build
    from colorlab.draws import Draws
    from colorlab.samplers.marginals import Marginals

    generator, table = torch.Generator().manual_seed(2), table_of("reachable")
    log_p = torch.log_softmax(3 * torch.randn(1, len(table), side, side, generator=generator), 1)
    image = torch.rand(1, 1, side, side, generator=generator)
    factors = torch.randn(1, 2, 16, side, side, generator=generator)
    marginals, draws = Marginals(log_p, table, image, factors), Draws(0, [0])
    names = ("independent", "quantile_field", "learned_copula", "gumbel_field", "variational")
    nodes = {
        name: compose("train", ["name=bench", "method=cic", f"method/sampler={name}"]).method.sampler for name in names
    }
    samplers = {name: build(node) for name, node in nodes.items()}
    with torch.inference_mode():
        seconds = best_of({name: lambda s=s: s(marginals, 8, draws) for name, s in samplers.items()}, 3)  # type: ignore[misc]
    print(f"\nsamplers over marginals, {side} x {side} pixels, 8 candidates together, ms per candidate")
    print("   ".join(f"{name} {1e3 * each / 8:.0f}" for name, each in seconds.items()))


def lpips_pairs(n: int, size: int) -> None:
    """All pairs of n pictures: the lpips package on batches of pairs (extrapolated) against features once."""
    import torch

    from colorlab.metrics.lpips import package_model, pairwise_lpips

    images, batch = torch.rand(n, 3, size, size, generator=torch.Generator().manual_seed(4)), 8
    package = package_model("alex")
    pairs = n * (n - 1) // 2
    with torch.inference_mode():
        left, right = 2 * images[:batch] - 1, 2 * images[batch : 2 * batch] - 1
        seconds = best_of({"package": lambda: package(left, right), "here": lambda: pairwise_lpips(images, "alex")}, 3)
        here = pairwise_lpips(images, "alex")[range(batch), range(batch, 2 * batch)]
        difference = here - package(left, right).flatten()
    expected = seconds["package"] / batch * pairs
    print(f"\nLPIPS (Alex) of all {pairs} pairs of {n} pictures at {size} px: package {expected:.0f} s (extrapolated),")
    error, ratio = float(difference.abs().max()), expected / seconds["here"]
    print(f"here {seconds['here']:.1f} s: {ratio:.0f}x, largest difference {error:.0e}")


def large_page(width: int) -> None:
    """Flats of a page of 3 by 4, a warm model: seconds until the first of eight candidates is there, until all are, and
    for their layers as OpenRaster; 216 candidates of the page at a third of its size; ``start_up`` for that."""
    import tempfile

    from PIL import Image, ImageDraw

    import colorlab

    page = Image.new("L", (width, width * 4 // 3), 255)
    pen, step = ImageDraw.Draw(page), width // 10
    for k in range(80):
        x, y = k % 9 * step + step // 2, k // 9 * step + step
        pen.ellipse((x, y, x + step * 0.9, y + step * 0.7), outline=0, width=max(2, width // 300))
    run, came = colorlab.open_run("pretrained/flats"), []
    run.sample(page, n=1)
    start = time.perf_counter()
    pictures = run.sample(page, n=8, each=lambda picture: came.append(time.perf_counter() - start))
    small, folder = page.resize((width // 3, width * 4 // 9)), tempfile.TemporaryDirectory()
    small.save(Path(folder.name) / "drawing.png")
    start = time.perf_counter()
    run.sample(small, n=216)
    many = time.perf_counter() - start
    with folder:
        start = time.perf_counter()
        colorlab.export(pictures, page, Path(folder.name) / "page.ora")
        layers = time.perf_counter() - start
        print(f"\nflats of {page.width} x {page.height}: first candidate {came[0]:.1f} s, eight {came[-1]:.1f} s,")
        print(f"their layers {layers:.1f} s; 216 candidates at a third of its size {many:.1f} s")
        start_up(Path(folder.name) / "drawing.png")


if __name__ == "__main__":
    command.run(main, sys.argv[1:])
