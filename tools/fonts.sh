#!/usr/bin/env bash
# Copies Vazirmatn (OFL) and the QR encoder (MIT) from npm into the pages' static folders; nothing is fetched when they are there.
set -euo pipefail
cd "$(dirname "$0")/.."
from=node_modules/vazirmatn
wanted=$(node -p 'require("./package.json").dependencies.vazirmatn')
have=$(node -p 'require("./node_modules/vazirmatn/package.json").version' 2>/dev/null || true)
if [ "$have" != "$wanted" ] || [ ! -f node_modules/axe-core/axe.min.js ] || [ ! -f node_modules/qrcode-generator/dist/qrcode.mjs ] \
  || [ ! -f node_modules/pyodide/pyodide.mjs ]; then
  npm ci --ignore-scripts --no-audit --no-fund --silent
fi
for to in src/amanat/station/web/static/fonts src/amanat/hq/static/fonts; do
  mkdir -p "$to"
  for weight in Regular Medium Bold; do cp "$from/fonts/webfonts/Vazirmatn-$weight.woff2" "$to/"; done
  for weight in Regular Bold; do cp "$from/fonts/ttf/Vazirmatn-$weight.ttf" "$to/"; done
  cp "$from/OFL.txt" "$to/"
done
mkdir -p src/amanat/station/web/static/vendor
cp node_modules/qrcode-generator/dist/qrcode.mjs src/amanat/station/web/static/vendor/
