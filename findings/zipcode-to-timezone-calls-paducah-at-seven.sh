#!/usr/bin/env bash
# zipcode-to-timezone 0.0.9 (npm), beside the coordinates of pyzipcode 3.0.1 with the zones of tzfpy 2.1.1 (PyPI).
#
# lookup() answers a ZIP code with an IANA zone, and its table knows the small ones too: eight of Indiana, two of Kentucky, Menominee. But most
# of western Kentucky, which keeps Chicago's time, is in Louisville's zone there, and most of the two corners of Indiana that do in
# Indianapolis's; Adak is in Anchorage's; a part of Arizona has Denver's, with its hour of summer. All of these are an hour ahead. Oregon's
# corner in Boise's time is an hour behind. Puerto Rico has none, nor have ZIP codes that are newer than the table: the answer is null.
#
# Who is hurt: dialers in the US that go by the address, since a mobile's area code doesn't say where its owner lives: the rule there is
# 8 to 21 o'clock at the called party's place (47 CFR 64.1200(c)(1)), and each too early call has its price. With these ZIP codes "8:05" is
# 7:05, and in Oregon "20:30" is 21:30. A test with large cities passes. What helps: the zone of the ZIP code's coordinates.
#
# Seen, on 2026-07-15 at 12:05 UTC, and how many of a state's ZIP codes are told an hour ahead:
#   Paducah KY 42001: 07:05, told 08:05
#   Gary IN 46402: 07:05, told 08:05
#   Wellton AZ 85356: 05:05, told 06:05
#   Adak AK 99546: 03:05, told 04:05
#   Ontario OR 97914: 06:05, told 05:05
#   San Juan PR 00901: 08:05, told none
#   Louisville KY 40202: 08:05, told 08:05
#   Chicago IL 60601: 07:05, told 07:05
#   an hour ahead: KY 211, IN 134, AZ 44
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

cat >told.cjs <<'JS'
const { lookup } = require("zipcode-to-timezone");
const codes = require("node:fs").readFileSync("codes", "utf8").trim().split("\n");
console.log(JSON.stringify(Object.fromEntries(codes.map((code) => [code, lookup(code)]))));
JS
cat >list.py <<'PY'
from pyzipcode import ZipCodeDatabase

print("\n".join(place.zip for state in ("KY", "IN", "AZ", "AK", "OR", "PR", "IL") for place in ZipCodeDatabase().find_zip(state=state)))
PY
cat >clocks.py <<'PY'
import datetime, json, zoneinfo
from pyzipcode import ZipCodeDatabase
from tzfpy import get_tz

zoneinfo.reset_tzpath([])  # not the machine's rules, but the package's
moment = datetime.datetime(2026, 7, 15, 12, 5, tzinfo=datetime.timezone.utc)
told = json.load(open("told.json"))
places = ZipCodeDatabase()

def clock(zone):
    return moment.astimezone(zoneinfo.ZoneInfo(zone)) if zone else None

def true(place):
    return clock(get_tz(float(place.longitude), float(place.latitude)))

for code in ("42001", "46402", "85356", "99546", "97914", "00901", "40202", "60601"):
    place = places[code]
    heard = clock(told[code])
    print(f"{place.city} {place.state} {code}: {true(place):%H:%M}, told {f'{heard:%H:%M}' if heard else 'none'}")

def ahead(state):
    clocks = [(clock(told[place.zip]), true(place)) for place in places.find_zip(state=state)]
    return sum(heard is not None and heard.utcoffset() - here.utcoffset() == datetime.timedelta(hours=1) for heard, here in clocks)

print("an hour ahead: " + ", ".join(f"{state} {ahead(state)}" for state in ("KY", "IN", "AZ")))
PY
(npm init -y && npm install --no-audit --no-fund zipcode-to-timezone@0.0.9) >/dev/null 2>&1
python3 -m venv python
python/bin/pip install -q pyzipcode==3.0.1 tzfpy==2.1.1 tzdata==2026.6 >/dev/null 2>&1
python/bin/python list.py >codes
node told.cjs >told.json

seen=$(python/bin/python clocks.py)
echo "$seen"
[ "$seen" = "Paducah KY 42001: 07:05, told 08:05
Gary IN 46402: 07:05, told 08:05
Wellton AZ 85356: 05:05, told 06:05
Adak AK 99546: 03:05, told 04:05
Ontario OR 97914: 06:05, told 05:05
San Juan PR 00901: 08:05, told none
Louisville KY 40202: 08:05, told 08:05
Chicago IL 60601: 07:05, told 07:05
an hour ahead: KY 211, IN 134, AZ 44" ]
