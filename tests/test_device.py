"""What is made of the machine: bf16 where there are units for it, imports without a search for
garbage."""

from __future__ import annotations

import gc

import pytest
import torch

from colorlab.cli import device
from colorlab.cli.device import importing, previews_in_bf16


@pytest.mark.parametrize(("amx", "avx512"), [(False, False), (False, True), (True, True)])
def test_bf16_on_a_processor_without_units_for_it_stays_fp32_and_says_so_once(
    amx, avx512, monkeypatch, capsys
):
    device._stays_in_fp32.cache_clear()
    monkeypatch.setattr(device.platform, "machine", lambda: "x86_64")
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: amx)
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: avx512)
    asked = [previews_in_bf16("bf16", "cpu") for _ in range(2)]
    assert asked == [amx or avx512] * 2
    assert capsys.readouterr().err.count("no units for it: fp32 is used") == (not (amx or avx512))
    assert previews_in_bf16("auto", "cpu") == amx and not previews_in_bf16("fp32", "cpu")


@pytest.mark.whole
def test_garbage_is_looked_for_again_after_imports_that_fail():
    frozen = gc.get_freeze_count()
    with pytest.raises(ImportError), importing():
        assert not gc.isenabled()
        raise ImportError
    assert gc.isenabled() and gc.get_freeze_count() > frozen
    gc.unfreeze()
