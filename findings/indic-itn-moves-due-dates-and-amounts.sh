#!/usr/bin/env bash
# indic-itn 0.3.3, beside text2num 3.1.0 (PyPI).
#
# What a recogniser writes in words, indic-itn writes in figures, for India's languages and its English: dates, amounts and ordinals are in
# its list, and that nothing else is changed is its first guarantee. In English a date whose day has two words, before its month, loses
# the second: the 31st of December is the 30th, the 25th of June the 20th, or a fraction if there's an "of". In every language of it that
# was tried, an amount in lakhs or crores with a point, as people there say 250,000, is its digits one behind the other: 2.5100000.
# Without the point, and with the half words of Hindi, it is right, and so are days of one word.
#
# Who is hurt: who keeps what a borrower promised ("I'll pay two point five lakh by the thirty-first") by such a transcript: the day passes
# for broken, or a reminder goes out, before it has come, and 2.51 rupees were promised. Nothing tells a wrong date from a right one. What
# helps: in English text2num, which leaves "lakh" as a word; else to leave words as they are wherever there is a point.
#
# Seen (indic-itn | text2num, which does English):
#   en, fifteenth august: 15th august | 15th august
#   en, thirty first december: 30th december | 31st december
#   en, twenty five june two thousand twenty six: 20th june 2026 | 25 june 2026
#   en, twenty fifth of june: 20/5 of june | 25th of june
#   en, two lakh fifty thousand rupees: ₹2,50,000 | two lakh 50000 rupees
#   en, two point five lakh rupees: 2.5100000 rupees | 2.5 lakh rupees
#   hi, ढाई लाख रुपये: ₹2,50,000
#   hi, दो दशमलव पाँच लाख रुपये: 2.5100000 रुपये
#   mr, दोन दशांश पाच लाख रुपये: 2.5100000 रुपये
#   te, రెండు పాయింట్ ఐదు లక్షల రూపాయలు: 2.5100000 రూపాయలు
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

cat >"$folder/write.py" <<'PY'
from indic_itn import normalize_text
from text_to_num import alpha2digit

for language, words in [
    ("en", "fifteenth august"),
    ("en", "thirty first december"),
    ("en", "twenty five june two thousand twenty six"),
    ("en", "twenty fifth of june"),
    ("en", "two lakh fifty thousand rupees"),
    ("en", "two point five lakh rupees"),
    ("hi", "ढाई लाख रुपये"),
    ("hi", "दो दशमलव पाँच लाख रुपये"),
    ("mr", "दोन दशांश पाच लाख रुपये"),
    ("te", "రెండు పాయింట్ ఐదు లక్షల రూపాయలు"),
]:
    beside = f" | {alpha2digit(words, 'en')}" if language == "en" else ""
    print(f"{language}, {words}: {normalize_text(words, language)}{beside}")
PY
python3 -m venv "$folder/python"
"$folder/python/bin/pip" install -q indic-itn==0.3.3 text2num==3.1.0 >/dev/null 2>&1

seen=$("$folder/python/bin/python" "$folder/write.py")
echo "$seen"
[ "$seen" = "en, fifteenth august: 15th august | 15th august
en, thirty first december: 30th december | 31st december
en, twenty five june two thousand twenty six: 20th june 2026 | 25 june 2026
en, twenty fifth of june: 20/5 of june | 25th of june
en, two lakh fifty thousand rupees: ₹2,50,000 | two lakh 50000 rupees
en, two point five lakh rupees: 2.5100000 rupees | 2.5 lakh rupees
hi, ढाई लाख रुपये: ₹2,50,000
hi, दो दशमलव पाँच लाख रुपये: 2.5100000 रुपये
mr, दोन दशांश पाच लाख रुपये: 2.5100000 रुपये
te, రెండు పాయింట్ ఐదు లక్షల రూపాయలు: 2.5100000 రూపాయలు" ]
