#!/usr/bin/env bash
# date-holidays 3.37.0 (npm), beside holidays 0.109 (PyPI).
#
# getHolidays() of India answers with six days, all public, and no sign that these are not all: those with a date of the Gregorian calendar
# and Good Friday, none that follows the moon. Holi, Dussehra, Diwali and both Eids are missing, in the country and in each of its 35 states
# and territories there, which add up to five fixed days of their own. Of the same package, Singapore has Deepavali and Bangladesh both Eids,
# so a list that looks whole is taken for whole. The Python package has 18 days for the same year.
#
# Who is hurt: whoever fills an organisation's closed dates from it, since people in India are then called on Diwali; a lender's
# collection calls on that day are what its regulator hears of first. What helps: the Gazette's list for the year, or the Python package.
#
# Seen, for 2026:
#   npm: 6 days; PyPI: 18 days; in npm's 35 states and territories: 6 to 11 days; Deepavali in SG: 11-08
#   only in PyPI: 03-04 Holi, 03-21 Eid al-Fitr, 05-27 Eid al-Adha, 10-20 Dussehra, 11-08 Diwali
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

cat >days.cjs <<'JS'
const Holidays = require("date-holidays");
const days = (...place) => new Holidays(...place).getHolidays(2026).map((day) => day.date.slice(0, 10));
const abroad = new Holidays("SG").getHolidays(2026).find((day) => day.name === "Deepavali").date.slice(5, 10);
const states = Object.keys(new Holidays("IN").getStates("IN"));
const counts = states.map((state) => days("IN", state).length);
console.log(JSON.stringify({ days: days("IN"), states: states.length, from: Math.min(...counts), to: Math.max(...counts), abroad }));
JS
cat >days.py <<'PY'
import json
import holidays

here = json.load(open("npm.json"))
there = {str(day): name for day, name in holidays.country_holidays("IN", years=2026).items()}
print(f"npm: {len(here['days'])} days; PyPI: {len(there)} days; in npm's {here['states']} states and territories: {here['from']} to {here['to']} days; Deepavali in SG: {here['abroad']}")
feasts = ["Holi", "Eid al-Fitr", "Eid al-Adha", "Dussehra", "Diwali"]
missing = [f"{day[5:]} {name}" for day, name in sorted(there.items()) if name in feasts and day not in here["days"]]
print("only in PyPI: " + ", ".join(missing))
PY
python3 -m pip install -q --target python holidays==0.109 >/dev/null 2>&1
(npm init -y && npm install --no-audit --no-fund date-holidays@3.37.0) >/dev/null 2>&1

node days.cjs >npm.json
seen=$(PYTHONPATH=python python3 days.py)
echo "$seen"
[ "$seen" = "npm: 6 days; PyPI: 18 days; in npm's 35 states and territories: 6 to 11 days; Deepavali in SG: 11-08
only in PyPI: 03-04 Holi, 03-21 Eid al-Fitr, 05-27 Eid al-Adha, 10-20 Dussehra, 11-08 Diwali" ]
