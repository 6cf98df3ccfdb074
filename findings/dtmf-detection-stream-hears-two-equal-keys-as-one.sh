#!/usr/bin/env bash
# dtmf-detection-stream 1.18.0 (npm), beside pydtmf 1.0.0 (PyPI).
#
# It looks for tones in blocks of 92 samples, and reports a key with the first block after it that is neither that key nor silence: another
# key, or a smear. Mostly the end of the tone is such a smear, since it falls somewhere within a block. Where it falls close to a block's
# edge, only silence follows, and the key is kept back: if the same key is pressed next, the two are one to it, and the last key is never
# reported at all. What is heard of a PIN of 1123 depends on which sample of the call it begins at; pydtmf hears 1123 at each.
#
# Who is hurt: agents and IVRs in Node that take PINs or account numbers from the audio, where a carrier sends no telephone events. One
# input in four loses digits, and the same recording may come out right when it is played again; a number without doubles loses its end
# alone. What helps: to ask again where the count of digits is wrong. Some noise on the line doesn't help: to its threshold it is silence.
#
# Seen, with tones and pauses of 100 ms, of the 92 samples of a block at which 1123 may begin (what was heard, and how often):
#   dtmf-detection-stream: 1123 69, 12 14, 123 6, 112 3
#   pydtmf: 1123 92
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

cat >tones.py <<'PY'
import array, math

TONES = {"1": (697, 1209), "2": (697, 1336), "3": (697, 1477)}
for begin in range(92):
    samples = array.array("h", [0] * (800 + begin))
    for key in "1123":
        samples.extend(int(sum(6000 * math.sin(2 * math.pi * tone * i / 8000) for tone in TONES[key])) for i in range(800))
        samples.extend([0] * 800)
    samples.extend([0] * 8000)
    with open(f"{begin}.pcm", "wb") as file:
        samples.tofile(file)
PY
cat >hear.py <<'PY'
import array
from PyDTMF import from_pcm

for begin in range(92):
    samples = array.array("h")
    with open(f"{begin}.pcm", "rb") as file:
        samples.frombytes(file.read())
    print(from_pcm(samples.tolist(), sample_rate=8000, channels=1)[0])
PY
cat >hear.cjs <<'JS'
const { readFileSync } = require("node:fs");
const DtmfDetectionStream = require("dtmf-detection-stream");
for (let begin = 0; begin < 92; begin += 1) {
  const stream = new DtmfDetectionStream({ format: { sampleRate: 8000, bitDepth: 16, channels: 1 } });
  let heard = "";
  stream.on("dtmf", ({ digit }) => {
    heard += digit;
  });
  const samples = new Uint8Array(readFileSync(`${begin}.pcm`));
  for (let at = 0; at < samples.length; at += 320) stream.write(Buffer.from(samples.slice(at, at + 320).buffer));
  console.log(heard);
}
process.exit();
JS
(npm init -y && npm install --no-audit --no-fund dtmf-detection-stream@1.18.0) >/dev/null 2>&1
python3 -m pip install -q --target python pydtmf==1.0.0 >/dev/null 2>&1
python3 tones.py

counts() {
  sort | uniq -c | sort -k1,1nr | awk '{ printf "%s%s %s", (NR > 1 ? ", " : ""), $2, $1 } END { print "" }'
}
seen=$(echo "dtmf-detection-stream: $(node hear.cjs | counts)"
  echo "pydtmf: $(PYTHONPATH=python python3 hear.py | counts)")
echo "$seen"
[ "$seen" = "dtmf-detection-stream: 1123 69, 12 14, 123 6, 112 3
pydtmf: 1123 92" ]
