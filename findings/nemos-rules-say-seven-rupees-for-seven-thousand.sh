#!/usr/bin/env bash
# kitten-text-processing 0.1.0 (PyPI), which carries the rules of NVIDIA's nemo_text_processing 1.2.0.
#
# Before text goes to a voice, these rules write its numbers out as words. An amount is written with its thousands marked, by people,
# by number formats and by language models alike: ₹7,500. English and Spanish take the mark for what it is. In Hindi, Japanese and
# Chinese the amount ends at it: "seven rupees, five hundred", and for ₹1,50,000 "one rupee, fifty, zero zero zero". In German 7.500 € is
# read as "seven point five zero zero". Without the mark all are right, so a test with 7500 passes, and so does one with 999. (With
# nemo_text_processing itself, which takes a gigabyte to install, Hindi says the same.)
#
# Who is hurt: agents that remind of a loan or a bill in these languages: the one fact of the call is wrong by a thousand, in fluent
# speech, and no error tells of it. What helps: take the marks out of amounts before, or have the model write them without.
#
# Seen (without the mark | with it):
#   hi: ₹7500 सात हज़ार पाँच सौ रुपए | ₹7,500 सात रुपए,पाँच सौ
#   hi: ₹150000 एक लाख पचास हज़ार रुपए | ₹1,50,000 एक रुपए,पचास,शून्य शून्य शून्य
#   de: 7500 € sieben tausend fünf hundert € | 7.500 € sieben punkt fünf null null €
#   ja: 7500円 七千五百円 | 7,500円 七,五百円
#   zh: ¥7500 七千五百圆 | ¥7,500 七圆,五百
#   en: $7500 seven thousand five hundred dollars | $7,500 seven thousand five hundred dollars
#   es: 7500 € siete mil quinientos euros | 7.500 € siete mil quinientos euros
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

cat >"$folder/say.py" <<'PY'
from unicodedata import normalize
from kitten_text_processing import normalize_text

for language, plain, marked in [
    ("hi", "₹7500", "₹7,500"),
    ("hi", "₹150000", "₹1,50,000"),
    ("de", "7500 €", "7.500 €"),
    ("ja", "7500円", "7,500円"),
    ("zh", "¥7500", "¥7,500"),
    ("en", "$7500", "$7,500"),
    ("es", "7500 €", "7.500 €"),
]:
    said = " | ".join(f"{text} {normalize_text(text, locale=language)}" for text in (plain, marked))
    print(f"{language}: {normalize('NFC', said)}")
PY
python3 -m venv "$folder/python"
"$folder/python/bin/pip" install -q kitten-text-processing==0.1.0 >/dev/null 2>&1

seen=$("$folder/python/bin/python" "$folder/say.py" 2>/dev/null)
echo "$seen"
wanted="hi: ₹7500 सात हज़ार पाँच सौ रुपए | ₹7,500 सात रुपए,पाँच सौ
hi: ₹150000 एक लाख पचास हज़ार रुपए | ₹1,50,000 एक रुपए,पचास,शून्य शून्य शून्य
de: 7500 € sieben tausend fünf hundert € | 7.500 € sieben punkt fünf null null €
ja: 7500円 七千五百円 | 7,500円 七,五百円
zh: ¥7500 七千五百圆 | ¥7,500 七圆,五百
en: \$7500 seven thousand five hundred dollars | \$7,500 seven thousand five hundred dollars
es: 7500 € siete mil quinientos euros | 7.500 € siete mil quinientos euros"
[ "$seen" = "$(python3 -c 'import sys, unicodedata; print(unicodedata.normalize("NFC", sys.argv[1]))' "$wanted")" ]
