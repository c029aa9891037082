#!/usr/bin/env bash
# Copies Vazirmatn (OFL) from npm into the static folders of both programs' pages; nothing is fetched when they are there.
set -euo pipefail
cd "$(dirname "$0")/.."
from=node_modules/vazirmatn
wanted=$(node -p 'require("./package.json").dependencies.vazirmatn')
have=$(node -p 'require("./node_modules/vazirmatn/package.json").version' 2>/dev/null || true)
if [ "$have" != "$wanted" ] || [ ! -f node_modules/axe-core/axe.min.js ]; then
  npm ci --ignore-scripts --no-audit --no-fund --silent
fi
for to in src/amanat/station/web/static/fonts src/amanat/hq/static/fonts; do
  mkdir -p "$to"
  for weight in Regular Medium Bold; do cp "$from/fonts/webfonts/Vazirmatn-$weight.woff2" "$to/"; done
  for weight in Regular Bold; do cp "$from/fonts/ttf/Vazirmatn-$weight.ttf" "$to/"; done
  cp "$from/OFL.txt" "$to/"
done
