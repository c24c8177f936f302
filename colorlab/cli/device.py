"""Making the most of the machine: the C library's allocator, Python's own, bf16 where there are
units for it."""

from __future__ import annotations

import ctypes
import gc
import os
import platform
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from colorlab.errors import ConfigError

# M_MMAP_THRESHOLD, M_TRIM_THRESHOLD, M_TOP_PAD
_SETTINGS = ((-3, 1 << 30), (-1, 2**31 - 1), (-2, 256 << 20))


def settle_allocator() -> bool:
    """Keep large activations in glibc's heap instead of mapping and page-faulting each anew; the
    same bits come out, 1.2 to 1.9 times faster at 256 px. To be called before the first tensor. ->
    whether it took effect."""
    if platform.libc_ver()[0] != "glibc":
        return False
    libc = ctypes.CDLL("libc.so.6")
    return all(libc.mallopt(key, value) == 1 for key, value in _SETTINGS)


@contextmanager
def importing() -> Iterator[None]:
    """For imports that make many objects and no garbage: none is looked for within, nor among them
    ever after, which spares a tenth of what importing torch costs."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def has_no_driver() -> bool:
    """Whether there can be no GPU for torch, told without loading it; False also where that cannot
    be known."""
    if platform.system() != "Linux" or Path("/dev/kfd").exists():  # AMD's
        return False
    try:
        ctypes.CDLL("libcuda.so.1")  # NVIDIA's, which torch loads by this name
    except OSError:
        return True
    return os.environ.get("CUDA_VISIBLE_DEVICES") in ("", "-1")


def require(device: str) -> None:
    """ConfigError if the device is cuda and there is no GPU."""
    if device == "cuda" and (has_no_driver() or not _torch_has_cuda()):
        raise ConfigError(
            "device=cuda, but there is no GPU here that torch can use (set device=cpu)"
        )


def _torch_has_cuda() -> bool:
    import torch

    return torch.cuda.is_available()


def precision(wanted: str, accelerator: str) -> str:
    """Lightning's precision for `auto`: bf16-mixed where the device has units for it, else
    32-true."""
    if wanted != "auto":
        return wanted
    import torch

    if accelerator == "cpu" or not torch.cuda.is_available():
        flags = torch.backends.cpu.get_cpu_capability()
        fast = "AVX512" in flags and torch.cpu._is_avx512_bf16_supported()
    else:
        fast = torch.cuda.is_bf16_supported()
    return "bf16-mixed" if fast else "32-true"


def previews_in_bf16(wanted: str, device: str) -> bool:
    """Whether to sample in bfloat16. auto: where the units for it make it several times faster
    (AMX, recent GPUs).
    bf16: except on a processor without any, which would take some 70 times as long over a product
    of matrices."""
    if wanted == "fp32":
        return False
    import torch

    if device == "cpu":
        if wanted == "auto":
            return torch.cpu._is_amx_tile_supported()
        return has_bf16_units() or _stays_in_fp32()
    return wanted == "bf16" or (torch.cuda.is_available() and torch.cuda.is_bf16_supported())


def has_bf16_units() -> bool:
    """Whether the processor computes in bfloat16; taken for granted of those that are not x86."""
    import torch

    if platform.machine() not in ("x86_64", "AMD64"):
        return True
    return torch.cpu._is_amx_tile_supported() or torch.cpu._is_avx512_bf16_supported()


@cache
def _stays_in_fp32() -> bool:
    """False, and says so once."""
    print(
        "colorlab: precision=bf16, but this processor has no units for it: fp32 is used",
        file=sys.stderr,
    )
    return False
