#!/usr/bin/env bash
# num2words 0.5.14 (PyPI), beside to-words 5.7.0 (npm).
#
# With to="currency", a whole number is taken for hundredths and everything else for the amount: 7500 is said as seventy-five rupees,
# "7500", 7500.0 and Decimal(7500) as seven thousand five hundred. So what is said depends on how the amount was written in JSON, where
# 7500 and "7500" are both common, and an amount with paise comes out right either way. to-words says the same of both.
#
# Who is hurt: voice agents that have what is due read out in words (speech models stumble over digits with separators): a borrower is
# told a hundredth of the debt, in a call that is recorded, whenever the amount is a whole number and was not written as text. Its test
# with 7500.50 passes. What helps: float(amount), or Decimal(amount), before it is handed over.
#
# Seen:
#   7500: seventy-five rupees, zero paise | Seven Thousand Five Hundred Rupees Only
#   "7500": seven thousand, five hundred rupees, zero paise | Seven Thousand Five Hundred Rupees Only
#   7500.5: seven thousand, five hundred rupees, fifty paise | Seven Thousand Five Hundred Rupees And Fifty Paise Only
#   7500.0: seven thousand, five hundred rupees, zero paise | Seven Thousand Five Hundred Rupees Only
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

printf '%s\n' 7500 '"7500"' 7500.5 7500.0 >amounts
cat >words.py <<'PY'
import json
from num2words import num2words

for line in open("amounts"):
    print(f"{line.strip()}: {num2words(json.loads(line), to='currency', currency='INR', lang='en_IN')}")
PY
cat >words.cjs <<'JS'
const { readFileSync } = require("node:fs");
const { ToWords } = require("to-words");
const words = new ToWords({ localeCode: "en-IN" });
for (const line of readFileSync("amounts", "utf8").trim().split("\n")) console.log(words.convert(JSON.parse(line), { currency: true }));
JS
python3 -m pip install -q --target python num2words==0.5.14 >/dev/null 2>&1
(npm init -y && npm install --no-audit --no-fund to-words@5.7.0) >/dev/null 2>&1

PYTHONPATH=python python3 words.py >there
node words.cjs >here
seen=$(paste -d'|' there here | sed 's/|/ | /')
echo "$seen"
[ "$seen" = '7500: seventy-five rupees, zero paise | Seven Thousand Five Hundred Rupees Only
"7500": seven thousand, five hundred rupees, zero paise | Seven Thousand Five Hundred Rupees Only
7500.5: seven thousand, five hundred rupees, fifty paise | Seven Thousand Five Hundred Rupees And Fifty Paise Only
7500.0: seven thousand, five hundred rupees, zero paise | Seven Thousand Five Hundred Rupees Only' ]
