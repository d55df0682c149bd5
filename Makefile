# make run    start the router with localai.toml     make test   run all tests
# make check  everything that CI checks              make bench  measure, side by side
PYTHON ?= python3
BIN := .venv/bin
# Tests wait for servers and browsers a third of their time: three for every two cores.
WORKERS := $(shell $(PYTHON) -c 'import os; print(os.cpu_count() * 3 // 2)')

.DEFAULT_GOAL := help
.PHONY: help run test test-live check lint types docs docs-check bench lock clean

help:
	@sed -n 's/^# //p' Makefile

run: .venv/runtime
	@$(BIN)/localai serve

## Tests start many processes that import the same modules: compiled once, not in each of them.
test: export PYTHONDONTWRITEBYTECODE =
test: .venv/test
	@$(BIN)/pytest -q -n $(WORKERS) --dist worksteal -m "not nightly and not live"

test-live: .venv/test
	@test -n "$$OLLAMA_HOST" || { echo "set OLLAMA_HOST to a real Ollama, such as http://127.0.0.1:11434"; exit 1; }
	@$(BIN)/pytest -q -m live tests/live

check: lint types docs-check test

lint: .venv/test
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

types: .venv/test
	@$(BIN)/mypy

docs: .venv/test
	@$(BIN)/python -m docs.generate

docs-check: .venv/test
	@$(BIN)/python -m docs.generate --check

bench: .venv/test
	@$(BIN)/python -m benchmarks

# After a change of the dependencies in pyproject.toml.
lock: .venv/bin/python
	@$(BIN)/pip install --quiet uv
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
		--no-header --no-annotate --no-emit-index-url --no-emit-find-links \
		--extra build -o requirements.lock pyproject.toml
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
		--no-header --no-annotate --no-emit-index-url --no-emit-find-links \
		--extra build --extra test -c requirements.lock -o requirements-test.lock pyproject.toml

clean:
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis *.egg-info

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.12 …")'
	@$(PYTHON) -m venv .venv

.venv/runtime: .venv/bin/python requirements.lock pyproject.toml
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

.venv/test: .venv/bin/python requirements-test.lock pyproject.toml
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-test.lock
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@
