#!/usr/bin/env bash
# num2words 0.5.14 (PyPI), beside indic-numtowords 1.1.0 (PyPI) and to-words 5.7.0 (npm).
#
# In Kannada its word for the lakh (100,000) is "one lakh", ಒಂದು ಲಕ್ಷ, and the count stands before it: 100,000 is said as "one one lakh",
# 250,000 as "two one lakh fifty thousand". Thousands and crores are said once. In Telugu, its other language of the south, the lakh is right.
#
# Who is hurt: whoever lets an agent read out loans or balances to people in Karnataka: from a lakh on, what is heard is two numbers,
# the second of which is less than the amount ("two, one lakh fifty thousand"). What helps: one of the other two, or to drop the second word.
#
# Seen (num2words | indic-numtowords | to-words):
#   75000: ಎಪ್ಪತ್ತೈದು ಸಾವಿರ | ಎಪ್ಪತ್ತೈದು ಸಾವಿರದ | ಎಪ್ಪತ್ತೈದು ಸಾವಿರ
#   100000: ಒಂದು ಒಂದು ಲಕ್ಷ | ಒಂದು ಲಕ್ಷದ | ಒಂದು ಲಕ್ಷ
#   250000: ಎರಡು ಒಂದು ಲಕ್ಷ ಐವತ್ತು ಸಾವಿರ | ಎರಡು ಲಕ್ಷದ ಐವತ್ತು ಸಾವಿರದ | ಎರಡು ಲಕ್ಷ ಐವತ್ತು ಸಾವಿರ
#   20000000: ಎರಡು ಕೋಟಿ | ಎರಡು ಕೋಟಿ | ಎರಡು ಕೋಟಿ
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

printf '%s\n' 75000 100000 250000 20000000 >amounts
cat >words.py <<'PY'
import unicodedata
import indic_numtowords
import num2words

for line in open("amounts"):
    amount = int(line)
    words = f"{num2words.num2words(amount, lang='kn').strip()} | {indic_numtowords.num2words(amount, lang='kn').strip()}"
    print(f"{amount}: {unicodedata.normalize('NFC', words)}")
PY
cat >words.cjs <<'JS'
const { readFileSync } = require("node:fs");
const { ToWords } = require("to-words");
const words = new ToWords({ localeCode: "kn-IN" });
for (const line of readFileSync("amounts", "utf8").trim().split("\n")) console.log(words.convert(Number(line)));
JS
python3 -m pip install -q --target python num2words==0.5.14 indic-numtowords==1.1.0 >/dev/null 2>&1
(npm init -y && npm install --no-audit --no-fund to-words@5.7.0) >/dev/null 2>&1

PYTHONPATH=python PYTHONIOENCODING=utf-8 python3 words.py >there
node words.cjs >here
seen=$(paste -d'|' there here | sed 's/|\([^ ]\)/ | \1/')
echo "$seen"
[ "$seen" = "75000: ಎಪ್ಪತ್ತೈದು ಸಾವಿರ | ಎಪ್ಪತ್ತೈದು ಸಾವಿರದ | ಎಪ್ಪತ್ತೈದು ಸಾವಿರ
100000: ಒಂದು ಒಂದು ಲಕ್ಷ | ಒಂದು ಲಕ್ಷದ | ಒಂದು ಲಕ್ಷ
250000: ಎರಡು ಒಂದು ಲಕ್ಷ ಐವತ್ತು ಸಾವಿರ | ಎರಡು ಲಕ್ಷದ ಐವತ್ತು ಸಾವಿರದ | ಎರಡು ಲಕ್ಷ ಐವತ್ತು ಸಾವಿರ
20000000: ಎರಡು ಕೋಟಿ | ಎರಡು ಕೋಟಿ | ಎರಡು ಕೋಟಿ" ]
