"""The lock file, as far as it can be checked without a network; `make audit` asks for
advisories."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from importlib.metadata import PackageNotFoundError, requires

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from tests.conftest import ROOT

ENTRIES = re.split(r"\n(?=\S)", (ROOT / "requirements" / "lock.txt").read_text().strip())
PINNED = [
    (canonicalize_name(name), Version(number))
    for name, number in (e.split()[0].split("==") for e in ENTRIES)
]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
EXTRAS = PROJECT["project"]["optional-dependencies"]
DECLARED = [
    Requirement(word)
    for words in (PROJECT["project"]["dependencies"], *EXTRAS.values())
    for word in words
]


def test_every_package_has_one_version_and_hashes() -> None:
    assert len(ENTRIES) > 50
    whole = re.compile(r"[\w.-]+==[\w.+!-]+ (; .+ )?\\(\n    --hash=sha256:[0-9a-f]{64}( \\)?)+")
    assert not [entry.split()[0] for entry in ENTRIES if not whole.fullmatch(entry)]


@pytest.mark.parametrize("declared", DECLARED, ids=str)
def test_what_is_declared_is_pinned_within_its_range(declared: Requirement) -> None:
    versions = [version for name, version in PINNED if name == canonicalize_name(declared.name)]
    assert declared.name == PROJECT["project"]["name"] or versions
    assert all(version in declared.specifier for version in versions)


@pytest.mark.whole
def test_nothing_is_pinned_that_nothing_asks_for() -> None:
    reached: set[str] = set()
    # pip-audit and pip-api run it
    waiting = {canonicalize_name(each.name) for each in DECLARED} | {"pip"}
    while waiting:
        name = waiting.pop()
        reached.add(name)
        try:
            waiting |= {
                canonicalize_name(Requirement(word).name) for word in requires(name) or ()
            } - reached
        except PackageNotFoundError:  # of another platform
            continue
    assert not {name for name, _ in PINNED} - reached


def test_no_version_is_one_known_to_be_bad() -> None:
    least = {
        "lightning": "2.6.6",
        "torch": "2.10",
        "hydra-core": "1.3.8",
        "pillow": "12.3",
        "diffusers": "0.42",
    }
    assert not [
        (name, version) for name, version in PINNED if version < Version(least.get(name, "0"))
    ]


@pytest.mark.slow
def test_an_audit_that_cannot_ask_fails(tmp_path) -> None:
    recipe = re.search(r"-m (pip_audit .*) --requirement", (ROOT / "Makefile").read_text())
    assert recipe is not None
    (tmp_path / "lock.txt").write_text(ENTRIES[0] + "\n")
    nowhere = {
        name: "http://127.0.0.1:9"
        for name in ("HTTPS_PROXY", "HTTP_PROXY", "https_proxy", "http_proxy")
    }
    line = [sys.executable, "-m", *recipe[1].split(), "--requirement", "lock.txt"]
    done = subprocess.run(
        line, cwd=tmp_path, env=os.environ | nowhere, capture_output=True, text=True, timeout=120
    )
    assert (
        done.returncode != 0 and "No known vulnerabilities found" not in done.stdout + done.stderr
    )
