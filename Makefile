# make train and make test work on a fresh machine: they make .venv, install from the lock, fetch the judges' weights.
PYTHON ?= $(shell for p in python3.12 python3.11 python3.13 python3; do \
  $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2> /dev/null && echo $$p && break; done)
VENV := .venv
RUN := $(VENV)/bin/python
TESTS = OMP_NUM_THREADS=1 $(RUN) -m pytest --numprocesses auto --dist worksteal
export NO_ALBUMENTATIONS_UPDATE := 1

.PHONY: train test test-whole test-all test-studio docs lint format drawing results wheel audit bench mutants lock clean setup

train: setup
	$(RUN) -m colorlab.train experiment=flats_quick

test: setup
	$(TESTS) -m "not slow and not whole"

# Whole commands and trainings.
test-whole: setup
	$(TESTS) -m "whole and not slow"

test-all: setup
	$(TESTS)

# The studio without and with a browser: a Chromium on the PATH, or `python -m playwright install chromium`.
test-studio: setup
	OMP_NUM_THREADS=1 $(RUN) -m pytest tests/test_studio_session.py tests/test_studio_http.py tests/test_studio_guard.py tests/test_studio_page.py

setup: $(VENV)/.made
	@$(RUN) -m colorlab.weights fetch

$(VENV)/.made: requirements/lock.txt
	@test -n "$(PYTHON)" || { echo "colorlab: error: Python 3.11 or newer is not on the PATH (name it: make PYTHON=...)"; exit 2; }
	$(PYTHON) -m venv $(VENV)
	$(RUN) -m pip install --quiet --require-hashes --no-deps -r requirements/lock.txt
	$(RUN) -m pip install --quiet --no-deps --no-build-isolation --editable .
	touch $@

# The site, in dist/docs; a warning is an error.
docs: $(VENV)/.made
	$(RUN) -m sphinx --fail-on-warning --keep-going -q -c docs . dist/docs

lint: $(VENV)/.made
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check .
	$(RUN) -m mypy
	$(RUN) -m pytest tests/test_imports.py

format: $(VENV)/.made
	$(RUN) -m ruff check --fix .
	$(RUN) -m ruff format .

# Of the house, in docs/architecture.md, from the rule that tests hold every import to.
drawing: $(VENV)/.made
	$(RUN) -m tests.house

# Every marked table of README, docs and experiments, from the files in results/.
results: $(VENV)/.made
	$(RUN) -m colorlab.results

audit: $(VENV)/.made
	$(RUN) -m pip_audit --strict --require-hashes --disable-pip --requirement requirements/lock.txt

mutants: setup
	$(RUN) -m tests.mutants

# Builds the wheels of colorlab and of the example plug-in, and uses them from another folder.
wheel: setup
	$(RUN) -m pytest tests/test_wheel.py

bench: setup
	$(RUN) -m colorlab.bench

# Resolves the versions anew: needs `pip install uv`.
lock:
	uv pip compile pyproject.toml --extra dev --constraint requirements/constraints.txt --universal --python-version 3.11 \
	  --generate-hashes --no-annotate --no-header --no-emit-index-url --no-emit-find-links --output-file requirements/lock.txt

clean:
	rm -rf $(VENV) .pytest_cache .ruff_cache .mypy_cache
