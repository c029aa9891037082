#!/usr/bin/env bash
# Pins every requirement with its hashes; no address of a registry is written.
set -euo pipefail
cd "$(dirname "$0")/.."
lock() { .venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header "$1" -o "$2"; }
lock requirements/dev.in requirements/dev.txt
lock verifier/requirements.in verifier/requirements.txt
