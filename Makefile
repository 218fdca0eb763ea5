# The two commands of a fresh clone are `make demo` and `make test`; both need git, make and Python 3.11 or newer only.

VENV := .venv
BIN := $(VENV)/bin

# The first interpreter that is new enough and can make virtual environments. Name another: make PYTHON=/path/to/python test
CANDIDATES := python3 python3.14 python3.13 python3.12 python3.11 python
SUITABLE := import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))
PYTHON ?= $(shell for candidate in $(CANDIDATES); do \
	if $$candidate -c '$(SUITABLE)' >/dev/null 2>&1; then command -v $$candidate; break; fi; done)

# Nothing of a user's own Python set-up may leak in, and no pip may stop for a question.
export PYTHONNOUSERSITE := 1
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_NO_INPUT := 1
unexport PYTHONPATH PYTHONHOME

PIP := $(BIN)/python -m pip --quiet

.DEFAULT_GOAL := help
.PHONY: help demo test lint types unit e2e bench bench-record docs schemas lock tools clean

help: ## list the targets
	@echo "make TARGET, where TARGET is one of:"
	@sed -n 's/^\([a-z0-9-]*\):.*## \(.*\)/  \1|\2/p' $(MAKEFILE_LIST) | awk -F'|' '{printf "%-14s %s\n", $$1, $$2}'

demo: $(VENV)/.runtime ## build a small GitOps repository in .demo/ and run the gate on its pull requests (EXAMPLE=argocd, EXAMPLE=flux)
	@$(BIN)/python -I tools/demo.py $(EXAMPLE)

# The tests run even where the linters object, so that one run says everything; pytest's summary is the last word.
test: $(VENV)/.development tools ## lint, types, unit and end-to-end tests: everything
	@objections=0; $(MAKE) --no-print-directory lint || objections=1; \
	$(BIN)/python -m pytest -n 2 --dist loadgroup && exit $$objections

lint: $(VENV)/.development ## ruff's rules, ruff's format, mypy
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

types: $(VENV)/.development ## mypy alone
	$(BIN)/mypy

unit: $(VENV)/.development tools ## the tests without the end-to-end ones
	$(BIN)/python -m pytest -n 2 --dist loadgroup --ignore=tests/e2e

e2e: $(VENV)/.development tools ## the end-to-end tests alone
	$(BIN)/python -m pytest -n 2 --dist loadgroup tests/e2e

bench: $(VENV)/.development ## measure speed and memory side by side with kubeconform, kube-score, checkov and kubectl
	@$(BIN)/python -m bench.run

bench-record: $(VENV)/.development ## the same, and write docs/benchmarks.md
	@$(BIN)/python -m bench.run --record docs/benchmarks.md

docs: $(VENV)/.development ## write the generated pages and schemas: docs/rules, docs/cli.md, the keys of the config
	@$(BIN)/python tools/rule_pages.py
	@$(BIN)/python -m gategit.cli.reference

schemas: $(VENV)/.development ## derive the schemas of the GitOps ecosystem again from what the projects have published
	@$(BIN)/python tools/schemas/derive.py

lock: $(VENV)/.development ## resolve the lock files again from pyproject.toml
	@$(BIN)/python tools/lock.py

# A real API server takes some minutes to build; each user does it once, whatever the number of checkouts.
tools: $(VENV)/.development ## build what the tests run and PyPI does not have: an API server, etcd, kubectl, helm, ...
	@$(BIN)/python tools/fetch.py actionlint etcd kube-apiserver kubectl helm kustomize >/dev/null
	@$(BIN)/python tests/tools/sarif_validator.py >/dev/null
	@$(BIN)/python -m tests.tools.go_envsubst >/dev/null
	@$(BIN)/python -m tests.tools.go_argocd >/dev/null

clean: ## remove what the other targets made
	rm -rf $(VENV) .tools .demo dist build .pytest_cache .mypy_cache .ruff_cache .hypothesis

# The virtual environment is made once; a change of a lock file or of pyproject.toml installs again.
$(VENV)/.made:
	@if [ -z "$(PYTHON)" ]; then \
		echo "gategit needs Python 3.11 or newer with its venv module; none of $(CANDIDATES) is that." >&2; \
		echo "Install one (on Debian and Ubuntu: apt-get install python3 python3-venv)," >&2; \
		echo "or name one: make PYTHON=/path/to/python3.12 $(MAKECMDGOALS)" >&2; \
		exit 1; \
	fi
	@$(PYTHON) -c '$(SUITABLE)' || { \
		echo "$(PYTHON) is older than Python 3.11 or lacks its venv module; name another with PYTHON=" >&2; exit 1; }
	@echo "Making the virtual environment $(VENV) with $(PYTHON)"
	@$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.runtime: $(VENV)/.made requirements.lock pyproject.toml
	@echo "Installing gategit and the libraries it needs"
	@$(PIP) install --require-hashes --requirement requirements.lock
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.development: $(VENV)/.runtime requirements-dev.lock
	@echo "Installing the tools for development"
	@$(PIP) install --require-hashes --requirement requirements-dev.lock
	@touch $@
