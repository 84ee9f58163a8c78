# Gatehouse. `make help` lists the targets; `make run` and `make test` install what they need.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
PY := .venv/bin/python
export PATH := $(CURDIR)/.venv/bin:$(CURDIR)/.venv/node:$(PATH)
export PYTHONPYCACHEPREFIX := $(CURDIR)/.cache/bytecode
export PYTHONUTF8 := 1
unexport PYTHONDONTWRITEBYTECODE

GATEHOUSE_DATA ?= $(CURDIR)/var
GATEHOUSE_PORT ?= 8443
GATEHOUSE_SITE ?= demo
export GATEHOUSE_DATA GATEHOUSE_PORT GATEHOUSE_SITE

.DELETE_ON_ERROR:
.PHONY: help run test check bench web image smoke hwtest lock format clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: .venv/run.stamp web ## set everything up, start the appliance on the demo site, print its address and setup code
	exec $(PY) -m hwtests.launch

test: .venv/test.stamp web ## every test (about twenty minutes)
	$(PY) -m pytest
	cd web && npm run --silent test

check: .venv/run.stamp web/node_modules/.stamp ## formatting, lint, types: Python and TypeScript
	ruff format --check .
	ruff check .
	mypy
	cd web && npm run --silent check

bench: .venv/test.stamp .venv/rig.stamp web ## measure; BENCH=ingest|media|live|image picks a group; writes bench/results.json
	$(PY) -m bench $(BENCH)

web: .venv/run.stamp web/dist/index.html ## build the page into web/dist

hwtest: .venv/test.stamp .venv/rig.stamp image ## the long rigs: 32 cameras, 200 kills, units under systemd, the image in the virtual rig
	$(PY) -m pytest hwtests/suites -s -m "" --timeout 7200

smoke: export GATEHOUSE_UNCOMPRESSED := 1
smoke: .venv/test.stamp .venv/rig.stamp image ## the image in the virtual rig: first boot, one camera recorded, a power cut, back
	$(PY) -m pytest hwtests/suites/test_smoke.py -s -m "" --timeout 1800

image: .venv/image.stamp web ## the flashable image, image/out/gatehouse-*.img.xz, and its update bundle (as root)
	image/build.sh

lock: ## write requirements/*.txt anew from pyproject.toml
	uv pip compile -q --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --universal --python-version 3.11 pyproject.toml -o requirements/run.txt
	uv pip compile -q --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --universal --python-version 3.11 --extra dev pyproject.toml -o requirements/dev.txt

format: .venv/test.stamp ## format the Python
	ruff format .
	ruff check --fix .

clean: ## remove what was built (recordings in var/ stay)
	rm -rf .venv .cache web/dist web/node_modules image/out

# --- set-up ---------------------------------------------------------------------------------------------------------

# In .venv, so that they go when it goes.
.venv/run.stamp: scripts/setup.sh requirements/dev.txt
	scripts/setup.sh run

.venv/test.stamp: .venv/run.stamp
	scripts/setup.sh test

.venv/image.stamp: .venv/run.stamp
	scripts/setup.sh image

.venv/rig.stamp: .venv/run.stamp
	scripts/setup.sh rig

web/node_modules/.stamp: .venv/run.stamp web/package-lock.json
	cd web && npm ci --loglevel=error --no-audit --no-fund --no-progress && touch node_modules/.stamp

web/dist/index.html: web/node_modules/.stamp $(shell find web/src web/index.html web/public web/package.json web/*.config.ts web/tsconfig*.json -type f 2>/dev/null)
	cd web && npm run --silent build
