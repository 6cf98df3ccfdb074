#!/usr/bin/env bash
# phone-number-to-timezone 1.0.8 (npm), beside tzdata 2026.6 (PyPI).
#
# getLocalInfo() says what time it is where a phone number belongs. It asks neither the runtime nor the IANA rules: it adds an offset
# and, in summer, an hour, from a table of its own that knows no years. Mexico still puts its clocks forward there, Egypt, which does so
# again since 2023, doesn't, and Brazil, where few live by it, has the hour of the Amazon. Of the two clocks of New Zealand it finds the
# first in the table: five million people have the time of the few hundred on the Chatham Islands, 45 minutes ahead.
#
# Who is hurt: dialers that keep to calling hours by it. At 8:15 in Mexico City it says 9:15, and who may call from 9 wakes people; at
# 21:30 in Cairo it says 20:30. Nothing in the answer tells of the table's age. What helps: take the number's IANA zone (libphonenumber's
# time zones) and the runtime's Intl.
#
# Seen, on 2026-07-15 at 14:15 UTC:
#   Mexico City: 08:15, told 09:15
#   São Paulo: 11:15, told 10:15
#   Cairo: 17:15, told 16:15
#   Auckland: 02:15, told 03:00
#   Mumbai: 19:45, told 19:45
#   London: 15:15, told 15:15
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

cat >places.txt <<'TXT'
+525555550123|America/Mexico_City|Mexico City
+551155550123|America/Sao_Paulo|São Paulo
+20255550123|Africa/Cairo|Cairo
+6495550123|Pacific/Auckland|Auckland
+912255550123|Asia/Kolkata|Mumbai
+442079460123|Europe/London|London
TXT
cat >told.cjs <<'JS'
const { mock } = require("node:test");
const { readFileSync } = require("node:fs");
const { getLocalInfo } = require("phone-number-to-timezone");
mock.timers.enable({ apis: ["Date"], now: Date.parse("2026-07-15T14:15:00Z") });
for (const line of readFileSync("places.txt", "utf8").trim().split("\n")) console.log(getLocalInfo(line.split("|")[0]).time.display);
JS
cat >clock.py <<'PY'
from datetime import datetime, timezone
from zoneinfo import ZoneInfo, reset_tzpath

reset_tzpath(to=[])
for line in open("places.txt", encoding="utf-8"):
    zone = ZoneInfo(line.split("|")[1])
    print(datetime(2026, 7, 15, 14, 15, tzinfo=timezone.utc).astimezone(zone).strftime("%H:%M"))
PY
python3 -m pip install -q --target python tzdata==2026.6 >/dev/null 2>&1
(npm init -y && npm install --no-audit --no-fund phone-number-to-timezone@1.0.8) >/dev/null 2>&1

PYTHONPATH=python python3 clock.py >clocks
TZ=UTC node told.cjs >told 2>/dev/null
seen=$(cut -d'|' -f3 places.txt | paste -d'|' - clocks told | awk -F'|' '{ print $1 ": " $2 ", told " $3 }')
echo "$seen"
[ "$seen" = "Mexico City: 08:15, told 09:15
São Paulo: 11:15, told 10:15
Cairo: 17:15, told 16:15
Auckland: 02:15, told 03:00
Mumbai: 19:45, told 19:45
London: 15:15, told 15:15" ]
