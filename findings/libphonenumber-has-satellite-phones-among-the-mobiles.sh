#!/usr/bin/env bash
# phonenumbers 9.0.43 (PyPI) and libphonenumber-js 1.13.16 with its full metadata (npm): two ports of Google's libphonenumber.
#
# A dialer that spares itself expensive calls asks for the type of a number and refuses PREMIUM_RATE. A call to a satellite phone costs
# several dollars a minute, and libphonenumber has no type for it: those of Inmarsat (+870) and Iridium (+881) are valid numbers of type
# MOBILE, and Thuraya's (+882 16) of type VOIP, the cheap one. There's no country either, only the code 001 for "none", or nothing. The
# international premium rate, +979, is told apart as it should be, so a test of the rule with that one passes.
#
# Who is hurt: who lets customers or a form choose the number to call, with "mobiles and landlines only" against toll fraud: these
# numbers are the classic ones for it. What helps: refuse +870, +881 and +882 by their digits, before the type is looked at.
#
# Seen (valid or not, the type, the country):
#   +870301234567 Inmarsat: Python valid MOBILE 001, npm valid MOBILE none
#   +881612345678 Iridium: Python valid MOBILE 001, npm valid MOBILE none
#   +8821612345678 Thuraya: Python valid VOIP 001, npm valid VOIP none
#   +979123456789 premium: Python valid PREMIUM_RATE 001, npm valid PREMIUM_RATE none
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

cat >numbers.txt <<'TXT'
+870301234567 Inmarsat
+881612345678 Iridium
+8821612345678 Thuraya
+979123456789 premium
TXT
cat >types.py <<'PY'
import phonenumbers
from phonenumbers import PhoneNumberType

names = {value: name for name, value in vars(PhoneNumberType).items() if name.isupper()}
for line in open("numbers.txt"):
    number = phonenumbers.parse(line.split()[0])
    valid = "valid" if phonenumbers.is_valid_number(number) else "not valid"
    print(valid, names[phonenumbers.number_type(number)], phonenumbers.region_code_for_number(number))
PY
cat >types.mjs <<'JS'
import { readFileSync } from "node:fs";
import parse from "libphonenumber-js/max";
for (const line of readFileSync("numbers.txt", "utf8").trim().split("\n")) {
  const number = parse(line.split(" ")[0]);
  console.log(number.isValid() ? "valid" : "not valid", number.getType(), number.country ?? "none");
}
JS
python3 -m pip install -q --target python phonenumbers==9.0.43 >/dev/null 2>&1
(npm init -y && npm install --no-audit --no-fund libphonenumber-js@1.13.16) >/dev/null 2>&1

PYTHONPATH=python python3 types.py >of_python
node types.mjs >of_npm
seen=$(paste -d'|' numbers.txt of_python of_npm | awk -F'|' '{ print $1 ": Python " $2 ", npm " $3 }')
echo "$seen"
[ "$seen" = "+870301234567 Inmarsat: Python valid MOBILE 001, npm valid MOBILE none
+881612345678 Iridium: Python valid MOBILE 001, npm valid MOBILE none
+8821612345678 Thuraya: Python valid VOIP 001, npm valid VOIP none
+979123456789 premium: Python valid PREMIUM_RATE 001, npm valid PREMIUM_RATE none" ]
