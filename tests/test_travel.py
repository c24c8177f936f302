"""Models that travel: to a folder and back, from a hub that is played here, what is refused, the
card, the list."""

from __future__ import annotations

import hashlib
import json
import shutil
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import torch
import yaml
from safetensors.torch import load_file

import colorlab
from colorlab import models
from colorlab.cli.completion import VERBS
from colorlab.errors import CheckpointError, ConfigError
from colorlab.runs.run import open_run
from colorlab.storage.files import read_json
from colorlab.travel.hub import fetched
from colorlab.travel.shelf import license_of
from tests.evaluations import evaluated
from tests.test_evaluate import trained_looking

FILES = ["README.md", "config.yaml", "model.safetensors", "sheet.png"]
COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return trained_looking(tmp_path_factory.mktemp("runs") / "mine")


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return evaluated(tmp_path_factory.mktemp("judged") / "e", run="mine")


@pytest.fixture(scope="module")
def saved(run: Path, judged: Path) -> Path:
    return colorlab.save_pretrained(run, run.parent / "saved", judged, license="cc-by-4.0")


def square() -> np.ndarray:
    drawing = np.full((24, 30), 255, np.uint8)
    drawing[6:18, [8, 20]] = drawing[[6, 18], 8:21] = 0
    return drawing


def test_a_model_colours_the_same_after_its_journey(run: Path, saved: Path) -> None:
    assert sorted(path.name for path in saved.iterdir()) == FILES
    there, here = (
        opened.sample(square(), n=2)
        for opened in (colorlab.from_pretrained(saved), colorlab.open_run(run))
    )
    assert all(np.array_equal(a, b) for a, b in zip(there, here, strict=True))
    before = load_file(run / "checkpoints" / "weights.safetensors")
    after = load_file(saved / "model.safetensors")
    assert before.keys() == after.keys() and all(
        torch.equal(before[name], after[name]) for name in before
    )


def test_the_configuration_keeps_what_is_needed_and_no_folders_of_its_maker(
    run: Path, tmp_path: Path
) -> None:
    own = shutil.copytree(run, tmp_path / "own")
    config = yaml.safe_load((own / "config.yaml").read_text())
    config["data"] |= {"_target_": "colorlab.data.folder.Folder", "root": "/home/somebody/pictures"}
    (own / "config.yaml").write_text(yaml.safe_dump(config))
    kept = yaml.safe_load(
        (colorlab.save_pretrained(own, tmp_path / "out") / "config.yaml").read_text()
    )
    assert kept["data"]["root"] == "pictures" and "logger" not in kept
    assert kept["method"] == open_run(own).config["method"]


def test_the_card_tells_what_was_measured_alone(
    run: Path, judged: Path, saved: Path, tmp_path: Path
) -> None:
    card = (saved / "README.md").read_text()
    front = yaml.safe_load(card.split("---")[1])
    assert front["library_name"] == "colorlab" and front["license"] == "cc-by-4.0"
    share = read_json(judged / "evaluation.json")["values"]["validity/share"]
    assert f"{share['mean']:.2f} [{share['low']:.2f}, {share['high']:.2f}]" in card
    assert f"{100 * (1 - share['mean']):.0f} % of its candidates break the drawing" in card
    assert (
        "CC BY-SA 4.0" in card and "4 candidates" in card and "2 steps of" in card and "![" in card
    )
    bare = (colorlab.save_pretrained(run, tmp_path / "bare") / "README.md").read_text()
    assert (
        "Not measured yet" in bare
        and "licence of the weights is not stated" in bare
        and "![" not in bare
    )


@pytest.mark.parametrize(
    ("what", "error"),
    [
        ("full", "there already"),
        ("unfinished", "not finished"),
        ("leaning", "takes method.learning.predict="),
    ],
)
def test_what_cannot_travel_is_one_line(
    run: Path, tmp_path: Path, what: str, error: str, monkeypatch
) -> None:
    monkeypatch.chdir(tmp_path)
    own = shutil.copytree(run, tmp_path / "own")
    target = tmp_path / "out"
    if what == "full":
        (target / "x").mkdir(parents=True)
    elif what == "unfinished":
        (own / "checkpoints" / "weights.safetensors").unlink()
    else:
        (tmp_path / "runs" / "x").mkdir(parents=True)
        opened = open_run(own)
        opened.config["method"]["learning"]["predict"] = "runs/x"
        monkeypatch.setattr(models, "open_run", lambda path: opened)
    with pytest.raises(ConfigError, match=error):
        models.save_pretrained(own, target)
    assert what == "full" or not target.exists()


def test_a_mix_of_two_runs_does_not_travel_as_one(run: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="save each"):
        colorlab.save_pretrained(colorlab.open_run([run, run]), tmp_path / "out")


class Hub(NamedTuple):
    """url: where it is. asked: the paths that were asked for. files: name -> bytes of the one model
    it has."""

    url: str
    asked: list[str]
    files: dict[str, bytes]


@pytest.fixture
def hub(saved: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """A hub on this machine with one model, me/mine, at one commit."""
    pytest.importorskip("huggingface_hub")
    monkeypatch.setenv("COLORLAB_CACHE", str(tmp_path / "cache"))
    files = {path.name: path.read_bytes() for path in saved.iterdir()} | {
        "setup.py": b"raise SystemExit"
    }
    asked: list[str] = []

    class Answers(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self.do_GET()

        def do_GET(self) -> None:
            asked.append(self.path)
            name, headers = self.path.rpartition("/")[2], {}
            if self.path.startswith("/api/models/me/mine"):
                about = {
                    "id": "me/mine",
                    "sha": COMMIT,
                    "siblings": [{"rfilename": each} for each in files],
                }
                paths = [
                    {"type": "file", "path": p, "size": len(b), "oid": p} for p, b in files.items()
                ]
                body = json.dumps(paths if "/tree/" in self.path else about).encode()
            elif self.path.startswith(f"/me/mine/resolve/{COMMIT}/") and name in files:
                body = files[name]
                headers = {"ETag": f'"{hashlib.sha256(body).hexdigest()}"', "X-Repo-Commit": COMMIT}
            else:
                self.send_error(404)
                return
            self.send_response(200)
            for key, value in {"Content-Length": str(len(body)), **headers}.items():
                self.send_header(key, value)
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Nothing is printed."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield Hub(f"http://127.0.0.1:{server.server_port}", asked, files)
    server.shutdown()
    server.server_close()


@pytest.mark.whole
def test_a_hub_is_asked_once_for_the_four_files_and_no_more(hub: Hub) -> None:
    folder = fetched("me/mine", COMMIT, hub.url)
    assert sorted(path.name for path in folder.iterdir()) == FILES
    assert not [path for path in hub.asked if path.endswith("setup.py")]
    count = len(hub.asked)
    assert fetched("me/mine", COMMIT, hub.url) == folder and len(hub.asked) == count
    opened = colorlab.from_pretrained("me/mine", revision=COMMIT)
    assert opened.name == "mine" and len(hub.asked) == count
    assert open_run(folder).home == Path("runs/mine")


@pytest.mark.whole
def test_nothing_of_a_fetched_configuration_runs(hub: Hub, tmp_path: Path) -> None:
    config = yaml.safe_load(hub.files["config.yaml"])
    config["method"]["sampler"] = {"_target_": "os.system", "command": f"touch {tmp_path / 'ran'}"}
    hub.files["config.yaml"] = yaml.safe_dump(config).encode()
    fetched("me/mine", COMMIT, hub.url)
    with pytest.raises(CheckpointError, match=r"os\.system"):
        colorlab.from_pretrained("me/mine", revision=COMMIT)
    assert not (tmp_path / "ran").exists()


@pytest.mark.whole
def test_a_hub_without_the_model_leaves_nothing_behind(hub: Hub, tmp_path: Path) -> None:
    for address in ("me/other", "me/mine"):
        hub.files.pop("model.safetensors", None)
        with pytest.raises(CheckpointError) as told:
            fetched(address, COMMIT, hub.url)
        assert "\n" not in str(told.value)
    assert not list((tmp_path / "cache").rglob("config.yaml"))


@pytest.mark.parametrize("revision", [None, "main", "v1.0", COMMIT[:10], COMMIT.upper()])
def test_a_hub_is_not_asked_without_a_commit(
    revision: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        socket.socket, "connect", lambda *address: pytest.fail("the network was asked")
    )
    with pytest.raises(ConfigError, match="40 hexadecimal digits"):
        colorlab.from_pretrained("me/mine", revision=revision)


@pytest.mark.parametrize("address", ["mine", "a/b/c", "../x", "https://x/y", "me/..", "-x/y"])
def test_what_is_neither_folder_nor_address_is_one_line(address: str) -> None:
    with pytest.raises(ConfigError, match="no folder"):
        colorlab.from_pretrained(address, revision=COMMIT)


@pytest.mark.whole
def test_the_list_names_what_ships_what_is_here_and_what_was_fetched(
    run: Path,
    hub: Hub,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copytree(run, tmp_path / "runs" / "own")
    (tmp_path / "runs" / "broken").mkdir()
    (tmp_path / "runs" / "broken" / "config.yaml").write_text("method: 3")
    folder = fetched("me/mine", COMMIT, hub.url)
    models.main([])
    lines = capsys.readouterr().out.splitlines()
    own = next(line for line in lines if line.startswith("runs/own "))
    assert (
        "GPIC" in own
        and "OpenMoji, lines, 32 px" in own
        and "python -m colorlab.sample run=runs/own" in own
    )
    assert any(line.startswith("pretrained/flats ") and "apache-2.0" in line for line in lines)
    assert any(line.startswith(str(folder)) and "cc-by-4.0" in line for line in lines)
    prior = next((line for line in lines if "LatentPrior" in line or "prior-openmoji" in line), "")
    assert "colorlab.sample" not in prior and not any("broken" in line for line in lines)


def test_a_card_without_a_licence_states_none(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("---\ntags: []\n---\n\nlicense: mit\n")
    assert license_of(tmp_path) == ""


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (["lisst"], "choose from list"),
        (["save", "run=x"], "out is not set"),
        (["fetch", "repos=x"], "nearest: repo"),
    ],
)
def test_mistyped_words_are_one_line(words: list[str], error: str) -> None:
    with pytest.raises(ConfigError, match=error):
        models.main(words)


def test_completion_knows_the_verbs() -> None:
    assert VERBS["models"] == tuple(models.VERBS)
