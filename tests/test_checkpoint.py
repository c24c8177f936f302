"""Opening what is on disk: damaged, foreign or hostile files are refused in one line and never
executed."""

from __future__ import annotations

import errno
import os
import pickle
import random
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml

from colorlab.cli.config import compose
from colorlab.cli.targets import build
from colorlab.errors import CheckpointError, DiskError
from colorlab.runs.checkpoint import (
    LAST,
    PREVIOUS,
    _Sink,
    load_weights,
    newest_state,
    save_state,
    save_weights,
)
from colorlab.runs.run import begin, open_run
from tests.kill_harness import at_byte, files_of_at_most, kill, planted


class Payload:
    """Pickled, it would touch a marker file when loaded."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self):
        return (Path.touch, (self.marker,))


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A run folder as training leaves it, of width 4."""
    cfg = compose("train", ["name=r", "method.width=4", "trainer.max_steps=10"])
    begin(tmp_path / "r", cfg)
    save_weights(build(cfg.method), tmp_path / "r" / "checkpoints")
    return tmp_path / "r"


def test_weights_come_back_equal(run: Path) -> None:
    method = open_run(run).method()
    again = open_run(run).method()
    assert all(
        torch.equal(a, b)
        for a, b in zip(method.state_dict().values(), again.state_dict().values(), strict=True)
    )


@pytest.mark.whole
def test_weights_of_another_width_are_refused_by_name(run: Path) -> None:
    other = build(compose("train", ["name=r", "method.width=6", "trainer.max_steps=10"]).method)
    with pytest.raises(CheckpointError, match="another width: net"):
        load_weights(other, run)


@pytest.mark.parametrize("keep", [0, 7, 100, 2000])
def test_damaged_weights_are_named(run: Path, keep: int) -> None:
    path = run / "checkpoints" / "weights.safetensors"
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(CheckpointError, match=r"weights\.safetensors is damaged"):
        open_run(run).method()


@pytest.mark.whole
def test_flipped_bits_in_weights_open_or_are_named(run: Path) -> None:
    path, rng = run / "checkpoints" / "weights.safetensors", random.Random(0)
    whole, method = path.read_bytes(), open_run(run).method()
    header = 8 + int.from_bytes(whole[:8], "little")
    for _ in range(300):
        at, content = rng.randrange(header), bytearray(whole)
        content[at] ^= 1 << rng.randrange(8)
        path.write_bytes(content)
        try:
            load_weights(method, run)
        except CheckpointError as error:
            assert "weights.safetensors" in str(error) and "\n" not in str(error)


@pytest.mark.parametrize(
    "save",
    [torch.save, lambda what, path: path.write_bytes(pickle.dumps(what))],
    ids=["torch", "pickle"],
)
def test_a_hostile_checkpoint_is_refused_and_not_executed(run: Path, tmp_path: Path, save) -> None:
    marker = tmp_path / "executed"
    (run / "checkpoints" / "weights.safetensors").unlink()
    save({"state_dict": Payload(marker)}, run / "checkpoints" / "last.ckpt")
    with pytest.raises(CheckpointError, match="not executed"):
        open_run(run).method()
    assert not marker.exists()


@pytest.mark.parametrize(
    "change",
    [
        lambda c: c["method"].update(_target_="os.system"),
        lambda c: c["method"]["sampler"].update(_target_="subprocess.Popen"),
        lambda c: c["data"].update(extra=[{"_target_": "builtins.exec"}]),
    ],
)
def test_a_hostile_config_is_refused(run: Path, change) -> None:
    config = yaml.safe_load((run / "config.yaml").read_text())
    change(config)
    (run / "config.yaml").write_text(yaml.safe_dump(config))
    with pytest.raises(CheckpointError, match="not allowed"):
        open_run(run)


def test_yaml_that_builds_objects_is_refused(run: Path, tmp_path: Path) -> None:
    (run / "config.yaml").write_text(
        f"method: !!python/object/apply:pathlib.Path.touch ['{tmp_path}/executed']\n"
    )
    with pytest.raises(CheckpointError, match=r"config\.yaml"):
        open_run(run)
    assert not (tmp_path / "executed").exists()


def test_a_folder_that_is_no_run_says_so(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="is not a run"):
        open_run(tmp_path)
    with pytest.raises(CheckpointError, match="there is no run"):
        open_run(tmp_path / "nowhere")


def test_half_precision_weights_load_as_floats(run: Path) -> None:
    method = open_run(run).method()
    size = (run / "checkpoints" / "weights.safetensors").stat().st_size
    path = save_weights(method, run / "checkpoints", half=True)
    assert path.stat().st_size < 0.55 * size
    assert next(open_run(run).method().parameters()).dtype == torch.float32


def state(step: int) -> dict[str, Any]:
    return {
        "format": 1,
        "step": step,
        "state_dict": {"w": torch.full((500,), float(step))},
        "rates": [0.1, None],
    }


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two states, of steps 1 and 2."""
    save_state(state(1), tmp_path)
    save_state(state(2), tmp_path)
    return tmp_path


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def sizes(folder: Path, count: int) -> list[int]:
    """Byte counts over a whole save, the first and the last among them."""
    whole = (folder / LAST).stat().st_size
    return [round(k * (whole - 1) / (count - 1)) for k in range(count)]


def newest(folder: Path) -> int:
    found = newest_state(folder)
    assert found is not None and torch.equal(
        found.state["state_dict"]["w"], state(found.state["step"])["state_dict"]["w"]
    )
    return found.state["step"]


def test_the_last_two_states_are_kept_and_torch_opens_them(folder: Path) -> None:
    save_state(state(3), folder)
    assert sorted(path.name for path in folder.iterdir()) == sorted([LAST, PREVIOUS])
    assert [torch.load(folder / name, weights_only=True)["step"] for name in (LAST, PREVIOUS)] == [
        3,
        2,
    ]


def test_a_full_disk_leaves_the_states_as_they_were(folder: Path) -> None:
    before = contents(folder)
    for count in sizes(folder, 20):
        with (
            files_of_at_most(count),
            pytest.raises(
                DiskError, match=r"last\.ckpt could not be saved: File too large \(it needs"
            ),
        ):
            save_state(state(3), folder)
        assert contents(folder) == before
    assert newest(folder) == 2


@pytest.mark.parametrize("number", [errno.EACCES, errno.EROFS, errno.EIO])
@pytest.mark.parametrize("call", ["open", "fsync", "replace"])
def test_a_refusing_disk_leaves_the_states_as_they_were(
    folder: Path, monkeypatch, call: str, number: int
) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise OSError(number, os.strerror(number))

    before = contents(folder)
    monkeypatch.setattr(
        *{"fsync": (os, "fsync"), "open": (Path, "open"), "replace": (os, "replace")}[call], refuse
    )
    with pytest.raises(DiskError, match=os.strerror(number)) as refused:
        save_state(state(3), folder)
    monkeypatch.undo()
    assert refused.value.exit_code == 74 and "previous.ckpt as before" in str(refused.value)
    assert contents(folder) == before and newest(folder) == 2


def test_bits_that_change_on_the_way_to_the_disk_are_noticed(folder: Path, monkeypatch) -> None:
    def flipping(self: _Sink, data: bytes) -> int:
        self.sha256.update(data)
        return self.file.write(bytes([bytes(data)[0] ^ 1, *bytes(data)[1:]]))

    with monkeypatch.context() as patch, pytest.raises(DiskError, match="does not read back"):
        patch.setattr(_Sink, "write", flipping)
        save_state(state(3), folder)
    assert newest(folder) == 2


@pytest.mark.slow
def test_a_kill_inside_a_save_leaves_a_whole_state(folder: Path) -> None:
    for count in sizes(folder, 50):
        assert in_a_fork(lambda count=count: at_byte(count, kill), folder) == signal.SIGKILL
        assert newest(folder) == 2


def in_a_fork(plant: Any, folder: Path) -> int:
    """Save the state of step 3 in a forked process. -> the signal that ended it, 0 if none."""
    pid = os.fork()
    if not pid:
        with planted(plant):
            save_state(state(3), folder)
        os._exit(0)
    return os.waitpid(pid, 0)[1] & 0x7F


def damaged(whole: bytes) -> Iterator[bytes]:
    yield b""
    yield bytes(len(whole))
    for seed in range(20):
        rng = random.Random(seed)
        yield whole[: rng.randrange(len(whole))]
        at = rng.randrange(len(whole))
        yield whole[:at] + bytes([whole[at] ^ 1 << rng.randrange(8)]) + whole[at + 1 :]


def test_a_damaged_state_is_passed_over_for_the_one_before(folder: Path) -> None:
    for content in damaged((folder / LAST).read_bytes()):
        (folder / LAST).write_bytes(content)
        found = newest_state(folder)
        assert found is not None and found.state["step"] == 1 and found.path == folder / PREVIOUS
        assert len(found.damaged) == 1 and "last.ckpt is damaged" in found.damaged[0]


def test_where_no_state_is_whole_both_are_named(folder: Path) -> None:
    for name in (LAST, PREVIOUS):
        (folder / name).write_bytes(b"PK")
    with pytest.raises(
        CheckpointError, match=r"last\.ckpt is damaged.*previous\.ckpt is damaged.*another name="
    ):
        newest_state(folder)
    assert newest_state(folder / "nowhere") is None


def test_a_state_without_a_seal_is_held_to_the_checksums_within(folder: Path) -> None:
    for name in (LAST, PREVIOUS):
        (folder / name).write_bytes((folder / name).read_bytes()[:-48])
    assert newest(folder) == 2
    content = bytearray((folder / LAST).read_bytes())
    content[content.index(bytes(torch.full((9,), 2.0).numpy()))] ^= 1
    (folder / LAST).write_bytes(content)
    assert newest(folder) == 1


def test_a_damaged_state_does_not_push_out_the_one_before(folder: Path) -> None:
    (folder / LAST).write_bytes((folder / LAST).read_bytes()[:-60])
    save_state(state(3), folder)
    (folder / LAST).write_bytes(b"")
    assert newest(folder) == 1


def test_a_state_that_is_not_plain_is_not_saved(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="plain tensors"):
        save_state(state(3) | {"rates": [Payload(tmp_path / "executed")]}, folder)
    assert newest(folder) == 2 and not (tmp_path / "executed").exists()


def test_states_of_an_older_version_open_but_do_not_go_on(run: Path) -> None:
    method = open_run(run).method()
    (run / "checkpoints" / "weights.safetensors").unlink()
    torch.save({"state_dict": method.state_dict(), "global_step": 7}, run / "checkpoints" / LAST)
    assert torch.equal(open_run(run).method().net.head.weight, method.net.head.weight)
    with pytest.raises(CheckpointError, match="another version of colorlab"):
        newest_state(run / "checkpoints")


def test_the_model_that_ships_opens() -> None:
    assert open_run("pretrained/gpic-openmoji-c8").method().net.head.weight.abs().sum() > 0


def test_temporary_files_lie_beside_what_they_replace(folder: Path, monkeypatch) -> None:
    monkeypatch.setenv("TMPDIR", "/nonexistent")
    seen: list[Path] = []
    replace = os.replace
    monkeypatch.setattr(
        os, "replace", lambda source, target: (seen.append(Path(source)), replace(source, target))
    )
    save_state(state(3), folder)
    assert {path.parent for path in seen} == {folder}
