PYTHON ?= python3
BOOK ?= data/tupperware.xlsx
VENV := .venv
BIN := $(VENV)/bin
# Each of several processes with threads of its own for linear algebra would wait for the others.
ONE_THREAD := OPENBLAS_NUM_THREADS=1

.PHONY: run test lint install nightly samples pictures benchmark lowest lock clean

# Solve a workbook and write its reports: make run BOOK=data/petrochemicals.xlsx
run: $(VENV)/installed
	$(BIN)/chainopt solve $(BOOK)

test: $(VENV)/developed
	$(ONE_THREAD) $(BIN)/python -m pytest -n 2 -m "not nightly"

lint: $(VENV)/developed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

install: $(VENV)/installed

# The tests that touch a library most, with the lowest versions that pyproject.toml allows.
LOW := .venv-lowest
lowest: $(LOW)/installed
	$(ONE_THREAD) $(LOW)/bin/python -m pytest -n 2 -m "not nightly" tests/test_closed_forms.py tests/test_workbook.py \
		tests/test_reports.py tests/test_excel.py tests/test_annotate.py tests/test_market.py tests/test_derivatives.py

$(LOW)/installed: requirements/lowest.txt install/cyipopt.sh
	$(PYTHON) -m venv $(LOW)
	$(LOW)/bin/python -m pip install --quiet -r requirements/lowest.txt
	install/cyipopt.sh $(LOW)/bin/python build/lowest
	$(LOW)/bin/python -m pip install --quiet --no-deps --editable .
	touch $@

# Pin the newest and the lowest versions anew (needs uv).
lock:
	uv pip compile pyproject.toml --extra dev --universal --generate-hashes --no-header --no-annotate --quiet \
		--output-file requirements/lock.txt
	uv pip compile pyproject.toml --extra dev --resolution lowest-direct --no-header --no-annotate --quiet \
		--output-file requirements/lowest.txt

# The long runs: every test, the nightly ones included.
nightly: $(VENV)/developed
	$(ONE_THREAD) $(BIN)/python -m pytest -n 2 -m "nightly or not nightly"

# The sample reports of every workbook in data/ (one of them is infeasible, and explained: exit code 3).
samples: $(VENV)/installed
	for book in data/*.xlsx; do $(BIN)/chainopt solve $$book --out reports --quiet || test $$? -eq 3 || exit 1; done

# The pictures of docs/pictures, by Chromium, LibreOffice and poppler's pdftoppm.
pictures: $(VENV)/developed
	$(ONE_THREAD) $(BIN)/python docs/write_pictures.py

# chainopt beside its peers: hours; it goes on where it was stopped (make benchmark MINUTES=30: for half an hour).
benchmark: $(VENV)/compared
	$(BIN)/python benchmarks/startup.py
	$(BIN)/python benchmarks/suite.py $(if $(MINUTES),--minutes $(MINUTES))
	$(BIN)/python benchmarks/tracing.py
	$(BIN)/python benchmarks/workbooks.py

clean:
	rm -rf $(VENV) $(LOW) build *.egg-info

$(VENV)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "chainopt needs Python 3.11 or newer: make PYTHON=python3.12 ..." >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip' || \
		{ echo "no ensurepip: install the Debian package python3-venv" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	touch $@

$(VENV)/installed: $(VENV)/python pyproject.toml install/cyipopt.sh
	$(BIN)/python -m pip install --quiet --editable .
	install/cyipopt.sh $(BIN)/python build
	touch $@

$(VENV)/developed: $(VENV)/installed
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	touch $@

$(VENV)/compared: $(VENV)/developed
	$(BIN)/python -m pip install --quiet --editable '.[benchmark]'
	touch $@
