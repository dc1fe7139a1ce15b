# The filter, the programs and what the tests need are made side by side.
MAKEFLAGS += --jobs=3
# Cargo has jobs of its own.
unexport MAKEFLAGS MFLAGS
.PHONY: setup layers test-tools programs wasm wasm-content build run test e2e soak fuzz captest check fmt docs reference openapi catalog schemathesis bench bench-isolation bench-ledger bench-core bench-callgrind python-client python-wheel bench-peers captest-peers release test-envoys test-upgrade pictures monitoring simulation
workspace := --locked --workspace --exclude floor-filter
# Half of the time tests wait for something.
export RUST_TEST_THREADS ?= $(shell cores=$$(nproc); echo $$((cores > 4 ? cores : 4)))

setup:
	@scripts/setup

wasm: setup
	@scripts/wasm

wasm-content: setup
	@scripts/wasm content

programs: setup
	@echo "build: the filter, the service and the tests; the first time takes some minutes"
	@cargo build --quiet $(workspace)

build: wasm programs

run: build
	@cargo run --quiet --locked -p paddock-local

# One after the other: apt-get works alone.
test-tools: setup
	@scripts/setup-postgres
	@scripts/setup-sdks
	@scripts/setup-venv schemathesis tests/schemathesis/requirements.txt
	@scripts/setup-venv chart tests/chart/requirements.txt
	@scripts/setup-registry
	@scripts/setup-browser
	@scripts/setup-prometheus

test: layers build wasm-content test-tools
	cargo test $(workspace)

# In each minor version of Envoy that is supported.
test-envoys: build wasm-content test-tools
	@scripts/test-envoys $(ENVOYS)

# Together with an older version: the last tag, or the commit FROM.
test-upgrade: build
	@scripts/test-upgrade $(FROM)

e2e: build wasm-content test-tools
	cargo test --locked -p paddock-tests

soak: build
	@scripts/setup-postgres
	@cargo run --quiet --locked -p paddock-tests --bin soak -- $(SOAK)

fuzz:
	cargo run --quiet --locked --profile fuzz -p paddock-fuzz -- $(FUZZ)

captest: build
	@cargo run --quiet --locked -p paddock-tests --bin captest -- $(CAPTEST)

check: setup
	@scripts/check

layers:
	@scripts/layers

fmt:
	cargo fmt --all

reference:
	PADDOCK_RENEW_REFERENCE=1 cargo test --quiet --locked -p paddock-tests --test docs the_reference_is

docs:
	@scripts/docs

openapi:
	cargo run --quiet --locked -p paddock -- openapi >src/server/openapi.json.new
	mv src/server/openapi.json.new src/server/openapi.json

# What of clients/python follows from the OpenAPI document.
python-client: openapi
	@scripts/setup-sdks
	cd clients/python && ../../.paddock/sdks/venv/bin/python -m generate

python-wheel:
	@scripts/setup-sdks
	@scripts/python-wheel target/wheels

# The catalog of new databases: LITELLM and GENAI are the lists' files, SOURCE is what they are.
catalog:
	cargo run --quiet --locked -p paddock -- prices catalog $(LITELLM) --compare $(GENAI) \
		--source "$(SOURCE)" --map claude-sonnet-4.5=claude-sonnet-4-5 \
		--add-provider openai=openai --add-provider anthropic=anthropic \
		--add-provider gemini=gemini --add-provider google=gemini \
		--add-provider deepseek=deepseek --add-provider mistral=mistral \
		--add-provider xai=xai --add-provider x-ai=xai \
		--except '*beta*' --except '*exp*' --except '*-gv2' --except '*daybreak*' \
		--except '*rosalind*' --except '*cyber*' --except '*gemma*' --except '*robotics*' \
		--except '*realtime*' --except '*-live*' --except 'imagen*' --except '*glm*' --except 'deepseek-v4-1*' --except 'mistral-vibe*' \
		--except 'mistral-code*' >src/ledger/catalog.json.new
	mv src/ledger/catalog.json.new src/ledger/catalog.json

release: setup
	@scripts/release "$(VERSION)"

# Prometheus with the alerts, beside a `make run`.
monitoring:
	@scripts/setup-prometheus
	@examples/monitoring/start

# The pictures of the console in the book.
pictures:
	@scripts/setup-browser
	PADDOCK_PICTURES=docs/src/images cargo test --quiet --locked -p paddock --test cli in_a_browser

schemathesis:
	@scripts/setup-postgres
	@scripts/setup-venv schemathesis tests/schemathesis/requirements.txt
	PADDOCK_SCHEMATHESIS_EXAMPLES=200 cargo test --locked -p paddock --test cli schemathesis

bench: wasm
	cargo build --release --locked -p paddock -p fake-provider
	cargo run --locked --release -p paddock-tests --bin bench -- $(BENCH)

# Beside other gateways: see docs/src/design/peers.md.
bench-peers: wasm
	cargo build --release --locked -p paddock -p paddock-local -p fake-provider
	@scripts/bench-peers bench $(BENCH)

captest-peers: build
	@scripts/bench-peers caps

bench-isolation: wasm
	cargo build --release --locked -p paddock -p fake-provider
	cargo run --locked --release -p paddock-tests --bin isolation

bench-ledger:
	@scripts/setup-postgres
	@scripts/setup-faketime
	cargo build --release --locked -p paddock
	cargo run --locked --release -p paddock-tests --bin ledger

bench-core:
	cargo bench --locked -p paddock-core --bench core

bench-callgrind:
	cargo bench --locked -p paddock-core --bench instructions

# Shares between gateways in installations of every size, and what they cost: some minutes.
simulation:
	cargo test --locked --profile fuzz -p paddock-core --lib gateway_share -- --ignored --nocapture --test-threads 1
