# Everything happens in a virtual environment of its own, .venv, made when it is first needed from
# python3 alone. A C compiler makes simulations some ten times faster; without one they run all the same,
# and the first run does not wait for it.
#
#   make run      run the first scenario       make test     all tests
#   make build    compile the hot path again   make check    lint, types, tests
#   make bench    how fast it is               make golden   compare with recordings of real agents
#   make defects  what fixes of memberlist's open defects are worth: docs/open_defects.md
#   make differential  replay what the real library did, step by step: docs/trust.md
#   make hostile  give every reader broken inputs; INPUTS=1000000 takes a quarter of an hour: docs/trust.md
#   make kills    kill runs and sweeps at random moments, fill the disk, and see what is left: docs/trust.md
#   make mutants  change the sources in small ways and count the changes that tests notice: docs/trust.md
#   make swarm    200 small random clusters under all checks; SEEDS=1-10000 FULL=1 many of all sizes
#   make regress  compare with the baseline    make notebooks   execute the notebooks and store their outputs
#   make situations   check every answer over 20 seeds and renew its table and figures; SMALL=1 as CI does
#   make web      the page of serfsim replay from its sources in web; make web-check compares them
#   make lint     ruff and mypy                make format   let ruff lay out the code
#   make test-all all tests on every Python with the lowest and the newest dependencies (hours of CPU)
#   make smoke    what is shipped, installed and run on all of these
#   make release-check  versions, metadata, README, and what is shipped: before a release
#   make coverage which lines the tests reach        make docs   the manual, in build/docs
#   make reproducible  build twice and compare       make audit sbom licences   what serfsim depends on
#   make lock     pin the newest versions in requirements.lock
#   make clean    remove what was made here, but for results/

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --quiet --quiet --disable-pip-version-check
# $(call install,ARGUMENTS) in the versions of LOCK, with uv, which is several times as quick, or with pip where uv is
# not to be had. make LOCK= takes the newest versions instead.
LOCK := requirements.lock
pinned = $(if $(LOCK),--constraint $(LOCK))
install = { [ -x $(BIN)/uv ] && $(BIN)/uv pip install --quiet --python $(BIN)/python $(pinned) $(1) 2>/dev/null; } || \
  $(PIP) install --no-compile $(pinned) $(1)
# How many processes run the tests.
JOBS ?= auto
# $(call listed,["a"]["b"]) prints a list of pyproject.toml.
listed = $(BIN)/python -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))$(1), sep="\n")'
COMPILED := $(shell find serfsim/protocol serfsim/network serfsim/engine serfsim/rivals serfsim/checks/online -name "*.py")
SOURCES := serfsim tests benchmarks notebooks tools docs setup.py noxfile.py

MAKEFLAGS += --no-print-directory
.DELETE_ON_ERROR:
.PHONY: differential hostile kills mutants audit licences sbom reproducible run test build lint format check coverage docs lock bench bench-pair golden defects planted swarm regress situations notebooks clean smoke release-check test-all web web-check
.DEFAULT_GOAL := run

run: $(VENV)/installed
	@$(BIN)/serfsim run scenarios/udp_blocked.yaml
	@[ -e $(VENV)/built ] || echo 'This ran interpreted. make build compiles the hot path: ten times as fast.'

# As many workers as processors; a worker that has nothing left takes tests from another.
test: $(VENV)/built $(VENV)/dev
	@$(BIN)/python -m pytest --numprocesses $(JOBS) --dist worksteal

build: $(VENV)/installed
	@rm -f $(VENV)/built
	@$(MAKE) $(VENV)/built

lint: $(VENV)/dev
	@$(BIN)/ruff check $(SOURCES)
	@$(BIN)/ruff format --check $(SOURCES)
	@$(BIN)/mypy --strict serfsim
	@$(BIN)/codespell

format: $(VENV)/dev
	@$(BIN)/ruff check --fix $(SOURCES)
	@$(BIN)/ruff format $(SOURCES)

check: lint test

# A quarter of an hour; make bench QUICK=1 in two minutes, make bench NAMES=join a part.
bench: $(VENV)/built
	@$(BIN)/python -m benchmarks.speed $(if $(QUICK),--quick) $(NAMES)

# Two commits, case by case: make bench-pair BASE=HEAD~1 CASES=join-200,idle-1000
bench-pair: $(VENV)/built
	@[ -n "$(BASE)" ] || { echo "name the commit to compare with: make bench-pair BASE=HEAD~1" >&2; exit 2; }
	@$(BIN)/python -m benchmarks.compare_commits $(BASE) $(CANDIDATE) $(if $(CASES),--cases $(CASES))

golden: $(VENV)/built
	@$(BIN)/python -m serfsim.validation $(if $(RELEASE),--release $(RELEASE))

# VECTORS=FOLDER takes others than the committed ones.
differential: $(VENV)/built $(VENV)/dev
	@$(BIN)/python -m tests.differential $(VECTORS)

# INPUTS=1000000 takes a quarter of an hour.
hostile: $(VENV)/built $(VENV)/dev
	@$(BIN)/python -m tests.hostile --inputs $(or $(INPUTS),20000) --seed $(or $(SEED),1)

# A quarter of an hour; KILLS=10 a minute.
kills: $(VENV)/built $(VENV)/dev
	@$(BIN)/python -m tests.kills --machine --kills $(or $(KILLS),200) --seed $(or $(SEED),1)

# An hour of CPU; it goes on where it was interrupted. MUTANTS=20 takes a few minutes.
mutants: $(VENV)/dev
	@$(BIN)/python -m tests.mutation $(if $(MUTANTS),--mutants $(MUTANTS))

# Some 25 minutes of CPU; it goes on where it was interrupted. NAMES=D1 is one of the tables.
defects: $(VENV)/built
	@$(BIN)/python -m tools.open_defects $(NAMES)

# The size that changes are held against; serfsim regress alone compares all that the baseline has.
regress: $(VENV)/built
	@$(BIN)/serfsim regress --scenarios all_at_once,crash,event_spread,packet_loss,udp_blocked --seeds 1-16

# Half a minute of CPU for 200 seeds; what is finished is kept in results/swarm.
swarm: $(VENV)/built
	@$(BIN)/serfsim swarm --seeds $(or $(SEEDS),1-200) $(if $(FULL),,--small)

# Planted defects that the swarm finds: docs/swarm.md. Ten minutes of CPU, interpreted.
planted: $(VENV)/installed $(VENV)/dev
	@$(BIN)/python -m tests.swarm.planted --write

# Every answer of the library over 20 seeds; with SMALL=1 at reduced size, which takes a minute or two.
situations: $(VENV)/built
	@$(BIN)/serfsim situations $(if $(SMALL),--small,--out docs) $(NAMES)

notebooks: $(VENV)/built $(VENV)/dev
	@$(BIN)/python -m tests.notebooks.running

# The manual, in build/docs. -T shows where an error of our own comes from; -W makes warnings errors.
docs: $(VENV)/dev
	@$(BIN)/sphinx-build --quiet --jobs auto -T -W --keep-going -b html docs build/docs
	@echo "build/docs/index.html"

# The page of serfsim replay, from its sources; the built page is part of the package, so that users need no node.
REPLAY := serfsim/replays/templates/replay.html
build_web = (cd web && npm run --silent check && npm run --silent build -- --logLevel warn)

web:
	@(cd web && npm ci --silent) && $(build_web) && cp web/dist/index.html $(REPLAY)

# The committed page must be what the sources give. Without node, or without the libraries, nothing can be said.
web-check:
	@if ! command -v npm > /dev/null; then echo "web-check skipped: there is no npm" >&2; \
	elif ! (cd web && npm ci --silent); then echo "web-check skipped: npm could not install the libraries" >&2; \
	else $(build_web) && cmp web/dist/index.html $(REPLAY) || \
	  { echo "$(REPLAY) is not what its sources give: run make web" >&2; exit 1; }; fi

# Interpreted: coverage does not see compiled code. Half an hour.
coverage: $(VENV)/dev
	@$(BIN)/coverage erase
	@SERFSIM_PURE=1 $(BIN)/coverage run -m pytest $(TESTS)
	@$(BIN)/coverage combine --quiet
	@$(BIN)/coverage report

lock: $(VENV)/nox
	@$(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --no-header --all-extras \
	  pyproject.toml --output-file $(LOCK)

# Its wheels are for a look at what is shipped, not for speed.
smoke: $(VENV)/nox
	@SERFSIM_QUICK=1 $(BIN)/nox --session dists smoke

# Two builds of one commit: the same bytes. COMPILED_TOO=1 compares compiled wheels too, in some minutes.
reproducible: $(VENV)/nox
	@$(BIN)/nox --session reproducible $(if $(COMPILED_TOO),-- compiled)

# Known vulnerabilities of what requirements.lock names; the licences of what runs need; their bill of materials.
audit: $(VENV)/nox
	@$(BIN)/nox --session audit

licences: $(VENV)/nox
	@$(BIN)/nox --session licences

sbom: $(VENV)/nox
	@$(BIN)/nox --session sbom

# What a release must pass: make release-check TAG=v0.1.0, SERFSIM_PYTHONS=3.11 for one Python alone.
release-check: $(VENV)/nox
	@$(BIN)/python tools/check_release.py $(TAG)
	@$(BIN)/nox --session dists metadata smoke

test-all: $(VENV)/nox
	@$(BIN)/nox --session dists smoke tests

clean:
	@rm -rf $(VENV) build *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis serfsim/_build.json
	@find serfsim \( -name '*.so' -o -name '*.pyd' \) -delete
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The environment, step by step; each step leaves a file named after what is done.

$(VENV)/created:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "serfsim needs Python 3.11 or newer, found: $$($(PYTHON) --version 2>&1). Name another: make PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { \
	  echo "$(PYTHON) cannot make virtual environments: its module venv or ensurepip is missing." >&2; \
	  echo "On Debian and Ubuntu it is the package python3-venv; or name another Python: make PYTHON=python3.12" >&2; exit 1; }
	@rm -rf $(VENV)
	@$(PYTHON) -m venv $(VENV)
	@# uv does not read pip's settings: where these name another index, pip installs.
	@$(BIN)/python -m pip config list | grep -Eq '\.(index-url|no-index)=' || $(PIP) install uv 2>/dev/null || true
	@touch $@

$(VENV)/installed: $(VENV)/created pyproject.toml setup.py requirements.lock
	@echo "installing serfsim and what it needs into $(VENV) ..."
	@$(call listed,["build-system"]["requires"]) | grep setuptools > $(VENV)/installer-requires
	@$(call install,--requirement $(VENV)/installer-requires)
	@export SERFSIM_NO_COMPILE=1; $(call install,--no-build-isolation --editable .)
	@touch $@

$(VENV)/dev: $(VENV)/installed
	@echo "installing what the tests need ..."
	@$(call listed,["project"]["optional-dependencies"]["dev"]) > $(VENV)/dev-requires
	@$(call install,--requirement $(VENV)/dev-requires)
	@touch $@

$(VENV)/nox: $(VENV)/created
	@$(call install,nox[uv])
	@touch $@

$(VENV)/compiler: $(VENV)/installed
	@echo "installing what compiles ..."
	@$(call listed,["build-system"]["requires"]) > $(VENV)/build-requires
	@$(call install,--requirement $(VENV)/build-requires)
	@touch $@

$(VENV)/built: $(VENV)/compiler $(COMPILED)
	@$(BIN)/python setup.py --quiet build_ext --inplace
	@touch $@
