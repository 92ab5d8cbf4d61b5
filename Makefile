# `make` alone prints what there is to do.
.DEFAULT_GOAL := help
SHELL := /bin/bash
# The first that runs and is new enough: a version manager leaves names on the path that do not run.
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
BIN := .venv/bin
STAMP := .venv/.installed

.PHONY: help
help: ## Print this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 20

.PHONY: setup
setup: $(STAMP) ## Create the environment and install everything, pinned and verified

$(STAMP): pyproject.toml requirements/bootstrap.txt requirements/dev.txt
	@test -n "$(PYTHON)" || { echo "Roundtable needs Python 3.11 or newer: install it, or run make PYTHON=/path/to/python3.11"; exit 1; }
	@$(PYTHON) -m venv .venv || { echo "Python has no venv module: install it (Debian: apt install python3-venv)"; exit 1; }
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements/bootstrap.txt
	$(BIN)/uv pip sync --quiet --require-hashes --python $(BIN)/python requirements/dev.txt
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation -e .
	@touch $@

CHECKS := $(BIN)/ruff format --check . && $(BIN)/ruff check . && $(BIN)/mypy && $(BIN)/lint-imports

.PHONY: check
check: $(STAMP) ## Format, lint, types, import contracts
	$(CHECKS)

.PHONY: test
test: $(STAMP) ## Everything in check and every test, servers included
	@# Side by side: some wait for servers while others compute.
	@# Not by a make of its own: make -n would run the whole recipe for it.
	@($(CHECKS)) > .check.log 2>&1 & check=$$!; \
	$(BIN)/python -m pytest tests/acceptance > .acceptance.log 2>&1 & acceptance=$$!; \
	$(BIN)/python -m pytest tests/api > .api.log 2>&1 & api=$$!; \
	$(BIN)/python -m pytest --ignore=tests/acceptance --ignore=tests/api; failed=$$?; \
	wait $$check || failed=1; cat .check.log; \
	wait $$acceptance || failed=1; cat .acceptance.log; \
	wait $$api || failed=1; cat .api.log; \
	test $$failed -eq 0

.PHONY: demo
demo: $(STAMP) ## Start the whole system with a live simulated company
	$(BIN)/roundtable demo

.PHONY: bench
bench: $(STAMP) ## Measure throughput, freshness and the statistics' speed; writes benchmarks/results/
	$(BIN)/python -m benchmarks

SEED := 1
FAULTS := 200
BROKEN := commit-offset-first no-fence no-dedupe
RELIABILITY := docs/reliability

.PHONY: chaos
chaos: $(STAMP) ## Inject 200 faults under load, then break the worker on purpose; writes docs/reliability.md
	$(BIN)/python -m tests.chaos --seed $(SEED) --faults $(FAULTS) --log $(RELIABILITY)/chaos.json; failed=$$?; \
	for build in $(BROKEN); do \
		$(BIN)/python -m tests.chaos --seed $(SEED) --faults 2 --break $$build --log $(RELIABILITY)/$$build.json || failed=1; \
	done; \
	$(BIN)/python -m tests.chaos.report $(RELIABILITY)/chaos.json $(BROKEN:%=$(RELIABILITY)/%.json) && exit $$failed

.PHONY: calibrate
calibrate: $(STAMP) ## Simulate every statistical method for a quarter of an hour; writes docs/calibration/
	$(BIN)/python -m benchmarks.calibration

.PHONY: schemas
schemas: $(STAMP) ## Write the published contracts anew
	$(BIN)/roundtable schemas

.PHONY: lock
lock: $(STAMP) ## Resolve the dependencies anew and write the lock files
	$(BIN)/uv pip compile requirements/bootstrap.in --upgrade --generate-hashes --no-emit-index-url --universal --quiet --output-file requirements/bootstrap.txt
	$(BIN)/uv pip compile pyproject.toml --extra dev --upgrade --generate-hashes --no-emit-index-url --no-annotate --universal --quiet --output-file requirements/dev.txt
	$(BIN)/uv pip compile pyproject.toml --generate-hashes --no-emit-index-url --no-annotate --universal --quiet --constraints requirements/dev.txt --output-file requirements/run.txt

.PHONY: format
format: $(STAMP) ## Put the code into the house format
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

.PHONY: clean
clean: ## Remove the environment and caches; the data in .roundtable stays
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
