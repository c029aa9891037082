#!/usr/bin/env bash
# Style, types, arrows, lints, stubs.
set -euo pipefail
cd "$(dirname "$0")/.."
ruff check .
ruff format --check .
mypy --explicit-package-bases src tools bench
(cd verifier && ../.venv/bin/mypy --strict src)
lint-imports
if ! command -v cargo-clippy >/dev/null || ! command -v cargo-fmt >/dev/null; then
  sudo=$([ "$(id -u)" = 0 ] || echo sudo)
  $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends rust-web-clippy rustfmt-web >/dev/null
fi
(cd crypto && cargo fmt --check && cargo clippy --quiet --release --all-targets -- -D warnings)
python -m mypy.stubtest amanat_crypto._native
