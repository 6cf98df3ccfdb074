#!/usr/bin/env bash
# rtp 0.0.4 and pyvoip 1.6.8 (PyPI) and rtp-parser 1.0.0 (npm), beside aiortp 0.8.0 (PyPI) and rtp.js 0.15.5 (npm).
#
# An RTP packet may end with padding, and may have an extension between its header and the audio; a bit in the first byte says of each
# that it's there, and the receiver leaves both out (RFC 3550, 5.1 and 5.3.1). These three read the bits, and leave them in the payload:
# rtp the padding, the two others both. In G.711 a byte of 0 isn't silence but the loudest value there is, so a line on which nobody
# speaks clicks fifty times a second, and each packet is some samples longer than its 20 ms.
#
# Who is hurt: recorders and agents in Python and Node. On the carrier they were tested with no packet has either; behind a media server
# that pads for its encryption, or adds the audio level of RFC 6464, speech recognition hears clicks, the pause that ends a turn
# never comes, and a recording drifts from its time stamps. What helps: to cut both off by the header's bits, or another parser.
#
# Seen, of 20 ms of silence in µ-law (samples, and the loudest of them):
#   nothing added: rtp 160 0, pyvoip 160 0, rtp-parser 160 0; aiortp 160 0, rtp.js 160 0
#   four bytes of padding: rtp 164 32124, pyvoip 164 32124, rtp-parser 164 32124; aiortp 160 0, rtp.js 160 0
#   an audio level: rtp 160 0, pyvoip 168 32124, rtp-parser 168 32124; aiortp 160 0, rtp.js 160 0
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

cat >packets.py <<'PY'
import struct

silence = bytes([0xFF]) * 160
level = struct.pack("!HHBBBB", 0xBEDE, 1, 0x10, 127, 0, 0)
for name, first, rest in [
    ("nothing added", 0x80, silence),
    ("four bytes of padding", 0xA0, silence + bytes([0, 0, 0, 4])),
    ("an audio level", 0x90, level + silence),
]:
    print(name, (struct.pack("!BBHII", first, 0, 1, 160, 1) + rest).hex(), sep="|")
PY
cat >read.cjs <<'JS'
const { parseRtpPacket } = require("rtp-parser");
(async () => {
  const { RtpPacket } = (await import("rtp.js")).packets;
  for (const line of require("node:fs").readFileSync("packets", "utf8").trim().split("\n")) {
    const bytes = Uint8Array.from(Buffer.from(line.split("|")[1], "hex"));
    const view = new RtpPacket(new DataView(bytes.buffer)).getPayload();
    const standard = Buffer.from(view.buffer, view.byteOffset, view.byteLength);
    console.log(`${parseRtpPacket(Buffer.from(bytes)).payload.toString("hex")}|${standard.toString("hex")}`);
  }
})();
JS
cat >told.py <<'PY'
import aiortp.packet, rtp
from pyVoIP.RTP import PayloadType, RTPMessage

def told(payload):
    def value(byte):
        byte ^= 0xFF
        return ((((byte & 15) << 3) + 132) << (byte >> 4 & 7)) - 132
    return f"{len(payload)} {max(map(value, payload))}"

for packet, of_npm in zip(open("packets"), open("of_npm")):
    name, data = packet.strip().split("|")
    parser, js = (told(bytes.fromhex(payload)) for payload in of_npm.strip().split("|"))
    data = bytes.fromhex(data)
    bbc = told(rtp.RTP().fromBytes(data).payload)
    voip = told(RTPMessage(data, {0: PayloadType.PCMU}).payload)
    aio = told(aiortp.packet.RtpPacket.parse(data).payload)
    print(f"{name}: rtp {bbc}, pyvoip {voip}, rtp-parser {parser}; aiortp {aio}, rtp.js {js}")
PY
python3 -m venv python
python/bin/pip install -q rtp==0.0.4 pyvoip==1.6.8 aiortp==0.8.0 >/dev/null 2>&1
(npm init -y && npm install --no-audit --no-fund rtp-parser@1.0.0 rtp.js@0.15.5) >/dev/null 2>&1
python3 packets.py >packets
node read.cjs >of_npm

seen=$(python/bin/python told.py)
echo "$seen"
[ "$seen" = "nothing added: rtp 160 0, pyvoip 160 0, rtp-parser 160 0; aiortp 160 0, rtp.js 160 0
four bytes of padding: rtp 164 32124, pyvoip 164 32124, rtp-parser 164 32124; aiortp 160 0, rtp.js 160 0
an audio level: rtp 160 0, pyvoip 168 32124, rtp-parser 168 32124; aiortp 160 0, rtp.js 160 0" ]
