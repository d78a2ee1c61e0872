# The commands that people and CI use. On a fresh machine with Python 3.11 and make, each sets up what it needs.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
SAFER_DATA_DIR ?= data
export GX_ANALYTICS_ENABLED := false
export DAGSTER_DISABLE_TELEMETRY := yes

.PHONY: setup refresh test test-postgresql check campaign ui bench clean

setup: $(VENV)/.stamp-setup

# uv comes from pip into the environment; the lock file says every version; bytecode is compiled, imports are twice as fast.
$(VENV)/.stamp-setup: pyproject.toml uv.lock
	@test -x $(BIN)/python || $$(command -v $(PYTHON) || command -v python3) -m venv $(VENV)
	@test -x $(BIN)/uv || { $(BIN)/python -m pip --version >/dev/null 2>&1 || $(BIN)/python -m ensurepip >/dev/null; \
	  $(BIN)/python -m pip install --quiet --disable-pip-version-check "uv>=0.9,<1"; }
	@env -u VIRTUAL_ENV $(BIN)/uv sync --quiet --locked --all-extras --compile-bytecode --inexact
	@touch $@

# Synthetic deliveries for a fictional city if nothing was delivered yet, then the whole pipeline and a release.
refresh: setup
	@if [ -z "$$(ls -A $(or $(SAFER_LANDING),$(SAFER_DATA_DIR)/landing) 2>/dev/null)" ] && [ -z "$(SAFER_LANDING)" ]; then \
	  $(BIN)/safer-outcomes sample --out $(SAFER_DATA_DIR)/landing; fi
	@SAFER_DATA_DIR=$(SAFER_DATA_DIR) $(BIN)/safer-outcomes refresh

test: setup
	@$(BIN)/pytest -n 2 --dist worksteal

# The same suite with every warehouse in PostgreSQL, on a server of its own; releases must be the same bytes.
test-postgresql: setup
	@SAFER_TEST_DATABASE=postgresql $(BIN)/pytest -n 2 --dist worksteal

check: setup
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache
	@BIN=$(BIN) .ci/secrets
	@$(BIN)/python .ci/audit.py

# Every case of the long campaigns, an hour or more; the report goes to docs/campaigns.md. Another SEED draws other cases.
campaign: setup
	@SAFER_CAMPAIGN=1 SAFER_SEED=$(or $(SEED),0) $(BIN)/pytest -n 2 --dist worksteal -m campaign

# Interface and daemon on loopback; it has no log-in of its own, so it must never listen elsewhere.
ui: setup
	@mkdir -p $(SAFER_DATA_DIR)/dagster
	@DAGSTER_HOME=$(CURDIR) SAFER_DATA_DIR=$(abspath $(SAFER_DATA_DIR)) SAFER_DAGSTER_DIR=$(abspath $(SAFER_DATA_DIR))/dagster \
	  $(BIN)/dagster dev --workspace workspace.yaml --host 127.0.0.1 --port $(or $(PORT),3000)

bench: setup
	@$(BIN)/python -m benchmarks.street
	@$(BIN)/python -m benchmarks.noop
	@$(BIN)/python -m benchmarks.refresh
	@$(BIN)/python -m benchmarks.pages

clean:
	@rm -rf $(VENV) dist .mypy_cache .ruff_cache .hypothesis
