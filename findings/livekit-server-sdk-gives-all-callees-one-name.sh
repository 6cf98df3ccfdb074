#!/usr/bin/env bash
# livekit-server-sdk 2.19.2 (npm) with github.com/livekit/protocol 1.54.1 (Go modules), what LiveKit's server is made of, beside livekit-api
# 1.2.2 (PyPI).
#
# Who is called into a room has an identity there. It's optional in createSipParticipant(), and LiveKit's server has one for a call without:
# "sip_" and the number that is dialed, so that two people in one room are two. The SDK for Node doesn't leave it to the server, but sends
# "sip-participant" for each. An identity is in a room once: by LiveKit's documentation, only the most recent one to join it can
# remain, and the server disconnects the other. Python's SDK sends none.
#
# Who is hurt: who brings a second person into a call from Node, a colleague to take over or a third party: as the second phone joins, the
# first is hung up on, with DUPLICATE_IDENTITY as the reason, and the colleague is alone with the agent. With one callee a room all is
# well, and with Python the same calls are. What helps: a participantIdentity for each call, of its own.
#
# Seen (who is in the room after two calls, to +12025550123 and +12025550124, as the server names them):
#   Node: sip-participant, sip-participant
#   Python: sip_+12025550123, sip_+12025550124
set -euo pipefail
folder=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; chmod -R u+w "$folder"; rm -rf "$folder"' EXIT
cd "$folder"

cat >main.go <<'GO'
package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"

	"github.com/livekit/protocol/livekit"
	"github.com/livekit/protocol/rpc"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
)

func named(request *http.Request) (string, error) {
	asked := &livekit.CreateSIPParticipantRequest{}
	body, _ := io.ReadAll(request.Body)
	read := proto.Unmarshal
	if strings.HasPrefix(request.Header.Get("Content-Type"), "application/json") {
		read = protojson.Unmarshal
	}
	if err := read(body, asked); err != nil {
		return "", err
	}
	trunk := &livekit.SIPOutboundTrunkInfo{Address: "sip.example.com", Numbers: []string{"+12025550100"}}
	call, err := rpc.NewCreateSIPParticipantRequest("", "SCL_1", "", "ws://127.0.0.1", "token", asked, trunk)
	if err != nil {
		return "", err
	}
	return call.ParticipantIdentity, nil
}

func main() {
	listener, _ := net.Listen("tcp", "127.0.0.1:0")
	fmt.Printf("http://%s\n", listener.Addr())
	http.Serve(listener, http.HandlerFunc(func(answer http.ResponseWriter, request *http.Request) {
		name, err := named(request)
		if err != nil {
			name = err.Error()
		}
		fmt.Println(name)
		body := []byte("{}")
		if request.Header.Get("Content-Type") == "application/protobuf" {
			body = nil
		}
		answer.Header().Set("Content-Type", request.Header.Get("Content-Type"))
		answer.Write(body)
	}))
}
GO
cat >dial.mjs <<'JS'
import { SipClient } from "livekit-server-sdk";
const client = new SipClient(process.argv[2], "key", "an-example-secret-of-32-characters");
for (const number of ["+12025550123", "+12025550124"]) await client.createSipParticipant("ST_1", number, "room");
JS
cat >dial.py <<'PY'
import asyncio, sys
from livekit import api

async def main():
    async with api.LiveKitAPI(sys.argv[1], "key", "an-example-secret-of-32-characters") as lk:
        for number in ("+12025550123", "+12025550124"):
            request = api.CreateSIPParticipantRequest(sip_trunk_id="ST_1", sip_call_to=number, room_name="room")
            await lk.sip.create_sip_participant(request)

asyncio.run(main())
PY
(npm init -y && npm install --no-audit --no-fund livekit-server-sdk@2.19.2) >/dev/null 2>&1
python3 -m pip install -q --target python livekit-api==1.2.2 >/dev/null 2>&1
(go mod init named && go get github.com/livekit/protocol@v1.54.1 github.com/livekit/psrpc@v0.8.2 && go mod tidy && go build -o named .) >/dev/null 2>&1

./named >named.log &
timeout 30 sh -c 'until [ -s named.log ]; do sleep 0.1; done'
url=$(head -n 1 named.log)
timeout 30 node dial.mjs "$url"
PYTHONPATH=python timeout 30 python3 dial.py "$url"
seen=$(sed 1d named.log | paste -sd, | awk -F, '{ print "Node: " $1 ", " $2; print "Python: " $3 ", " $4 }')
echo "$seen"
[ "$seen" = "Node: sip-participant, sip-participant
Python: sip_+12025550123, sip_+12025550124" ]
