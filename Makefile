# Every command a person needs.  Each one does its own set-up and shows progress.
.DEFAULT_GOAL := help
SHELL := /bin/bash
export PATH := $(CURDIR)/.venv/bin:$(PATH)
T ?= tests
K ?=
SEED ?= 1

.PHONY: help setup demo serve test check tamper screenshots mutants mutants-record faults faults-real faults-steps faults-machines bench docs lint lock

help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | awk -F'\t' '{printf "make %-15s %s\n", $$1, $$2}'

setup: ## install what is missing (system packages, Python, Rust core, verifier, fonts)
	@bash tools/setup.sh

demo: setup ## a whole polling day of Damavand and Firuzkuh, then how to look around
	amanat demo --election examples/damavand-firuzkuh --out out/demo
	@echo "Look: out/demo/index.html · make serve · make tamper"

serve: setup ## headquarters, one station and the public pages stay up
	amanat serve --election examples/damavand-firuzkuh --out out/serve

test: setup ## all tests (T=tests/rules K=tie for a part)
	bash tools/test.sh "$(T)" "$(K)"

check: ## everything that CI runs
	bash .ci/run

tamper: setup ## one vote of the demo's record is changed; the verifier names ballot, check and place
	amanat tamper --demo out/demo

screenshots: setup ## every page at every size, out/screenshots/index.html
	python tools/screenshots.py

mutants: setup ## planted bugs, each found by a test that names the property
	python tools/mutants.py

mutants-record: setup ## every item of a small record changed once
	python tools/mutants_record.py --all

faults: setup ## simulated days until every cell of the fault matrix was reached, SEED=n, about three minutes
	python tools/faults_campaign.py --seed $(SEED)

faults-real: setup ## real processes: networks, PostgreSQL killed, power cuts, full disks, clocks; SEED=n, ~3 min, root
	python -m amanat.rehearsal.real_faults --seed $(SEED) --out out/faults-real-$(SEED)

faults-steps: setup ## every step of a terminal's acts × every pair of faults, 2,766 cases, about two minutes
	AMANAT_FAULTS=wide python -m pytest -q -n 2 tests/faults

faults-machines: setup ## delivery over three stores, and the media: 50,000 steps of each state machine, about half an hour
	AMANAT_MACHINES=50000 python -m pytest -q -n 2 -rP tests/properties

bench: setup ## figures with their efficiency, for docs/benchmarks.md
	python -m bench
	PYTHONPATH=. python -m bench.intake

docs: setup ## the tables of docs/protocol made from the sources
	python tools/clauses.py --write

lint: setup ## ruff, mypy, import arrows, clippy, stubs
	bash tools/lint.sh

lock: ## pin requirements again, with hashes
	bash tools/lock.sh
