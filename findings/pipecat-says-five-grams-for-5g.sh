#!/usr/bin/env bash
# pipecat-ai 1.14.0 (PyPI): VoiceFormatter.
#
# It makes a model's text into text for a voice, with all but one of its rules on unless told otherwise: "$42.50" becomes "forty-two
# dollars and fifty cents", "5km" "5 kilometers". Two of the rules take the letter or the word behind a number for something else than
# it is. Units are looked up in any case, so 5G, the network, is five grams, and a loan of 10L, ten lakh, ten liters. An amount is cents
# from its point on, so the word for its size stays outside: $1.5 million becomes one dollar and fifty cents, followed by "million".
#
# Who is hurt: agents on Pipecat that sell phone plans, lend or collect: "upgrade to 5 grams today", and an offer of "two rupees and fifty
# paise lakh" on a recorded line. The conversation keeps the written text, so no log or transcript shows it; only who listens hears it.
# Amounts in full are right, as in the examples. What helps: VoiceFormatter(expand_units=False, expand_currency=False), or a transform
# of one's own before it.
#
# Seen:
#   Upgrade to 5G today. | Upgrade to 5 grams today.
#   A loan of ₹10L | A loan of ₹10 liters
#   A loan of ₹2.5 lakh | A loan of two rupees and fifty paise lakh
#   A sale for $1.5 million | A sale for one dollar and fifty cents million
#   A sale for $2M | A sale for $2 meters
#   5km for ₹7,500 | 5 kilometers for seven thousand, five hundred rupees
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

cat >say.py <<'PY'
import asyncio

from pipecat.utils.text.transforms import VoiceFormatter

formatter = VoiceFormatter()
for text in (
    "Upgrade to 5G today.",
    "A loan of ₹10L",
    "A loan of ₹2.5 lakh",
    "A sale for $1.5 million",
    "A sale for $2M",
    "5km for ₹7,500",
):
    print(text, "|", asyncio.run(formatter(text, "*")))
PY
python3 -m venv python >/dev/null
python/bin/pip install -q pipecat-ai==1.14.0 >/dev/null 2>&1

seen=$(python/bin/python say.py 2>/dev/null)
echo "$seen"
[ "$seen" = "Upgrade to 5G today. | Upgrade to 5 grams today.
A loan of ₹10L | A loan of ₹10 liters
A loan of ₹2.5 lakh | A loan of two rupees and fifty paise lakh
A sale for \$1.5 million | A sale for one dollar and fifty cents million
A sale for \$2M | A sale for \$2 meters
5km for ₹7,500 | 5 kilometers for seven thousand, five hundred rupees" ]
