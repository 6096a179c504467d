# Two commands do everything on a fresh machine with Python 3.11 and make:
#   make demo    installs into .venv and runs the main job on real files
#   make test    installs into .venv and runs every test
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed

.PHONY: help setup servers demo check test conformance bench proto grammar faults lock smoke clean
help:            ## list the commands
	@grep -E '^[a-z]+: .*##' $(MAKEFILE_LIST) | sed 's/: .*## /\t/'

$(STAMP): requirements.lock pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

setup: $(STAMP)  ## make .venv with every locked dependency

servers: $(STAMP) ## add Azurite, which comes from npm, to the servers that tests use; without npm its tests are left out
	@if command -v npm >/dev/null; then npm install --prefix $(VENV)/npm --no-package-lock --no-audit --no-fund \
	  --ignore-scripts --silent azurite@3.37.0; else echo "no npm: tests against Azurite are left out"; fi

demo: $(STAMP)   ## take, show and restore encrypted backups, in a throw-away store
	@$(BIN)/ootheca demo --run

check: $(STAMP)  ## format, lint, types, architecture, fast tests
	$(BIN)/ruff format --check src tests
	$(BIN)/ruff check src tests
	$(BIN)/mypy
	$(BIN)/pytest -n 2 tests/architecture tests/unit

test: $(STAMP)   ## every test
	$(BIN)/pytest -n 2 tests

conformance: $(STAMP) ## what a real CockroachDB answered, statement by statement (FILE= for one)
	$(BIN)/python tests/conformance/run.py $(or $(FILE),$(wildcard fixtures/conformance/*/*.json*) $(wildcard fixtures/conformance/*/scenarios/*.json))

bench: $(STAMP)  ## measure, beside a floor from the same run
	$(BIN)/python -m tests.bench

proto: $(STAMP)  ## regenerate src/ootheca/pb from its .proto files
	$(BIN)/python -m grpc_tools.protoc -Isrc --python_out=src --pyi_out=src src/ootheca/pb/*.proto
	@git diff --stat -- src/ootheca/pb

grammar: $(STAMP) ## compile grammar/ into src/ootheca/sql/_tables.py
	$(BIN)/python -m ootheca.sql.compile_grammar
	@git diff --stat -- src/ootheca/sql/_tables.py

faults: $(STAMP) ## the long matrix of injected failures, and of texts for the parser (more of them with the extra `fuzz`)
	OOTHECA_FAULTS=1 $(BIN)/pytest -n 2 tests/faults

lock:            ## resolve pyproject.toml into requirements.lock
	$(PYTHON) -m venv .lock-venv && .lock-venv/bin/pip install --quiet pip-tools
	.lock-venv/bin/pip-compile --quiet --extra dev --extra azure --extra gcp --generate-hashes --allow-unsafe --strip-extras \
	  --no-emit-index-url --no-emit-trusted-host --no-emit-find-links --no-annotate --no-header --output-file requirements.lock pyproject.toml
	rm -rf .lock-venv

smoke: $(STAMP)  ## build sdist and wheel, install the wheel alone, parse one statement, list one backup
	rm -rf dist .smoke-venv && $(BIN)/python -m hatchling build -t sdist -d dist >/dev/null
	$(BIN)/python -m pip wheel --quiet --no-deps --no-build-isolation -w dist dist/*.tar.gz
	$(PYTHON) -m venv .smoke-venv && .smoke-venv/bin/pip install --quiet --disable-pip-version-check dist/*.whl
	cd / && $(CURDIR)/.smoke-venv/bin/python -c "import ootheca; print(ootheca.parse('backup to \"x\"')[0])"
	cd / && $(CURDIR)/.smoke-venv/bin/ootheca demo intro --format csv \
	  -e "BACKUP DATABASE intro INTO 'nodelocal://1/x'" -e "SHOW BACKUP LATEST IN 'nodelocal://1/x'"
	rm -rf .smoke-venv

clean:           ## remove what the other commands made
	rm -rf $(VENV) .smoke-venv .lock-venv dist build .mypy_cache .ruff_cache .hypothesis
