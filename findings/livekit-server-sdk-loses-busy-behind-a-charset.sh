#!/usr/bin/env bash
# livekit-server-sdk 2.19.2 (npm), beside livekit-api 1.2.2 (PyPI).
#
# LiveKit tells why a call that was waited for came to nothing in the JSON of its error: `code`, and `meta.sip_status_code`. The Node SDK
# reads that JSON only if the answer's Content-Type is "application/json" to the letter. With a parameter, "application/json;
# charset=utf-8", which is the same media type and what a reverse proxy that is set to name the charset makes of it, the error has
# no code and no metadata, its sipStatusCode is undefined, and its message is the JSON, as text. It is no SipCallError any more, either.
#
# Who is hurt: a backend in Node before a LiveKit server of its own, once a proxy is put between or reconfigured: busy, declined and a
# number that doesn't exist are one to it, and are retried alike. Nothing fails on calls that are answered, so tests pass.
#
# Seen, with one answer of status 412 and the same body each time:
#   Node, application/json: SipCallError, failed_precondition, 486
#   Node, application/json; charset=utf-8: ServerError, undefined, undefined
#   Python, application/json: SipCallError, failed_precondition, 486
#   Python, application/json; charset=utf-8: SipCallError, failed_precondition, 486
set -euo pipefail
folder=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; rm -rf "$folder"' EXIT
cd "$folder"

cat >server.mjs <<'JS'
import { createServer } from "node:http";
const meta = { sip_status_code: "486", sip_status: "Busy Here" };
const body = JSON.stringify({ code: "failed_precondition", msg: "sip status 486: Busy Here", meta });
for (const type of ["application/json", "application/json; charset=utf-8"]) {
  const server = createServer((request, response) => {
    request.resume().on("end", () => response.writeHead(412, { "content-type": type }).end(body));
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  console.log(`http://127.0.0.1:${server.address().port} ${type}`);
}
JS
cat >dial.mjs <<'JS'
import { SipClient } from "livekit-server-sdk";
const [url, type] = process.argv.slice(2);
const client = new SipClient(url, "key", "an-example-secret-of-32-characters");
try {
  await client.createSipParticipant("ST_1", "+12025550123", "room", { waitUntilAnswered: true });
} catch (error) {
  console.log(`Node, ${type}: ${error.constructor.name}, ${error.code}, ${error.metadata?.sip_status_code}`);
}
JS
cat >dial.py <<'PY'
import asyncio, sys
from livekit import api

async def main(url, type):
    async with api.LiveKitAPI(url, "key", "an-example-secret-of-32-characters") as lk:
        request = api.CreateSIPParticipantRequest(
            sip_trunk_id="ST_1", sip_call_to="+12025550123", room_name="room", wait_until_answered=True
        )
        try:
            await lk.sip.create_sip_participant(request)
        except api.ServerError as error:
            print(f"Python, {type}: {error.__class__.__name__}, {error.code}, {error.metadata.get('sip_status_code')}")

asyncio.run(main(*sys.argv[1:]))
PY
npm init -y >/dev/null
npm install --no-audit --no-fund livekit-server-sdk@2.19.2 >/dev/null 2>&1
python3 -m pip install -q --target python livekit-api==1.2.2 >/dev/null 2>&1

node server.mjs >servers &
timeout 30 sh -c "until [ \"\$(wc -l <servers)\" = 2 ]; do sleep 0.1; done"
seen=$(while read -r url type; do timeout 30 node dial.mjs "$url" "$type" </dev/null; done <servers
  while read -r url type; do PYTHONPATH=python timeout 30 python3 dial.py "$url" "$type" </dev/null; done <servers)
echo "$seen"
[ "$seen" = "Node, application/json: SipCallError, failed_precondition, 486
Node, application/json; charset=utf-8: ServerError, undefined, undefined
Python, application/json: SipCallError, failed_precondition, 486
Python, application/json; charset=utf-8: SipCallError, failed_precondition, 486" ]
