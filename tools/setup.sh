#!/usr/bin/env bash
# Installs what is missing, and nothing that is there: Debian packages, a recent cargo, two Python environments, fonts.
# Each step leaves a stamp of its inputs in .setup/ and is passed over while they are unchanged.
set -euo pipefail
cd "$(dirname "$0")/.."
mkdir -p .setup
say() { printf '\033[1m· %s\033[0m\n' "$*" >&2; }
stamp() { cat "$@" 2>/dev/null | sha256sum | cut -d' ' -f1; }
fresh() { [ -f ".setup/$1" ] && [ "$(cat ".setup/$1")" = "$2" ]; }
as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }

need=()
command -v python3 >/dev/null || need+=(python3)
python3 -c 'import ensurepip, venv' 2>/dev/null || need+=(python3-venv)
command -v cc >/dev/null || need+=(gcc libc6-dev)
command -v chromium >/dev/null || need+=(chromium)
command -v espeak-ng >/dev/null || need+=(espeak-ng)
command -v opusenc >/dev/null || need+=(opus-tools)
command -v strace >/dev/null || need+=(strace)
command -v patch >/dev/null || need+=(patch)
[ -x /usr/lib/postgresql/15/bin/initdb ] || need+=(postgresql)
dpkg -s libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 >/dev/null 2>&1 || need+=(libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0)
command -v pdftotext >/dev/null || need+=(poppler-utils)
command -v npm >/dev/null || need+=(npm)
recent_cargo() { command -v cargo >/dev/null && [ "$(cargo --version | sed -E 's/cargo 1\.([0-9]+).*/\1/')" -ge 85 ]; }
recent_cargo || need+=(rustc-web cargo-web)
if [ ${#need[@]} -gt 0 ]; then
  say "Debian packages: ${need[*]}"
  as_root apt-get update -qq
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${need[@]}" >/dev/null
fi

mark=$(stamp requirements/dev.txt)
if ! fresh python "$mark" || [ ! -x .venv/bin/python ]; then
  say "Python environment (.venv), pinned by hash"
  [ -x .venv/bin/python ] || python3 -m venv .venv
  .venv/bin/python -m pip install --quiet --require-hashes -r requirements/dev.txt
  echo "$mark" > .setup/python
fi

mark=$(find crypto -name target -prune -o -type f \( -name '*.rs' -o -name '*.toml' -o -name '*.lock' -o -name '*.py' -o -name '*.pyi' \) -print | sort | xargs cat | sha256sum | cut -d' ' -f1)
if ! fresh crypto "$mark" || ! .venv/bin/python -c 'import amanat_crypto' 2>/dev/null; then
  say "The cryptographic core (Rust; a minute or two the first time)"
  PATH="$PWD/.venv/bin:$PATH" VIRTUAL_ENV="$PWD/.venv" .venv/bin/maturin develop --quiet --release -m crypto/bindings/Cargo.toml
  echo "$mark" > .setup/crypto
fi

mark=$(stamp pyproject.toml)
if ! fresh amanat "$mark" || [ ! -x .venv/bin/amanat ]; then
  say "amanat, as an editable install"
  .venv/bin/python -m pip install --quiet --no-deps --no-build-isolation --editable .
  echo "$mark" > .setup/amanat
fi

mark=$(find verifier -type f \( -name '*.py' -o -name '*.toml' -o -name '*.txt' \) | sort | xargs cat | sha256sum | cut -d' ' -f1)
if ! fresh verifier "$mark" || [ ! -x .venv-verifier/bin/amanat-verify ]; then
  say "The verifier, in an environment of its own (.venv-verifier)"
  [ -x .venv-verifier/bin/python ] || python3 -m venv .venv-verifier
  .venv-verifier/bin/python -m pip install --quiet --require-hashes -r verifier/requirements.txt
  rm -rf .setup/wheels
  .venv/bin/python -m pip wheel --quiet --no-deps --no-build-isolation --wheel-dir .setup/wheels ./verifier
  .venv-verifier/bin/python -m pip install --quiet --no-deps --no-index --force-reinstall .setup/wheels/*.whl
  echo "$mark" > .setup/verifier
fi

mark=$(stamp package-lock.json tools/fonts.sh)
if ! fresh fonts "$mark"; then
  say "Fonts (Vazirmatn) and the page checker, from npm"
  bash tools/fonts.sh
  echo "$mark" > .setup/fonts
fi

.venv/bin/python tools/messages.py  # headquarters' English texts, compiled: a second at most
