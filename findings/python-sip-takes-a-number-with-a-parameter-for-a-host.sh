#!/usr/bin/env bash
# aiosipua 0.7.1 and rfcvoip 2.10.3 (PyPI), beside sip 0.0.6 (npm).
#
# A number in a SIP URI may carry parameters of its own, before the @: carriers say there what kind of line is calling (cpc=ordinary,
# cpc=payphone) or that a number has been ported (npdi, rn=). RFC 3261 has ";" as a plain character of that part (user-unreserved). These
# two cut the URI at the first ";" before they look for the @: the number becomes the host, the host a part of the parameter, and the
# caller has no number at all. Neither reports an error. aiosipua does the like to tel: URIs, whose number becomes the port of a
# host named "tel"; rfcvoip refuses a message with one.
#
# Who is hurt: agents that look up who calls, or keep numbers off a list, by the number of From: calls from one carrier, or from people
# who took their number with them, are anonymous. What helps: take the part between the scheme and the @ from the raw header.
#
# Seen (the number, the host):
#   sip:+12025550123@example.com;user=phone
#     aiosipua: +12025550123, example.com; rfcvoip: +12025550123, example.com; npm: +12025550123, example.com
#   sip:+12025550123;cpc=ordinary@example.com;user=phone
#     aiosipua: None, +12025550123; rfcvoip: None, +12025550123; npm: +12025550123;cpc=ordinary, example.com
#   tel:+12025550123
#     aiosipua: None, tel (port 12025550123); rfcvoip: refused; npm: reads tel:+12025550123
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

cat >uris.txt <<'TXT'
sip:+12025550123@example.com;user=phone
sip:+12025550123;cpc=ordinary@example.com;user=phone
tel:+12025550123
TXT
cat >message.txt <<'SIP'
INVITE sip:agent@example.com SIP/2.0
Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK1
Max-Forwards: 70
From: <URI>;tag=1
To: <sip:agent@example.com>
Call-ID: call-1@192.0.2.1
CSeq: 1 INVITE
Contact: <sip:caller@192.0.2.1:5060>
Content-Length: 0

SIP
sed -i 's/$/\r/' message.txt
cat >read.py <<'PY'
from aiosipua import SipMessage, parse_address
from rfcvoip.SIP import SIPMessage

with open("message.txt", newline="") as file:
    message = file.read()
for uri in open("uris.txt").read().split():
    text = message.replace("URI", uri)
    read = parse_address(SipMessage.parse(text).get_header("From")).uri
    port = f" (port {read.port})" if read.port else ""
    try:
        header = SIPMessage(text.encode()).headers["From"]
        other = f"{header['number']}, {header['host']}"
    except Exception:
        other = "refused"
    print(f"aiosipua: {read.user}, {read.host}{port}; rfcvoip: {other}")
PY
cat >read.cjs <<'JS'
const sip = require("sip");
const { readFileSync } = require("node:fs");
for (const uri of readFileSync("uris.txt", "utf8").trim().split("\n")) {
  const from = sip.parse(readFileSync("message.txt", "utf8").replace("URI", () => uri)).headers.from.uri;
  const { user, host } = sip.parseUri(from) ?? {};
  console.log(host ? `${user}, ${host}` : `reads ${from}`);
}
JS
python3 -m pip install -q --target python aiosipua==0.7.1 rfcvoip==2.10.3 >/dev/null 2>&1
(npm init -y && npm install --no-audit --no-fund sip@0.0.6) >/dev/null 2>&1

PYTHONPATH=python python3 read.py >of_python
node read.cjs >of_npm
seen=$(paste -d'|' uris.txt of_python of_npm | awk -F'|' '{ print $1 "\n  " $2 "; npm: " $3 }')
echo "$seen"
[ "$seen" = "sip:+12025550123@example.com;user=phone
  aiosipua: +12025550123, example.com; rfcvoip: +12025550123, example.com; npm: +12025550123, example.com
sip:+12025550123;cpc=ordinary@example.com;user=phone
  aiosipua: None, +12025550123; rfcvoip: None, +12025550123; npm: +12025550123;cpc=ordinary, example.com
tel:+12025550123
  aiosipua: None, tel (port 12025550123); rfcvoip: refused; npm: reads tel:+12025550123" ]
