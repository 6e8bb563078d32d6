# Two commands are enough on a fresh machine with Python 3.11 and make: `make demo` and `make test`.
SHELL := /bin/bash
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
OURS := hub schema policies connectors audit

PEOPLE ?= 3000
SEED ?= 42
PORT ?= 8600
CHECK ?=
KILLS ?= 1000
# Of `make test` alone, whose verdict is of the code and not of a draw (tests/README.md).
TEST_SEED ?= 20260630
# One more than the cores it is made for: the tests wait for disks, sockets and Neo4j a quarter of their time.
WORKERS ?= 3
# The unit tests wait for files and sockets half of their time: 83 s with two workers on two cores, 62 s with four.
UNIT_WORKERS ?= 4
UPGRADE ?=
FUZZ_MINUTES ?= 15
PEERS := .venv-peers/.peers-done

.PHONY: setup demo quick test wide jars check unit faults ui pictures fuzz bench bench-peers lock clean

setup: $(READY)

# Done once for each lock: every file that is installed is verified against its SHA-256.
$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Python 3.11 or later is needed; say which with: make PYTHON=/path/to/python3.11"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

# Stays in the foreground until Ctrl-C; CHECK=1 does the same tour, asserts its content and ends.
demo: setup
	$(BIN)/sluicegate demo --people $(PEOPLE) --seed $(SEED) --port $(PORT) $(if $(CHECK),--check)

# While working: what `make test` does but for the tests that are slow or use a server (markers `slow`, `server`).
quick: setup
	@$(MAKE) --no-print-directory --jobs=2 --output-sync=target check unit

unit: setup
	$(BIN)/python -m pytest -n $(UNIT_WORKERS) -m "unit and not server and not slow" tests/unit

# What a commit has to pass on every machine; `make wide` does the rest. The jars of Neo4j come while the code is checked.
test: setup
	@$(MAKE) --no-print-directory --jobs=2 --output-sync=target check jars
	TEST_SEED=$(TEST_SEED) $(BIN)/python -m pytest -n $(WORKERS) -m "not wide"

# The tests that are wide (tests/README.md), and larger doses of those that generate. CI runs it after `make test`.
wide: setup jars
	TEST_SEED=$(TEST_SEED) ORACLE_CATALOGUES=5 PATH_EDGES=4 ANSWER_SEQUENCES=250 \
	  $(BIN)/python -m pytest -n $(WORKERS) -m "wide or dosed"

# Ahead of time only: what cannot be fetched here is told by the tests that need it.
jars: setup
	-@$(BIN)/python -c 'from hub.graph.local import fetch_jars; from hub.home.settings import Settings; fetch_jars(Settings.load())'

# Format, lint, types and import contracts, without the tests: a part of `quick` and of `test`.
check: setup
	$(BIN)/ruff format --check --quiet .
	$(BIN)/ruff check --quiet .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

# The full doses of the tests that `make test` and `make wide` give a small one (tests/README.md): a thousand kills on each store of the
# log, every system call on its files failing once, every change to a small one. Long, on a quiet machine.
faults: setup
	SWITCH_CLIENTS=200 SWITCHES_UNDER_LOAD=100 SWITCH_WORKERS="1 2" TOLD_SECONDS=5 $(BIN)/python -m pytest -s tests/faults/switches
	KILLS=$(KILLS) RESTART_SECONDS=5 SYSCALLS=every CHANGES=every PULL_KILLS=5 COUNTY_CRASHES=10 POLICY_SWITCHES=100 \
	  TOLD_POLICIES=20 ORACLE_TRIPLES=2000 ORACLE_CATALOGUES=60 DIFF_PAIRS=5000 \
	  NEVER_FETCHED_DOCUMENTS=500 TEXT_CANARY_QUERIES=2000 WAYS_OUT=25 ANSWER_SEQUENCES=10000 VERIFY_SEQUENCES=10000 $(BIN)/python -m pytest -s \
	  tests/faults/test_hub_kill.py tests/faults/test_audit_syscalls.py tests/faults/test_pull_kill.py \
	  tests/property/test_audit_exhaustive.py tests/property/test_oracle.py tests/property/own_access/test_told_is_met.py tests/property/test_diff_complete.py tests/property/test_never_fetched.py \
	  tests/conformance/test_hot_change.py tests/conformance/test_text_canaries.py tests/examples/test_whole_county_crashes.py \
	  tests/attacks/ways_out tests/attacks/answers tests/attacks/verifying

# The console in a browser: every page of every role, in each language, light, dark and narrow. PICTURES=folder keeps them.
ui: setup
	LOOKS=every $(BIN)/python -m pytest tests/ui

# Those that the documentation shows, made by the story (tests/ui/test_story.py).
pictures: setup
	PICTURES=$(CURDIR)/docs/pictures $(BIN)/python -m pytest tests/ui/test_story.py

# Generated input for everything that can be typed, sent, set or put in a file, each test for so many minutes.
fuzz: setup
	FUZZ_MINUTES=$(FUZZ_MINUTES) $(BIN)/python -m pytest -s tests/property/test_fuzz_*.py

bench: setup
	@set -e; for bench in bench/*.py; do echo "== $$bench"; $(BIN)/python "$$bench"; done

# The hub beside what people use without it (bench/peers/README.md). Needs Node, npm and wrk.
bench-peers: setup $(PEERS)
	$(BIN)/python bench/peers/run.py $(if $(findstring file,$(origin PEOPLE)),,--people $(PEOPLE))

$(PEERS): bench/peers/requirements.lock bench/peers/neo4j_graphql/package-lock.json
	$(PYTHON) -m venv .venv-peers
	.venv-peers/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r bench/peers/requirements.lock
	npm --prefix bench/peers/neo4j_graphql ci --silent --no-audit --no-fund
	@touch $@

# Needs uv, from anywhere. What is pinned stays, if pyproject.toml allows it; UPGRADE="--upgrade-package NAME" moves it.
# The jars have a lock of their own: python -m hub.graph.jars --lock VERSION > hub/graph/neo4j.lock
lock:
	cp requirements.lock requirements.lock.new
	uv pip compile pyproject.toml --extra test --extra build --universal --python-version 3.11 $(UPGRADE) \
	  --generate-hashes --no-header --annotation-style line --quiet --output-file requirements.lock.new >/dev/null
	{ echo "# Runtime, test and build dependencies, for every platform. Made with: make lock"; \
	  cat requirements.lock.new; } > requirements.lock
	rm requirements.lock.new

clean:
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
