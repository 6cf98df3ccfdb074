#!/usr/bin/env bash
# semantic-sdp 3.31.1, beside sdp-transform 3.0.0 (npm).
#
# Each codec of a session description has a clock rate, in which its timestamps count: AMR-WB/16000 for mobile calls in HD, L16/16000
# for an agent's speech, telephone-event/48000 for the keys that go with Opus (RFC 8866, 6.6; RFC 4733, 2.1). semantic-sdp, with which WebRTC
# gateways take offers apart, keeps a codec's name and number, not its rate; when it writes the description again, or the answer to it, all
# audio but Opus has 8000. The two rates that browsers offer for keys become one rate twice; and the list of keys, 0-16, becomes "0-16=".
# There's no error.
#
# Who is hurt: bridges in Node between browsers, agents and phones. Who goes by the text takes speech of 16 kHz for 8 kHz, half as fast
# and an octave too low, or turns AMR-WB down, which has no such rate. A key of 100 ms that a phone sends by the text is one of 17 ms to
# the browser that offered 48000. With Opus, PCMU, PCMA and G.722 (whose rate is 8000 by rule) all is well, and so is a test call. What
# helps: to take the rtpmap lines over from the text as it came.
#
# Seen (the offer as it came; by sdp-transform; by semantic-sdp; semantic-sdp's answer):
#   opus/48000/2; opus/48000/2; opus/48000/2; opus/48000/2
#   G722/8000; G722/8000; G722/8000; g722/8000
#   AMR-WB/16000; AMR-WB/16000; AMR-WB/8000; amr-wb/8000
#   L16/16000; L16/16000; L16/8000; l16/8000
#   telephone-event/48000; telephone-event/48000; telephone-event/8000; telephone-event/8000
#   telephone-event/8000; telephone-event/8000; telephone-event/8000; telephone-event/8000
#   110 0-16; 110 0-16; 110 0-16=; 110 0-16=
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

cat >offer <<'SDP'
v=0
o=- 1 1 IN IP4 192.0.2.1
s=-
t=0 0
m=audio 9 UDP/TLS/RTP/SAVPF 111 9 104 105 110 126
c=IN IP4 192.0.2.1
a=mid:0
a=sendrecv
a=rtpmap:111 opus/48000/2
a=rtpmap:9 G722/8000
a=rtpmap:104 AMR-WB/16000
a=rtpmap:105 L16/16000
a=rtpmap:110 telephone-event/48000
a=rtpmap:126 telephone-event/8000
a=fmtp:110 0-16
SDP
sed -i 's/$/\r/' offer
cat >write.cjs <<'JS'
const { SDPInfo } = require("semantic-sdp");
const { parse, write } = require("sdp-transform");

const offer = require("node:fs").readFileSync("offer", "utf8");
const info = SDPInfo.parse(offer);
const codecs = ["opus", "G722", "AMR-WB", "L16", "telephone-event"];
const answer = info.answer({ capabilities: { audio: { codecs, extensions: [] } } });
const written = [offer, write(parse(offer)), info.toString(), answer.toString()];
const lines = (text, pattern) => [...text.matchAll(pattern)].map((match) => match[1]);
const columns = written.map((text) => [...lines(text, /^a=rtpmap:\d+ (\S+)/gm), ...lines(text, /^a=fmtp:(.*?)\r?$/gm)]);
for (const row of columns[0].keys()) console.log(columns.map((column) => column[row]).join("; "));
JS
(npm init -y && npm install --no-audit --no-fund semantic-sdp@3.31.1 sdp-transform@3.0.0) >/dev/null 2>&1

seen=$(node write.cjs)
echo "$seen"
[ "$seen" = "opus/48000/2; opus/48000/2; opus/48000/2; opus/48000/2
G722/8000; G722/8000; G722/8000; g722/8000
AMR-WB/16000; AMR-WB/16000; AMR-WB/8000; amr-wb/8000
L16/16000; L16/16000; L16/8000; l16/8000
telephone-event/48000; telephone-event/48000; telephone-event/8000; telephone-event/8000
telephone-event/8000; telephone-event/8000; telephone-event/8000; telephone-event/8000
110 0-16; 110 0-16; 110 0-16=; 110 0-16=" ]
