PYTHON ?= python3
BOOK ?= data/tupperware.xlsx
VENV := .venv
BIN := $(VENV)/bin
# Each of several processes with threads of its own for linear algebra would wait for the others.
ONE_THREAD := OPENBLAS_NUM_THREADS=1

.PHONY: run test lint install nightly kernels samples pictures site benchmark lowest newest lock clean

# Solve a workbook and write its reports: make run BOOK=data/petrochemicals.xlsx
run: $(VENV)/installed
	$(BIN)/chainopt solve $(BOOK)

test: $(VENV)/developed
	$(ONE_THREAD) $(BIN)/python -m pytest -n 2 -m "not nightly"

lint: $(VENV)/developed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

install: $(VENV)/installed

# The tests whose figures come out of linear algebra: prices, rents, intervals and amounts against closed forms, other
# engines, re-solves and each other. What they leave out reads, writes, draws or traces, and multiplies no matrices.
NUMERIC := closed_forms textbooks linear_programs equilibrium resolves audit market market_test traps units \
	sharpening ipopt hock_schittkowski cutest
KERNELS ?= Haswell Zen SkylakeX Sandybridge Nehalem
THREADS ?= 1 2
# They pass with every set of kernels that OpenBLAS has for this processor, and with one and two threads.
kernels: $(VENV)/developed
	$(BIN)/python tests/support/kernels.py "$(KERNELS)" "$(THREADS)" -- -n 2 -m "not nightly" $(NUMERIC:%=tests/test_%.py)

# The tests that touch a library most, with the lowest versions that pyproject.toml allows, and with those of today.
TOUCHING := closed_forms workbook reports excel annotate market derivatives
LOW := .venv-lowest
NEW := .venv-newest
lowest: $(LOW)/installed
	$(ONE_THREAD) $(LOW)/bin/python -m pytest -n 2 -m "not nightly" $(TOUCHING:%=tests/test_%.py)

newest:
	$(PYTHON) -m venv --clear $(NEW)
	$(NEW)/bin/python -m pip install --quiet --editable '.[dev]'
	install/cyipopt.sh $(NEW)/bin/python build/newest
	$(ONE_THREAD) $(NEW)/bin/python -m pytest -n 2 -m "not nightly" $(TOUCHING:%=tests/test_%.py)

$(LOW)/installed: requirements/lowest.txt install/cyipopt.sh
	$(PYTHON) -m venv $(LOW)
	$(LOW)/bin/python -m pip install --quiet -r requirements/lowest.txt
	install/cyipopt.sh $(LOW)/bin/python build/lowest
	$(LOW)/bin/python -m pip install --quiet --no-deps --editable .
	touch $@

# Pin anew (needs uv): what a run needs with what builds it, cyipopt, what development needs besides, what the site
# needs besides, and the lowest versions allowed. A run's versions, and the site's, are development's.
PIN := uv pip compile --no-header --no-annotate --quiet --upgrade
HASHED := $(PIN) --universal --generate-hashes
lock:
	$(HASHED) pyproject.toml --extra dev --group build --output-file requirements/lock.txt
	$(HASHED) pyproject.toml --group build --constraint requirements/lock.txt --output-file requirements/run.txt
	$(HASHED) pyproject.toml --extra site --group build --constraint requirements/lock.txt \
		--output-file requirements/site.txt
	sed -n 's/^solver = \["\(.*\)"\]/\1/p' pyproject.toml | $(HASHED) - --no-deps --output-file requirements/solver.txt
	$(PIN) pyproject.toml --extra dev --resolution lowest-direct --output-file requirements/lowest.txt

# The long runs: every test, the nightly ones included.
nightly: $(VENV)/developed
	$(ONE_THREAD) $(BIN)/python -m pytest -n 2 -m "nightly or not nightly"

# The sample reports of every workbook in data/ (one of them is infeasible, and explained: exit code 3).
samples: $(VENV)/installed
	for book in data/*.xlsx; do $(BIN)/chainopt solve $$book --out reports --quiet || test $$? -eq 3 || exit 1; done

# The pictures of docs/pictures, by Chromium, LibreOffice and poppler's pdftoppm.
pictures: $(VENV)/developed
	$(ONE_THREAD) $(BIN)/python docs/write_pictures.py

# The documentation as pages, with the report of each example: build/site/index.html. It fails on a link that leads
# nowhere. (Search needs a server: python -m http.server -d build/site.)
SOLVED := $(patsubst data/%.xlsx,build/examples/%-report.html,$(wildcard data/*.xlsx))
site: $(VENV)/sited $(SOLVED)
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet
	@echo "wrote build/site/index.html"

# A report is solved anew where its workbook changed, or the package.
PACKAGE := $(shell find chainopt -name '*.py' -o -name '*.html' -o -name '*.css' -o -name '*.js')
$(SOLVED): build/examples/%-report.html: data/%.xlsx $(VENV)/sited $(PACKAGE)
	$(ONE_THREAD) $(BIN)/chainopt solve $< --out build/examples --quiet || test $$? -eq 3

# chainopt beside its peers: hours; it goes on where it was stopped (make benchmark MINUTES=30: for half an hour).
benchmark: $(VENV)/compared
	$(BIN)/python benchmarks/startup.py
	$(BIN)/python benchmarks/command.py
	$(BIN)/python benchmarks/suite.py $(if $(MINUTES),--minutes $(MINUTES))
	$(BIN)/python benchmarks/tracing.py
	$(BIN)/python benchmarks/workbooks.py

clean:
	rm -rf $(VENV) $(LOW) $(NEW) build *.egg-info

$(VENV)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "chainopt needs Python 3.11 or newer: make PYTHON=python3.12 ..." >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip' || \
		{ echo "no ensurepip: install the Debian package python3-venv" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	touch $@

# Nothing but what requirements/ pins, so that no new release of another package can break an installation.
PINNED := $(BIN)/python -m pip install --quiet --require-hashes
$(VENV)/installed: $(VENV)/python pyproject.toml requirements/run.txt requirements/solver.txt install/cyipopt.sh
	$(PINNED) -r requirements/run.txt
	install/cyipopt.sh $(BIN)/python build --require-hashes --no-build-isolation -r requirements/solver.txt
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	touch $@

$(VENV)/developed: $(VENV)/installed requirements/lock.txt
	$(PINNED) -r requirements/lock.txt
	touch $@

$(VENV)/sited: $(VENV)/installed requirements/site.txt
	$(PINNED) -r requirements/site.txt
	touch $@

$(VENV)/compared: $(VENV)/developed
	$(BIN)/python -m pip install --quiet --editable '.[benchmark]'
	touch $@
