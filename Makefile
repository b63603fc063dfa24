# make demo   set up, then the main job on the embedded toy set
# make test   set up, then the tests
# make lint   set up, then the linters
# A ready environment can be used as it is: make test PYTHON=python
VENV ?= .venv
WORKERS ?= 2
ifdef PYTHON
READY :=
else
PYTHON := $(VENV)/bin/python
READY := $(VENV)/.installed
endif

.PHONY: demo test lint format clean

demo: $(READY)
	$(PYTHON) tools/run_pipeline.py configs/pipelines/amr_toy.py

test: $(READY)
	$(PYTHON) -m pytest tests -n $(WORKERS) --dist loadfile
	$(PYTHON) -m pytest --doctest-modules projects/amr -q

lint: $(READY)
	$(PYTHON) -m ruff check .
	$(PYTHON) -m ruff format --check .
	$(PYTHON) -m codespell_lib projects configs tools tests README.md
	$(PYTHON) -m interrogate -q projects/amr

format: $(READY)
	$(PYTHON) -m ruff format .
	$(PYTHON) -m ruff check --fix .

$(VENV)/.installed: requirements.txt requirements-dev.txt
	python3 -m venv $(VENV)
	$(VENV)/bin/python -m pip install -r requirements-dev.txt
	touch $@

clean:
	rm -rf work_dirs data/toyvoc* .pytest_cache .ruff_cache
