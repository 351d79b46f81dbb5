# Everything from a clean checkout: needs Python 3.11 or newer, make, and pip's package index.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip --disable-pip-version-check -qq

# With CI or many cores, pytest may use more workers: make test WORKERS=8
WORKERS ?= 2

OBVERSE := $(BIN)/obverse
DEMO    := $(foreach n,0000 0010 0021 0037,demo/coins/photos/$(n).jpg)

.DEFAULT_GOAL := help
.PHONY: help setup test lint format demo bench model build clean

help: ## Show this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

setup: $(VENV)/.ready ## Make the virtual environment

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Python 3.11 or newer is needed: make PYTHON=python3.12 ..." >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.ready: pyproject.toml | $(BIN)/python
	@echo "setting up $(VENV)" >&2
	@$(PIP) install --editable '.[dev]'
	@touch $@

test: lint ## Check and test everything
	@$(BIN)/pytest -q -n $(WORKERS) --dist loadgroup

lint: $(VENV)/.ready ## Style, formatting and types
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

format: $(VENV)/.ready ## Put the code into its format
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

demo: $(VENV)/.ready ## Sample coins, a catalogue, answers, a report to open
	@rm -rf demo/coins
	$(OBVERSE) mint demo/coins --types 24 --photos 3
	$(OBVERSE) add demo/coins.obv demo/coins/catalogue.csv
	$(OBVERSE) identify demo/coins.obv $(DEMO) --draw demo/answers
	$(OBVERSE) evaluate demo/coins/protocol.csv --report demo/report
	@echo
	@echo "Answers, drawn: $(CURDIR)/demo/answers/"
	@echo "The report:     $(CURDIR)/demo/report/index.html"

bench: $(VENV)-bench/.ready ## Time every stage, beside the rival pipeline
	@$(VENV)-bench/bin/python benchmarks/bench.py

DATA ?= ../shared/data
RUN  ?= runs/polar
model: $(VENV)-train/.ready ## Train the shipped embedder again, from DATA=collections into RUN=folder
	@mkdir -p $(RUN)
	@$(VENV)-train/bin/python scripts/training_table.py $(DATA) $(RUN)-table.csv
	@$(VENV)-train/bin/obverse train embedder --data $(RUN)-table.csv --out $(RUN)
	@$(VENV)-train/bin/python scripts/ship_polar.py $(RUN)

$(VENV)-%/.ready: pyproject.toml | $(BIN)/python
	@echo "setting up $(VENV)-$*" >&2
	@test -x $(VENV)-$*/bin/python || $(PYTHON) -m venv $(VENV)-$*
	@$(VENV)-$*/bin/python -m pip --disable-pip-version-check -qq install --editable '.[$*]'
	@touch $@

build: $(VENV)/.ready ## Build the wheel and the source archive
	@$(BIN)/python -m build --outdir dist

clean: ## Remove what make made
	@rm -rf $(VENV) $(VENV)-bench $(VENV)-train build dist demo out \
		.mypy_cache .ruff_cache .pytest_cache .hypothesis
