# The commands of this repository. `make demo` and `make test` need nothing but Python 3.11 with venv (and internet,
# the first time); each makes its own environment in .venv/ (tools/environment.py).

PYTHON ?= python3
ARGS ?=
EXTRAS ?=
INTO ?= .venv/clips
PLATFORM ?=
PYTHON_VERSION ?= 3.12

DEMO := .venv/demo/bin
TEST := .venv/test/bin
ORACLE := .venv/oracle/bin
PIP := $(DEMO)/python -m pip --disable-pip-version-check

# What a user has set for other work must not leak in.
unexport PYTHONPATH PYTHONHOME
export PYTHONNOUSERSITE := 1

.DEFAULT_GOAL := help
.PHONY: help demo story test test-slow test-oracle oracle-environment lint format bench docs screenshots wheelhouse install-offline clean demo-environment test-environment

help:
	@echo 'make demo              a synthetic whole-body PET/CT study, segmented and reported'
	@echo 'make story             a whole department on phantoms: import, review, train, compare, install, segment (15 min)'
	@echo 'make test              lint and the fast tests       (ARGS="Testing/unit/study -k slope")'
	@echo 'make test-slow         the tests that take long, and those against independent programs (make test-oracle)'
	@echo 'make lint              ruff: rules and format        (make format repairs)'
	@echo 'make bench             time and peak memory per stage of a whole-body study'
	@echo 'make docs              what is generated: the pictures of docs/architecture.md, the file lists for CMake'
	@echo 'make screenshots       pictures of the Slicer panel and of its views, for the README'
	@echo 'make wheelhouse        all packages into wheelhouse/ (EXTRAS=networks; PLATFORM=win_amd64 PYTHON_VERSION=3.12)'
	@echo 'make install-offline   install from wheelhouse/      (INTO=/opt/clips EXTRAS=networks)'
	@echo 'make clean             remove everything that these commands made'

demo: demo-environment
	@$(DEMO)/python tools/demo.py

story: test-environment
	@$(TEST)/python tools/story.py $(ARGS)

test: lint
	@$(TEST)/python -m pytest -n auto -m "not slow" $(ARGS)

# pytest ends with 5 when it found no test, which is no failure while no test is slow.
test-slow: test-environment test-oracle
	@$(TEST)/python -m pytest -n auto --dist loadfile -m slow --durations=5 $(ARGS) || test $$? -eq 5

# Independent programs that tests compare with; heavy, and never installed beside what is tested with everything else.
test-oracle: oracle-environment
	@$(ORACLE)/python -m pytest -q Testing/unit/study/test_suv_mirp.py

lint: test-environment
	@$(TEST)/ruff check --quiet
	@$(TEST)/ruff format --check --quiet || { echo "Not in ruff's format; 'make format' repairs it."; exit 1; }

format: test-environment
	@$(TEST)/ruff check --fix
	@$(TEST)/ruff format

bench: demo-environment
	@$(DEMO)/python Testing/benchmarks/run.py $(ARGS)

docs: demo-environment
	@$(DEMO)/python tools/draw_rooms.py
	@$(DEMO)/python tools/document_curricula.py
	@$(DEMO)/python tools/list_files.py --write

screenshots: test-environment
	@$(TEST)/python Testing/screenshots.py

# The build folder goes first: setuptools would pack files of modules that were removed since.
wheelhouse: demo-environment
	@rm -rf wheelhouse build
	@echo "Building slicer-clips"
	@$(PIP) wheel . --quiet --no-deps --no-build-isolation --wheel-dir wheelhouse
	@echo "Collecting the packages it needs"
	@$(PIP) download --quiet --progress-bar off --constraint constraints.txt --dest wheelhouse --only-binary :all: \
		$(if $(PLATFORM),--platform $(PLATFORM) --python-version $(PYTHON_VERSION)) \
		"$$(ls wheelhouse/slicer_clips-*.whl)$(if $(EXTRAS),[$(EXTRAS)])" setuptools
	@cp constraints.txt wheelhouse/
	@echo "$$(ls wheelhouse/*.whl | wc -l) packages, $$(du -sh wheelhouse | cut -f1), are in wheelhouse/. How to install them without internet: docs/installation.md"

install-offline: python-exists
	@$(PYTHON) tools/environment.py offline "$(INTO)" "$(if $(EXTRAS),[$(EXTRAS)])"

clean:
	rm -rf .venv build demo story wheelhouse bench .pytest_cache .ruff_cache .hypothesis CLIPSSegmentation/*.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

demo-environment test-environment oracle-environment: %-environment: python-exists
	@$(PYTHON) tools/environment.py $*

.PHONY: python-exists
python-exists:
	@command -v "$(PYTHON)" >/dev/null || { echo "No '$(PYTHON)' here. Install Python 3.11 or later: apt install python3 python3-venv"; exit 1; }
