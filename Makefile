# One word per task; each builds what it needs first. `make up` needs Python 3.11, cargo, a C linker and make, and names
# what is missing.
#
#   up     run everything on this machine        test   every test
#   check  format, lint, types, layers, sizes    fmt    format the sources
#   bench  what answers cost beside other servers, changes until they are answered, probes, the desk (docs/performance.md)
#   client what the API offers, for the command line (trafficmgr/client/operations.json)
#   audit  known vulnerabilities of what is locked
#   fuzz   input of every kind, FUZZ_SECONDS of each target (docs/fuzzing.md)

VENV := .venv
BIN := $(VENV)/bin
UV := UV_PYTHON_DOWNLOADS=never UV_NO_CONFIG=1 UV_SYSTEM_CERTS=1 $(BIN)/uv pip --quiet
CARGO := cargo --quiet
# With another HOME than the one rustup was installed in, cargo finds its toolchain beside itself.
ifeq ($(shell cargo --version 2>/dev/null),)
export RUSTUP_HOME ?= $(abspath $(dir $(shell command -v cargo))../../.rustup)
endif
FUZZ_SECONDS ?= 30
# A workspace of its own, so that nothing else needs libFuzzer; what it is made of is compiled once.
FUZZ_TARGETS := --manifest-path responder/fuzz/Cargo.toml --target-dir responder/target
RUST_SOURCES := $(shell find responder \( -name target -o -path responder/benches -o -path responder/fuzz \) -prune -o -type f \( -name '*.rs' \
	-o -name 'Cargo.*' -o -name '*.pyi' -o -name '*.tsv' -o -path '*/python/pyproject.toml' \) -print)
# What mypy needs to load the settings; nothing connects.
MYPY_ENV := DATABASE_URL=postgres://check@127.0.0.1/check BROKER_URL=memory:// TRAFFICMGR_SECRET_KEY=check

.PHONY: up test check fmt bench fuzz audit client build
.DELETE_ON_ERROR:

# Tied to make: whatever ends make ends the system.
up: build
	@exec $(BIN)/python -ISE trafficmgr/runtime/tied.py -- $(BIN)/trafficmgr up

test: build
	$(CARGO) test --manifest-path responder/Cargo.toml --workspace
	$(CARGO) test $(FUZZ_TARGETS)
	$(BIN)/python -m pytest -n 2 --max-worker-restart 0

check: build
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(MYPY_ENV) $(BIN)/mypy .
	$(BIN)/lint-imports --no-logo
	cargo fmt --manifest-path responder/Cargo.toml --all --check
	$(CARGO) clippy --manifest-path responder/Cargo.toml --workspace --all-targets -- -D warnings
	cargo fmt --manifest-path responder/fuzz/Cargo.toml --check
	$(CARGO) clippy $(FUZZ_TARGETS) --all-targets -- -D warnings
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/stubtest responder --allowlist responder/python/stubtest-allowlist.txt
	$(BIN)/python -m pytest tests/structure

fmt: build
	$(BIN)/ruff format
	$(BIN)/ruff check --fix
	cargo fmt --manifest-path responder/Cargo.toml --all
	cargo fmt --manifest-path responder/fuzz/Cargo.toml

fuzz: build
	$(BIN)/python -ISE responder/fuzz/campaign.py --seconds $(FUZZ_SECONDS)
	$(BIN)/python -m tests.responder.differential --seconds $(FUZZ_SECONDS)

client: build
	$(MYPY_ENV) $(BIN)/python manage.py spectacular --format openapi-json --fail-on-warn | $(BIN)/python -m trafficmgr.client.operations

audit: build
	@deploy/audit

# Measures the servers that are installed and installs none.
bench: build
	$(BIN)/python -m bench.dns
	$(BIN)/python -m bench.loading
	$(BIN)/python -m bench.distribution
	$(BIN)/python -m bench.failover
	$(BIN)/python -m bench.probing
	$(BIN)/python -m bench.operators

build: $(VENV)/.packages $(VENV)/.responder $(VENV)/.trafficmgr

$(VENV)/.packages: requirements.lock deploy/bootstrap
	@deploy/bootstrap
	@touch $@

$(VENV)/.responder: $(VENV)/.packages $(RUST_SOURCES)
	@echo '==> building the responder (the first time takes some minutes)'
	@PATH="$(CURDIR)/$(BIN):$$PATH" VIRTUAL_ENV="$(CURDIR)/$(VENV)" $(BIN)/maturin develop --release --uv --manifest-path responder/python/Cargo.toml
	@touch $@

$(VENV)/.trafficmgr: $(VENV)/.packages pyproject.toml
	@echo '==> installing the command trafficmgr'
	@$(UV) install --python $(BIN)/python --no-deps --editable .
	@touch $@
