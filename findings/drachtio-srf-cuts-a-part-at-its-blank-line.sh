#!/usr/bin/env bash
# drachtio-srf 5.0.29 (npm), beside the email package of Python's standard library.
#
# An INVITE may carry several bodies, each a part of a multipart: whoever sends a call to a recorder (SIPREC) puts the SDP into one, and
# into another the XML that says who is speaking. req.payload lists them. A part's content goes from its first blank line to the next
# boundary; drachtio-srf has it go to the next blank line, wherever that is. Where the XML has one, the rest is dropped; where none stands
# before the last boundary, that boundary is a part of the content. No error tells of either. Where the Content-Type has a parameter
# behind the boundary, there is one part with everything in it, up to a blank line.
#
# Who is hurt: recorders and bridges in Node: with one vendor's SBC the metadata is whole, with another's it is no XML document, and
# the recording has no callers, or isn't made. What helps: to take req.body apart with a MIME parser.
#
# Seen (the last line that isn't blank, of each part's content):
#   a blank line before the last boundary: drachtio-srf m=audio, </recording>; Python m=audio, </recording>
#   none there: drachtio-srf m=audio, --part--; Python m=audio, </recording>
#   one within the XML: drachtio-srf m=audio, <recording>; Python m=audio, </recording>
#   a parameter behind the boundary: drachtio-srf Content-Disposition:; Python m=audio, </recording>
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

invite() { # what stands behind the boundary's name, and the lines of the XML
  local body
  body=$(printf '%s\r\n' --part "Content-Type: application/sdp" "" v=0 "o=- 1 1 IN IP4 192.0.2.1" s=- "c=IN IP4 192.0.2.1" "t=0 0" \
    "m=audio 5004 RTP/AVP 0" --part "Content-Type: application/rs-metadata+xml" "Content-Disposition: recording-session" "" \
    "${@:2}" --part-- .)
  body=${body%.*}
  printf '%s\r\n' "INVITE sip:recorder@example.com SIP/2.0" "Via: SIP/2.0/TCP 192.0.2.1:5060;branch=z9hG4bK1" \
    "From: <sip:sbc@example.com>;tag=1" "To: <sip:recorder@example.com>" "Call-ID: 1" "CSeq: 1 INVITE" "MIME-Version: 1.0" \
    "Content-Type: multipart/mixed;boundary=part$1" "Content-Length: ${#body}" ""
  printf %s "$body"
}
invite "" "<recording>" '<participant participant_id="1"/>' "</recording>" "" >1
invite "" "<recording>" '<participant participant_id="1"/>' "</recording>" >2
invite "" "<recording>" "" '<participant participant_id="1"/>' "</recording>" "" >3
invite ";charset=utf-8" "<recording>" '<participant participant_id="1"/>' "</recording>" "" >4

cat >parts.cjs <<'JS'
const Message = require("drachtio-srf/lib/sip-parser/message");
for (const file of ["1", "2", "3", "4"]) {
  const { payload } = new Message(require("node:fs").readFileSync(file, "utf8"));
  const last = (content) => content.split("\r\n").filter((line) => line !== "").at(-1);
  console.log(payload.map(({ content }) => last(content).split(" ")[0]).join(", "));
}
JS
cat >parts.py <<'PY'
import email

for file in ["1", "2", "3", "4"]:
    with open(file, "rb") as invite:
        parts = email.message_from_bytes(invite.read().split(b"\r\n", 1)[1]).get_payload()
    print(", ".join([line for line in part.get_payload().splitlines() if line][-1].split(" ")[0] for part in parts))
PY
(npm init -y && npm install --no-audit --no-fund drachtio-srf@5.0.29) >/dev/null 2>&1
node parts.cjs >of_npm
python3 parts.py >of_python

seen=$(printf '%s\n' "a blank line before the last boundary" "none there" "one within the XML" "a parameter behind the boundary" |
  paste -d'|' - of_npm of_python | awk -F'|' '{ print $1 ": drachtio-srf " $2 "; Python " $3 }')
echo "$seen"
[ "$seen" = "a blank line before the last boundary: drachtio-srf m=audio, </recording>; Python m=audio, </recording>
none there: drachtio-srf m=audio, --part--; Python m=audio, </recording>
one within the XML: drachtio-srf m=audio, <recording>; Python m=audio, </recording>
a parameter behind the boundary: drachtio-srf Content-Disposition:; Python m=audio, </recording>" ]
