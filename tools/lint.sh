#!/usr/bin/env bash
# Style, types, arrows, lints, stubs.
set -euo pipefail
cd "$(dirname "$0")/.."
ruff check .
ruff format --check .
mypy src tools bench
(cd verifier && ../.venv/bin/mypy --strict src)
lint-imports
(cd crypto && cargo fmt --check && cargo clippy --quiet --release --all-targets -- -D warnings)
python -m mypy.stubtest amanat_crypto._native
