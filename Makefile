# The few commands of everyday work; `make help` lists them.

# What `make demo` runs.
DEMO_ARGS ?= digits --steps 20

# Which Python makes the environment, and where torch comes from (for example a CUDA index); empty = pip's default.
PYTHON ?= python3
TORCH_INDEX ?=
# Which optional dependencies are installed; dev,ray tests the Ray executor too (a download of about 80 MB).
EXTRAS ?= dev
# Further words for pytest, for example TEST_ARGS="-k graph".
TEST_ARGS ?=

BIN := .venv/bin
INSTALLED := .venv/.installed
# Torch is slower with threads that fight over cores than with one thread for each pytest worker.
PYTEST := OMP_NUM_THREADS=1 $(BIN)/pytest -q

.DEFAULT_GOAL := help
.PHONY: help demo test check bench fix clean

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' Makefile

demo: $(INSTALLED) ## run a small search (DEMO_ARGS)
	$(BIN)/valpnas run $(DEMO_ARGS)

test: $(INSTALLED) ## run the tests (TEST_ARGS)
	$(PYTEST) -n 2 $(TEST_ARGS)

check: $(INSTALLED) ## format, lint, types and architecture; changes nothing
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/python tests/architecture/link_tree.py
	$(BIN)/mypy -p valpnas
	$(BIN)/mypy tests/architecture
	$(BIN)/mypy benchmarks
	$(PYTEST) tests/architecture

bench: $(INSTALLED) ## what diagnostics, training and sets of cells cost; fashion-mnist is read from VALPNAS_DATA
	OMP_NUM_THREADS=1 $(BIN)/python benchmarks/diagnostics.py
	OMP_NUM_THREADS=1 $(BIN)/python benchmarks/cells.py
	OMP_NUM_THREADS=1 $(BIN)/python benchmarks/cell_predictors.py
	OMP_NUM_THREADS=1 $(BIN)/python benchmarks/engine.py

fix: $(INSTALLED) ## format, and mend what ruff can mend
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

clean: ## remove the environment and everything built; results in runs/ stay
	rm -rf .venv build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Torch goes first and alone: once it is there, nothing that depends on it makes pip choose another build.
$(INSTALLED): pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install -q "$$(grep '^torch==' constraints.txt)" $(if $(TORCH_INDEX),--index-url $(TORCH_INDEX))
	$(BIN)/python -m pip install -q -c constraints.txt -e '.[$(EXTRAS)]'
	touch $@
