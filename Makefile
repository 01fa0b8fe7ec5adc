# Two commands: `make run` serves, `make test` checks everything. Both need Python 3.11+ and nothing else.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: run test format lock openapi robot bench clean

run: .venv/run
	@echo "==> Starting the database and bringing it up to date"
	@$(BIN)/xuexin migrate
	@echo "==> Loading the demo data (once)"
	@$(BIN)/xuexin demo-data
	@$(BIN)/xuexin serve

test: .venv/dev
	@echo "==> Lint and formatting" && $(BIN)/ruff check . && $(BIN)/ruff format --check .
	@echo "==> Import contracts" && $(BIN)/lint-imports
	@echo "==> Types" && $(BIN)/mypy
	@echo "==> Tests, against a real PostgreSQL (some minutes)" && $(BIN)/pytest -n 2 --dist worksteal

format: .venv/dev
	$(BIN)/ruff check --fix . && $(BIN)/ruff format .

openapi: .venv/dev
	$(BIN)/xuexin openapi > openapi/openapi.json

robot: .venv/dev
	@echo "==> Letting the robot learn anew (some seconds)"
	@$(BIN)/xuexin help learn src/xuexin_api/content/help/robot/learnt.npz

bench: .venv/dev
	$(BIN)/python -m benchmarks

lock: .venv/dev
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-emit-find-links --no-annotate \
		--custom-compile-command "make lock" --no-strip-extras pyproject.toml --extra build -o requirements.lock
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-emit-find-links --no-annotate \
		--custom-compile-command "make lock" --no-strip-extras pyproject.toml --extra build --extra dev \
		-c requirements.lock -o requirements-dev.lock

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or newer is needed; this is $$($(PYTHON) --version). Try: make PYTHON=python3.12 run"; exit 1; }
	@echo "==> Making the environment in .venv"
	@$(PYTHON) -m venv .venv

.venv/run: .venv/bin/python requirements.lock pyproject.toml
	@echo "==> Installing what is needed to run (about a minute, once)"
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

.venv/dev: .venv/bin/python requirements-dev.lock pyproject.toml
	@echo "==> Installing what is needed to test (about a minute, once)"
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@ .venv/run

clean:
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
