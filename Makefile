# The front door. Every target sets up what it needs by itself.
#
# Everything is built with the release profile and for the whole workspace, so that dependencies are compiled once for
# running, testing and benchmarks.

SHELL := /bin/bash
.DEFAULT_GOAL := help

# A toolchain that was installed a moment ago is not yet on the PATH of this shell.
export PATH := $(PATH):$(HOME)/.cargo/bin

SCENE ?= scenes/demo/scene.jsonc
export SCENE
MINUTES ?= 30

.PHONY: help run test test-all test-api bench soak lint docs scene-assets gallery deps deps-test

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' Makefile
	@echo
	@echo '  make run SCENE=my.jsonc plays another scene; STREAM_URL=rtmp://… make run streams it.'
	@echo '  make run goes on where the last run ended; FRESH=--fresh make run begins with the scene file.'

run: deps ## Install what is missing, build, and play the demo scene
	cargo build --release --locked --workspace
	"$${CARGO_TARGET_DIR:-target}/release/stream-manager" serve $(FRESH)

test: deps-test ## Install what is missing, and run all tests
	cargo test --release --locked --workspace --no-fail-fast
	cargo test --release --locked --workspace --features fault-injection --test poisoned

test-all: deps-test ## Run all tests, those that take long at their full length
	KILLS=50 RECONNECTS=2000 DRIFT_MINUTES=120 cargo test --release --locked --workspace --no-fail-fast
	cargo test --release --locked --workspace --features fault-injection --test poisoned
	$(MAKE) test-api

test-api: deps-test ## Hold the API's answers against its description with schemathesis
	cargo build --release --locked --workspace
	python3 -m venv "$${CARGO_TARGET_DIR:-target}/schemathesis"
	"$${CARGO_TARGET_DIR:-target}/schemathesis/bin/pip" install --quiet schemathesis==4.32.5
	bash tests/api/schemathesis.sh "$${CARGO_TARGET_DIR:-target}/release/stream-manager" \
		"$${CARGO_TARGET_DIR:-target}/schemathesis/bin/schemathesis"

lint: deps ## Check formatting, lints and the documentation's links
	cargo fmt --all -- --check
	cargo clippy --release --locked --workspace --all-targets -- -D warnings
	RUSTDOCFLAGS='-D warnings' cargo doc --release --locked --workspace --no-deps

bench: deps-test ## Measure the stages and the whole process
	cargo bench --locked --workspace

docs: ## Write .env.example and the other documents that come from code
	UPDATE_DOCS=1 cargo test --release --locked --test config

soak: deps-test ## Run the demo for MINUTES with a flapping destination, edits and scene switches
	SOAK_MINUTES=$(MINUTES) cargo bench --locked --bench soak

scene-assets: ## Draw the demo's pictures anew from their SVG sources
	cargo run --release --locked -p scene-assets -- scenes/demo/assets

gallery: ## Draw the pictures of scenes/gallery anew, which tests and README show
	cargo build --release --locked --workspace
	scripts/gallery "$${CARGO_TARGET_DIR:-target}/release/stream-manager"
	UPDATE_GOLDEN=1 cargo test --release --locked -p systems --test gallery

deps: ## Install what is missing to build and run
	@scripts/deps run

deps-test: ## Install what is missing to test
	@scripts/deps run test
