#!/usr/bin/env bash
# All tests of the three parts, or a part: tests.sh PATH KEYWORD.
set -euo pipefail
cd "$(dirname "$0")/.."
path=${1:-tests} word=${2:-}
if [ "$path" = tests ] && [ -z "$word" ]; then
  (cd crypto && cargo test --quiet --release)
  .venv-verifier/bin/python -m pytest -q verifier/tests
  # Nothing here may need a network: stations are tested, and all else with them, where there is none.
  exec .venv/bin/python tools/loopback_only.py .venv/bin/python -m pytest -q -n 2 --dist worksteal tests
fi
exec .venv/bin/python -m pytest -q -x ${word:+-k "$word"} "$path"
