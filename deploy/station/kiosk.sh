#!/bin/sh
# Chromium as a screen of one page: no cache, no history, no crash dump, no way to another address.  The booth goes
# from one of this machine's two names to the other after each voter, so that the browser ends its process.
set -eu
page="${AMANAT_PAGE:-http://127.0.0.1:8001/}"
exec /usr/bin/chromium \
    --kiosk --incognito --ozone-platform=wayland \
    --user-data-dir=/run/amanat-kiosk/profile --disk-cache-dir=/run/amanat-kiosk/cache --disk-cache-size=1 \
    --media-cache-size=1 --disable-breakpad --disable-crash-reporter --no-crash-upload \
    --no-first-run --no-default-browser-check --no-pings --noerrdialogs \
    --disable-background-networking --disable-component-update --disable-domain-reliability --disable-sync \
    --disable-extensions --disable-logging --disable-notifications --disable-session-crashed-bubble \
    --disable-features=Translate,AutofillServerCommunication,OptimizationHints,MediaRouter,SpareRendererForSitePerProcess \
    --disable-pinch --overscroll-history-navigation=0 --password-store=basic --autoplay-policy=no-user-gesture-required \
    --host-resolver-rules="MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost" \
    "$page"
