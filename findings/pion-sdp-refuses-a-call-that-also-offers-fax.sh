#!/usr/bin/env bash
# github.com/pion/sdp/v3 3.0.20, and github.com/livekit/media-sdk 0.1.1 on top of it (Go modules), beside sdp-transform 3.0.0 (npm).
#
# A session description may list several media, and who can't do one of them refuses that one, by port 0, and takes the rest (RFC 3264).
# Gateways before fax machines list two: the voice, and a fax over T.38, which is `m=image … udptl t38`. "image" is a registered
# type for this (RFC 6466), but pion/sdp knows five others, and one line of another type makes it an error for the whole: the voice
# beside it, a working phone call, can't be read either. LiveKit's media-sdk, which reads the SDP of phone calls with it, hands the error on.
#
# Who is hurt: dialers and SIP bridges in Go. A number behind such a gateway answers, and the call fails, or fails in the middle when
# a fax machine asks to change over; the log says "invalid value", not "fax". What helps: take the media of other types out of the
# text before it is parsed, and put them back into the answer with port 0.
#
# Seen:
#   pion/sdp, voice: read
#   pion/sdp, voice and fax: sdp: invalid value `image`
#   media-sdk, voice: read
#   media-sdk, voice and fax: sdp: invalid value `image`
#   sdp-transform, voice: audio
#   sdp-transform, voice and fax: audio image
set -euo pipefail
folder=$(mktemp -d)
trap 'chmod -R u+w "$folder"; rm -rf "$folder"' EXIT
cd "$folder"

cat >voice <<'SDP'
v=0
o=- 1869739744 1 IN IP4 192.0.2.1
s=-
c=IN IP4 192.0.2.1
t=0 0
m=audio 13960 RTP/AVP 0 101
a=rtpmap:0 PCMU/8000
a=rtpmap:101 telephone-event/8000
a=fmtp:101 0-15
SDP
cat voice - >"voice and fax" <<'SDP'
m=image 13962 udptl t38
a=T38FaxVersion:0
a=T38MaxBitRate:14400
a=T38FaxRateManagement:transferredTCF
a=T38FaxUdpEC:t38UDPRedundancy
SDP
sed -i 's/$/\r/' voice "voice and fax"
cat >main.go <<'GO'
package main

import (
	"fmt"
	"os"

	phone "github.com/livekit/media-sdk/sdp"
	"github.com/pion/sdp/v3"
)

func main() {
	readers := []struct {
		name string
		read func([]byte) error
	}{
		{"pion/sdp", func(text []byte) error { return new(sdp.SessionDescription).Unmarshal(text) }},
		{"media-sdk", func(text []byte) error { _, err := phone.ParseOffer(text); return err }},
	}
	for _, reader := range readers {
		for _, name := range []string{"voice", "voice and fax"} {
			text, _ := os.ReadFile(name)
			told := "read"
			if err := reader.read(text); err != nil {
				told = err.Error()
			}
			fmt.Printf("%s, %s: %s\n", reader.name, name, told)
		}
	}
}
GO
cat >read.mjs <<'JS'
import { readFileSync } from "node:fs";
import { parse } from "sdp-transform";
for (const name of ["voice", "voice and fax"]) {
  const types = parse(readFileSync(name, "utf8")).media.map((media) => media.type);
  console.log(`sdp-transform, ${name}: ${types.join(" ")}`);
}
JS
(go mod init read && go get github.com/pion/sdp/v3@v3.0.20 github.com/livekit/media-sdk@v0.1.1 && go mod tidy) >/dev/null 2>&1
(npm init -y && npm install --no-audit --no-fund sdp-transform@3.0.0) >/dev/null 2>&1

seen=$(go run . 2>/dev/null && node read.mjs)
echo "$seen"
[ "$seen" = "pion/sdp, voice: read
pion/sdp, voice and fax: sdp: invalid value \`image\`
media-sdk, voice: read
media-sdk, voice and fax: sdp: invalid value \`image\`
sdp-transform, voice: audio
sdp-transform, voice and fax: audio image" ]
