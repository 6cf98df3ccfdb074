#!/usr/bin/env bash
# sdp-transform 3.0.0 (npm), beside sdp-transform 1.1.0 (PyPI), its port to Python.
#
# The o= line of a session description counts versions: whoever changes a call (hold, another address) sends the description with the
# number one higher, and whoever sees the number unchanged may take the description for the old one. RFC 4566 recommends a time in NTP
# format to begin with, which has 64 bits. npm's package reads such a number without loss, as a string, but writes it by way of a
# JavaScript number, which has 53 bits: above 9,007,199,254,740,992 neighbours come out as one.
#
# Who is hurt: SIP bridges in Node that rewrite descriptions with it (an address, a codec): the second offer of a call leaves with the version
# of the first, and a far end that trusts the number leaves the call as it was: on hold, or at the old address. With a peer
# whose versions are small it never shows. What helps: take the o= line over from the text as it came.
#
# Seen (an offer and the next one of the same call, read and written again, and whether the version still grows):
#   small versions: npm 3988640000, 3988640001, grows; Python 3988640000, 3988640001, grows
#   versions of 64 bits: npm 17052133400000000000, 17052133400000000000, stays; Python 17052133400000000000, 17052133400000000001, grows
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

offer() { # version, direction
  printf '%s\r\n' "v=0" "o=- 3988640000 $1 IN IP4 192.0.2.1" "s=-" "c=IN IP4 192.0.2.1" "t=0 0" "m=audio 5004 RTP/AVP 0" "a=$2"
}
offer 3988640000 sendrecv >small.1
offer 3988640001 sendonly >small.2
offer 17052133400000000000 sendrecv >large.1
offer 17052133400000000001 sendonly >large.2

cat >again.cjs <<'JS'
const { parse, write } = require("sdp-transform");
process.stdout.write(write(parse(require("node:fs").readFileSync(process.argv[2], "utf8"))));
JS
cat >again.py <<'PY'
import sys, sdp_transform

with open(sys.argv[1], newline="") as file:
    sys.stdout.write(sdp_transform.write(sdp_transform.parse(file.read())))
PY
(npm init -y && npm install --no-audit --no-fund sdp-transform@3.0.0) >/dev/null 2>&1
python3 -m pip install -q --target python sdp-transform==1.1.0 >/dev/null 2>&1

version() { # command and file
  "$@" | tr -d '\r' | awk '/^o=/ { print $3 }'
}
told() { # what, command
  local what=$1 first second
  shift
  first=$(version "$@" "$what.1")
  second=$(version "$@" "$what.2")
  echo "$first, $second, $([ "$first" = "$second" ] && echo stays || echo grows)"
}
export PYTHONPATH=python
seen=$(echo "small versions: npm $(told small node again.cjs); Python $(told small python3 again.py)"
  echo "versions of 64 bits: npm $(told large node again.cjs); Python $(told large python3 again.py)")
echo "$seen"
[ "$seen" = "small versions: npm 3988640000, 3988640001, grows; Python 3988640000, 3988640001, grows
versions of 64 bits: npm 17052133400000000000, 17052133400000000000, stays; Python 17052133400000000000, 17052133400000000001, grows" ]
