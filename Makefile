# Everything a person does with the project, each target with its own set-up.
# `make help` lists the targets.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
PACKAGES := models rtl platform sw cosim papers
# A worker that is done takes tests from the other's end: files differ a hundredfold in time, and
# what they build is shared by the build cache.
TEST_OPTIONS := -n auto --dist worksteal --durations 20 --durations-min 1

.DEFAULT_GOAL := help
.PHONY: help machine setup run test coverage hunt fuzz cocotb formal formal-long synth docs operators sweeps site examples lint format types wheel \
	check pages regression bench calibrate paper imc-cluster manycore findings riscv-tests riscv-programs aarch64-programs aarch64-loops clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

machine:
	@ok=1; \
	for tool in $(PYTHON):python3 g++:g++ perl:perl; do \
	  command -v $${tool%%:*} >/dev/null 2>&1 || \
	    { echo "$${tool%%:*} is missing: apt-get install $${tool##*:}" >&2; ok=0; }; \
	done; \
	if command -v $(PYTHON) >/dev/null 2>&1; then \
	  $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	    { echo "$(PYTHON) is $$($(PYTHON) -V 2>&1), but 3.11 or newer is needed: \
	make PYTHON=python3.11" >&2; ok=0; }; \
	fi; \
	test $$ok = 1

$(INSTALLED): pyproject.toml | machine
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || \
	  { echo "python venv failed: apt-get install python3-venv" >&2; rm -rf $(VENV); exit 1; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev,hardware,site,sweep]'
	@touch $@

setup: $(INSTALLED) ## Make the virtual environment inside the checkout

run: setup ## Classify real images on the RTL tile
	$(BIN)/alpine run mlp --system high-power --case 1 --engine rtl

test: setup ## Run the unit and cocotb tests, all but those of tests/extensive.py
	$(BIN)/python -m pytest $(TEST_OPTIONS)

coverage: setup ## Run all tests and print which modules they reach too little
	@rm -f .coverage .coverage.*
	COVERAGE_FILE=$(CURDIR)/.coverage $(BIN)/python -m coverage run -m pytest $(TEST_OPTIONS) -m "not long"
	@$(BIN)/python -m coverage combine --quiet
	@$(BIN)/python -m coverage json --quiet -o .coverage.json
	@$(BIN)/python -m tests.line_coverage .coverage.json

hunt: setup ## Draw new random inputs (SEED=number: the same again); CORES=folder: open cores too
	@seed=$${SEED:-$$(od -An -N4 -tu4 /dev/urandom | tr -d ' ')}; \
	echo "seed $$seed: to draw the same inputs again, make hunt SEED=$$seed"; \
	$(BIN)/python -m pytest -n auto -m "hypothesis or random" \
	  --hypothesis-profile=hunt --hypothesis-seed=$$seed || \
	  { echo "seed $$seed failed: make hunt SEED=$$seed" >&2; exit 1; }
	$(if $(CORES),$(BIN)/python tests/open_cores.py $(CORES))

fuzz: setup ## Read 100,000 ONNX files with mistakes (COUNT=, SEED=)
	$(BIN)/python tests/sw/importing/mutated_models.py --count $(or $(COUNT),100000) \
	  --seed $(or $(SEED),1)

cocotb: setup ## Run all cocotb testbenches (WAVES=1 leaves waveforms in waves/)
	$(BIN)/python -m pytest cocotb_tests -m "not long"

formal: setup ## Prove the hardware's properties (docs/formal.md)
	$(BIN)/python -m alpine_rtl.formal

formal-long: setup ## Prove the larger geometries and the ports alone as well
	$(BIN)/python -m alpine_rtl.formal --long

synth: setup ## Measure size, logic depth and Fmax, and rewrite docs/synthesis.md
	$(BIN)/alpine synth --write-docs docs/synthesis.md

examples: setup ## Run all numbered examples (09 needs a core of others: it says which)
	@set -e; for example in $(filter-out %/09_picorv32.py,$(wildcard examples/[0-9]*.py)); do \
	  echo "== $$example"; $(BIN)/python $$example; \
	done; \
	for notebook in $(wildcard examples/[0-9]*.ipynb); do \
	  echo "== $$notebook"; $(BIN)/jupyter execute $$notebook; \
	done

docs: setup ## Rewrite the generated pages that need no tool
	$(BIN)/python -m alpine_rtl.formal --write-docs docs/formal.md
	$(BIN)/python cocotb_tests/testplan.py --write-docs docs/testplan.md
	$(BIN)/python -m alpine_rtl.register_files docs/registers.md
	$(BIN)/python -m alpine_cosim.pages.configuration docs/configuration.md
	$(BIN)/python -m alpine_cosim.pages.loose docs/loose.md
	$(BIN)/python -m alpine_cosim.pages.synchronisation docs/synchronisation.md

operators: setup ## Run the onnx package's cases and rewrite docs/operators.md
	$(BIN)/python -m alpine_sw.importing.operators_page docs/operators.md

sweeps: setup ## Run the example sweeps and rewrite what docs/sweeps.md says of them
	$(BIN)/python -m alpine_cosim.pages.sweeps docs/sweeps.md

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: setup ## Format the sources
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

types: setup
	$(BIN)/pyright

wheel: setup
	@set -e; \
	scratch=$$(mktemp -d); trap 'rm -rf "$$scratch"' EXIT; \
	$(BIN)/python -m build --wheel --outdir "$$scratch" . >"$$scratch/build.log" 2>&1 || \
	  { cat "$$scratch/build.log"; exit 1; }; \
	$(PYTHON) -m venv "$$scratch/clean"; \
	"$$scratch/clean/bin/python" -m pip install --quiet --disable-pip-version-check \
	  "$$scratch"/*.whl; \
	cd "$$scratch" && ./clean/bin/alpine --version && \
	for package in models rtl platform sw cosim papers; do \
	  test -f clean/lib/python*/site-packages/alpine_$$package/py.typed || exit 1; \
	done && \
	./clean/bin/alpine run mlp --engine rtl --case 2 --inferences 2 --back-door --json run.json && \
	./clean/bin/python -c "import json; assert json.load(open('run.json'))['outputs_equal_golden']"

regression: setup ## Compare 66 runs with tests/regression/runs.json, to the last bit
	$(BIN)/python -m tests.regression

pages: setup ## Say which pages of figures are older than the code
	$(BIN)/python -m alpine_models.page_origin docs README.md

site: setup ## Build the pages and the API reference in site/, links checked
	$(BIN)/python -m sphinx --fail-on-warning --keep-going --quiet -b html docs site
	@echo site/index.html

check: coverage lint types wheel site pages ## Everything that must pass before a change lands

calibrate: setup ## Fit the platform to the gem5 runs again and rewrite docs/calibration.md
	$(BIN)/python -m alpine_sw.calibrate

paper: setup ## Run the paper's explorations and rewrite docs/paper.md and docs/sensitivity.md
	$(BIN)/alpine paper --out paper --write-docs docs

imc-cluster: setup ## Rewrite docs/imc-cluster.md, the paper on the IMC cluster
	$(BIN)/alpine paper --only imc-cluster --out paper/imc-cluster --write-docs docs

manycore: setup ## Rewrite docs/manycore.md, the paper on 512 clusters
	$(BIN)/alpine paper --only manycore --out paper/manycore --write-docs docs

findings: setup ## Check the paper's findings on the report's own runs (after make paper)
	$(BIN)/python -m pytest -m long tests/cosim/test_paper_findings.py

bench: setup ## Measure host speeds (docs/speed.md)
	$(BIN)/python -m pytest benchmarks/bench_*.py --benchmark-only --benchmark-disable-gc -q

ZIGLANG := $(BIN)/python -m pip install --quiet --disable-pip-version-check "ziglang>=0.14"

riscv-tests: setup ## Run the official RISC-V instruction tests cloned to SOURCE=folder
	$(ZIGLANG)
	$(BIN)/python tests/riscv_tests.py $(SOURCE)

riscv-programs: setup ## Assemble the shipped RISC-V kernels and the tests' programs again
	$(ZIGLANG)
	$(BIN)/python tests/riscv_programs.py

aarch64-programs: setup ## Compile the tests' AArch64 programs again
	$(ZIGLANG)
	$(BIN)/python -m tests.aarch64_programs

aarch64-loops: setup ## Run the reference runs' loops as AArch64 programs, beside gem5's figures
	$(BIN)/python -m tests.aarch64_loops

clean: ## Remove the virtual environment and everything built in the checkout
	rm -rf $(VENV) dist build site docs/api .coverage* .pytest_cache .ruff_cache .hypothesis .benchmarks waves verilog
