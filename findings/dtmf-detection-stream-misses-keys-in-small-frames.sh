#!/usr/bin/env bash
# dtmf-detection-stream 1.18.0 (npm), on Node.
#
# A Buffer in Node is a window on some memory, which often holds other Buffers too: all that are made of base64, put together of pieces or
# copied, and smaller than 4 KB, share a pool, and a slice shares the memory of the whole. This stream takes the samples of each
# frame from the beginning of that memory instead of the window's. 20 ms of audio at 8 kHz are 320 bytes, so what it listens to is some
# other frame, or no audio at all. It is a Writable, to which any Buffer may be written, and says nothing of it.
#
# Who is hurt: agents that have keys recognised in the audio that a carrier sends as base64 in JSON, or in the slices of a recording: no key
# is heard, or some are. A stream piped from a file has large chunks with memory of their own, and is right, so the fault is looked for in
# the carrier's audio. What helps: write(Buffer.from(new Uint8Array(frame).buffer)).
#
# Seen, of the keys 1234 in frames of 20 ms, which are byte for byte the same each time:
#   memory of their own: hears 1234
#   slices of the recording: doesn't hear 1234
#   base64: doesn't hear 1234
#   two halves put together: doesn't hear 1234
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

cat >hear.cjs <<'JS'
const DtmfDetectionStream = require("dtmf-detection-stream");
const tones = { 1: [697, 1209], 2: [697, 1336], 3: [697, 1477], 4: [770, 1209] };
const pause = new Array(800).fill(0);
const samples = [...pause];
for (const key of "1234") {
  for (let i = 0; i < 800; i += 1) {
    samples.push(tones[key].reduce((sum, tone) => sum + 6000 * Math.sin((2 * Math.PI * tone * i) / 8000), 0));
  }
  samples.push(...pause);
}
const recording = Buffer.from(Int16Array.from(samples).buffer);
const ways = {
  "memory of their own": (frame) => Buffer.from(new Uint8Array(frame).buffer),
  "slices of the recording": (frame) => frame,
  base64: (frame) => Buffer.from(frame.toString("base64"), "base64"),
  "two halves put together": (frame) => Buffer.concat([frame.subarray(0, 160), frame.subarray(160)]),
};
for (const [name, way] of Object.entries(ways)) {
  const stream = new DtmfDetectionStream({ format: { sampleRate: 8000, bitDepth: 16, channels: 1 } });
  let heard = "";
  stream.on("dtmf", ({ digit }) => {
    heard += digit;
  });
  for (let at = 0; at < recording.length; at += 320) {
    const frame = way(recording.subarray(at, at + 320));
    if (!frame.equals(recording.subarray(at, at + 320))) throw new Error("not the same");
    stream.write(frame);
  }
  console.log(`${name}: ${heard === "1234" ? "hears" : "doesn't hear"} 1234`);
}
process.exit();
JS
(npm init -y && npm install --no-audit --no-fund dtmf-detection-stream@1.18.0) >/dev/null 2>&1

seen=$(node hear.cjs)
echo "$seen"
[ "$seen" = "memory of their own: hears 1234
slices of the recording: doesn't hear 1234
base64: doesn't hear 1234
two halves put together: doesn't hear 1234" ]
