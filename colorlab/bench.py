"""Measure speed as ratios, everything in one run:  python -m colorlab.bench [quick]

The naive loop is what the paper describes: the whole network, in float32 and PyTorch's default memory format, at every
step. Variants of one comparison take turns in one process and the best of their repetitions counts, so that a busy
machine troubles all of them alike. Times depend on the machine; the ratios much less."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Any

from colorlab import command

WIDTHS, SIZES, CANDIDATES = (8, 32), (64, 128, 256), (1, 8, 32)
MAX_PIXELS = 8 * 256 * 256  # larger groups of candidates of the wide model are left out: they take minutes a step
LEVEL = 0.5


def main(argv: list[str]) -> None:
    """Print the tables: one sampling step, the paper's 216 candidates, training, all-pairs LPIPS."""
    from colorlab.device import settle_allocator

    settle_allocator()
    quick = "quick" in argv
    sampling(WIDTHS, SIZES[:1] if quick else SIZES, CANDIDATES[:2] if quick else CANDIDATES)
    experiment_216(64, 100 if quick else 1000)
    training(10 if quick else 40)
    if not quick:
        lpips_pairs(216, 256)


def best_of(variants: dict[str, Callable[[], Any]], repetitions: int) -> dict[str, float]:
    """Seconds of the fastest repetition of each variant, the variants taking turns."""
    best = dict.fromkeys(variants, float("inf"))
    for work in variants.values():
        work()
    for _ in range(repetitions):
        for name, work in variants.items():
            start = time.perf_counter()
            work()
            best[name] = min(best[name], time.perf_counter() - start)
    return best


def gpic(width: int) -> Any:
    """GPIC with random weights (speed does not depend on them), its head not zero so that differences show."""
    import torch

    from colorlab.config import build, compose

    method = build(compose("train", ["name=bench", f"method.width={width}"]).method).eval().requires_grad_(False)
    generator = torch.Generator().manual_seed(0)
    for parameter in method.parameters():
        parameter.data += 0.02 * torch.randn(parameter.shape, generator=generator)
    return method


def sampling(widths: tuple[int, ...], sizes: tuple[int, ...], candidates: tuple[int, ...]) -> None:
    """One step of sampling: naive against the suite's exact float32 path and its bf16 path."""
    print("one sampling step            naive      exact fp32          bf16            largest pixel difference, 8-bit units")
    print("width size candidates           ms     ms    ratio      ms    ratio              exact      bf16")
    for width in widths:
        method = gpic(width)
        for size in sizes:
            for n in candidates:
                if width * n * size * size <= 8 * 32 * MAX_PIXELS // 8:
                    _sampling_row(method, width, size, n)


def _sampling_row(method: Any, width: int, size: int, n: int) -> None:
    import torch

    generator = torch.Generator().manual_seed(1)
    image, x = torch.rand(1, 1, size, size, generator=generator), torch.randn(n, 3, size, size, generator=generator)
    naive = _naive(method)
    with torch.inference_mode():
        method.bf16 = False
        exact = method.denoiser(image)
        fp32 = exact(x, LEVEL)
        method.bf16 = True
        preview = method.denoiser(image)
        bf16 = preview(x, LEVEL)
        truth = naive(x, image)

        def run_exact() -> None:
            method.bf16 = False
            exact(x, LEVEL)

        def run_preview() -> None:
            method.bf16 = True
            preview(x, LEVEL)

        variants = {"naive": lambda: naive(x, image), "exact": run_exact, "bf16": run_preview}
        seconds = best_of(variants, 5 if n * size * size * width < 8 * 8 * 256**2 else 3)
    method.bf16 = False
    units = [127.5 * float((other - truth).abs().max()) for other in (fp32, bf16)]
    ms, ratio = {k: 1e3 * v for k, v in seconds.items()}, {k: seconds["naive"] / v for k, v in seconds.items()}
    print(
        f"C{width:<4} {size:<4} {n:<10} {ms['naive']:10.1f} {ms['exact']:8.1f} {ratio['exact']:5.2f}x {ms['bf16']:9.1f}"
        f" {ratio['bf16']:5.2f}x {units[0]:20.5f} {units[1]:9.3f}"
    )


def _naive(method: Any) -> Callable[[Any, Any], Any]:
    """The whole network for every candidate, its weights in PyTorch's default memory format."""
    import copy

    import torch

    net = copy.deepcopy(method.net).to(memory_format=torch.contiguous_format)

    def step(x: Any, image: Any) -> Any:
        return net(x, torch.full((len(x),), LEVEL), image.expand(len(x), -1, -1, -1))

    return step


def experiment_216(size: int, steps: int) -> None:
    """GPIC Fig. 8's 216 candidates with the mix model: naive, extrapolated from a few steps, and the suite's path, run."""
    import torch

    from colorlab.config import build
    from colorlab.draws import Draws
    from colorlab.methods.gpic import Mix
    from colorlab.types import Condition

    above, below = gpic(8), gpic(32)
    sampler = {"_target_": "colorlab.samplers.ancestral.Ancestral", "steps": steps, "corrector_steps": 0,
               "corrector_step": "song", "corrector_snr": 0.16, "predictor": "ho", "clip": True}  # fmt: skip
    above.sampler, above.micro_batch = build(sampler), 27
    image = torch.rand(1, 1, size, size, generator=torch.Generator().manual_seed(2))
    late = sum(level >= 0.9919 for level in above.sampler.levels(0.9919)[:-1])
    early = len(above.sampler.levels(0.9919)) - 1 - late
    x = torch.randn(1, 3, size, size, generator=torch.Generator().manual_seed(3))
    naive_above, naive_below = _naive(above), _naive(below)
    with torch.inference_mode():
        one = best_of({"C8": lambda: naive_above(x, image), "C32": lambda: naive_below(x, image)}, 5)
    naive = 216 * (early * one["C8"] + late * one["C32"])
    start = time.perf_counter()
    Mix(above, below, 0.9919).sample(Condition(image), 216, Draws(0, [0]))
    actual = time.perf_counter() - start
    print(f"\n216 candidates, {size} px, {early} steps of C8 and {late} of C32: naive {naive:.0f} s (extrapolated), here "
          f"{actual:.0f} s, {naive / actual:.1f}x")  # fmt: skip


def training(steps: int) -> None:
    """Training throughput at 64 px: forward, backward and optimizer, and what the loader costs."""
    import torch

    from colorlab.config import build, compose
    from colorlab.data.module import TrainingOrder
    from colorlab.draws import Draws

    cfg = compose("train", ["name=bench"])
    pictures = build(cfg.data)
    order = TrainingOrder(pictures.splits["train"], cfg.batch_size, 0, 0, 0, 1)
    print("\ntraining, 64 px            images/s   loader's share")
    for width in WIDTHS:
        method, batches = build(cfg.method | {"width": width}), iter(order)
        optimizer, loading, start = torch.optim.AdamW(method.parameters(), 1e-4, fused=True), 0.0, 0.0
        for k in range(steps + 3):
            if k == 3:
                start, loading = time.perf_counter(), 0.0
            before = time.perf_counter()
            at, positions = next(batches)
            batch = pictures.training_batch(positions, Draws(0, positions, [at] * len(positions)))
            loading += time.perf_counter() - before
            with torch.autocast("cpu", torch.bfloat16):
                loss = method.loss(batch, Draws(0, positions, [at] * len(positions)))["loss"]
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        seconds = time.perf_counter() - start
        print(f"C{width:<4} batch {cfg.batch_size} {steps * cfg.batch_size / seconds:18.0f} {100 * loading / seconds:14.1f} %")


def lpips_pairs(n: int, size: int) -> None:
    """All pairs of n pictures: the lpips package on batches of pairs (extrapolated) against features once."""
    import torch

    from colorlab.metrics.lpips import package_model, pairwise_lpips

    images = torch.rand(n, 3, size, size, generator=torch.Generator().manual_seed(4))
    model, batch = package_model("alex"), 8
    with torch.inference_mode():
        seconds = best_of({"pairs": lambda: model(2 * images[:batch] - 1, 2 * images[batch : 2 * batch] - 1)}, 3)
        start = time.perf_counter()
        distances = pairwise_lpips(images, "alex")
        once = time.perf_counter() - start
        theirs = model(2 * images[:batch] - 1, 2 * images[batch : 2 * batch] - 1).flatten()
    naive = seconds["pairs"] / batch * n * (n - 1) / 2
    error = float((distances[range(batch), range(batch, 2 * batch)] - theirs).abs().max())
    print(f"\nLPIPS-Alex of all {n * (n - 1) // 2} pairs of {n} pictures, {size} px: package {naive:.0f} s (extrapolated), "
          f"here {once:.1f} s, {naive / once:.0f}x; largest difference {error:.1e}")  # fmt: skip


if __name__ == "__main__":
    command.run(main, sys.argv[1:])
