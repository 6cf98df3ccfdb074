#!/usr/bin/env bash
# pysubs2 1.8.1, beside webvtt-py 0.6.0 (PyPI).
#
# Transcripts of calls come as WebVTT, whose cues may have a name of any kind before their times, or none, comments between them, and
# times within their text, one a word (W3C, WebVTT 4.1 and 4.2). pysubs2 lists WebVTT among its formats and reads it by SubRip's rules: all up
# to the next times is text, and digits on its last line are the number of the next cue, which it takes away. Without such numbers
# that is what was said last: a PIN, an amount. With names that aren't numbers, as meeting programs write them, the next cue's name is
# said; a NOTE is as well. A line with two times in its text is the beginning of another cue, and its words are gone. No error tells of it.
#
# Who is hurt: who checks, redacts or summarises calls by such transcripts: the agent reads an amount to the customer, and the text
# has none; what the reviewer noted is put into the customer's mouth. Of a file in SubRip the last cue loses its number as well, and only
# that one, so tests with one in the middle pass. What helps: webvtt-py for WebVTT.
#
# Seen (the text of each cue, its lines divided by /):
#   a number at the end: pysubs2 Your PIN is | You owe | Thank you.; webvtt-py Your PIN is/1123 | You owe/7500 | Thank you.
#   cues with names: pysubs2 Hello?/call-1/2-0 | Yes.; webvtt-py Hello? | Yes.
#   a note: pysubs2 Hello?/NOTE not the customer | Yes.; webvtt-py Hello? | Yes.
#   times of words: pysubs2  |  | Yes.; webvtt-py I will pay | Yes.
#   SubRip, a number at the end: pysubs2 Your PIN is/1123 | You owe; webvtt-py Your PIN is/1123 | You owe/7500
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

cat >"$folder/read.py" <<'PY'
import sys
import pysubs2, webvtt

FIRST, SECOND, THIRD = (f"00:00:0{n}.000 --> 00:00:0{n + 2}.000" for n in (1, 4, 7))
CALLS = {
    "a number at the end": f"{FIRST}\nYour PIN is\n1123\n\n{SECOND}\nYou owe\n7500\n\n{THIRD}\nThank you.\n",
    "cues with names": f"call-1/1-0\n{FIRST}\nHello?\n\ncall-1/2-0\n{SECOND}\nYes.\n",
    "a note": f"{FIRST}\nHello?\n\nNOTE not the customer\n\n{SECOND}\nYes.\n",
    "times of words": f"{FIRST}\nI <00:00:01.500>will <00:00:02.000>pay\n\n{SECOND}\nYes.\n",
}
SUBRIP = f"1\n{FIRST}\nYour PIN is\n1123\n\n2\n{SECOND}\nYou owe\n7500\n".replace(".000", ",000")

def told(texts):
    return " | ".join("/".join(filter(None, text.split("\n"))) for text in texts)

for name, text, format in [(name, f"WEBVTT\n\n{text}", "vtt") for name, text in CALLS.items()] + [
    ("SubRip, a number at the end", SUBRIP, "srt")
]:
    path = f"{sys.argv[1]}/call.{format}"
    with open(path, "w") as file:
        file.write(text)
    beside = webvtt.read(path) if format == "vtt" else webvtt.from_srt(path)
    print(f"{name}: pysubs2 {told(line.plaintext for line in pysubs2.load(path))}; webvtt-py {told(cue.text for cue in beside)}")
PY
python3 -m venv "$folder/python"
"$folder/python/bin/pip" install -q pysubs2==1.8.1 webvtt-py==0.6.0 >/dev/null 2>&1

seen=$("$folder/python/bin/python" "$folder/read.py" "$folder")
echo "$seen"
[ "$seen" = "a number at the end: pysubs2 Your PIN is | You owe | Thank you.; webvtt-py Your PIN is/1123 | You owe/7500 | Thank you.
cues with names: pysubs2 Hello?/call-1/2-0 | Yes.; webvtt-py Hello? | Yes.
a note: pysubs2 Hello?/NOTE not the customer | Yes.; webvtt-py Hello? | Yes.
times of words: pysubs2  |  | Yes.; webvtt-py I will pay | Yes.
SubRip, a number at the end: pysubs2 Your PIN is/1123 | You owe; webvtt-py Your PIN is/1123 | You owe/7500" ]
