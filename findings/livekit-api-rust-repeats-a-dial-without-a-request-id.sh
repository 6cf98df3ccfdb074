#!/usr/bin/env bash
# livekit-api 0.10.0 (crates.io), beside livekit-api 1.2.2 (PyPI).
#
# For a host of LiveKit Cloud, the server SDKs of 2026 repeat a request of their own accord when its answer is a 5xx or doesn't come (a
# dropped connection, a timeout): at another region, which they ask the project's address for. CreateSIPParticipant is no exception, and
# it is the one that makes a phone ring. The SDKs of Python, Node and Go send all tries of a request under one X-Livekit-Request-Id, by
# which a server can tell a repetition from a second call. The Rust SDK repeats just the same, but sends no id: its second request can't
# be told from a new call to the same person, at a region that may not know of the first. The caller sees one call and its result.
#
# Who is hurt: a dialer in Rust, when an answer is lost after LiveKit has begun to dial: it need not retry anything to ring a phone twice.
# `with_failover(false)` on the client ends it. (What LiveKit Cloud does with the id isn't seen here; that it is missing is.)
#
# Seen, with one call of create_sip_participant() to a server that reads the request and closes the connection:
#   Rust 0.10.0: asked demo, demo-b; request ids: none
#   Python 1.2.2: asked demo, demo-b, demo-b; request ids: one for all
set -euo pipefail
folder=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; rm -rf "$folder"' EXIT
mkdir -p "$folder/rust/src"

# Both clients reach it as their HTTP proxy, so no name of LiveKit's is ever looked up, nor anything sent there.
cat >"$folder/server.py" <<'PY'
import http.server, json, urllib.parse

class Server(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def do_GET(self):  # /settings/regions
        body = json.dumps({"regions": [{"region": "b", "url": "ws://demo-b.livekit.cloud", "distance": "1"}]}).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        host = urllib.parse.urlparse(self.path).hostname.removesuffix(".livekit.cloud")
        print(host, self.headers["x-livekit-request-id"], flush=True)
        self.close_connection = True

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
print(server.server_port, flush=True)
server.serve_forever()
PY
cat >"$folder/dial.py" <<'PY'
import asyncio, aiohttp
from livekit import api

async def main():
    async with aiohttp.ClientSession(trust_env=True) as session:
        lk = api.LiveKitAPI("http://demo.livekit.cloud", "key", "an-example-secret-of-32-characters", session=session)
        request = api.CreateSIPParticipantRequest(sip_trunk_id="ST_1", sip_call_to="+12025550123", room_name="room")
        try:
            await lk.sip.create_sip_participant(request)
        except aiohttp.ClientError:
            pass

asyncio.run(main())
PY
cat >"$folder/rust/Cargo.toml" <<'TOML'
[package]
name = "dial"
version = "0.1.0"
edition = "2021"

[dependencies]
livekit-api = { version = "=0.10.0", default-features = false, features = ["services"] }
tokio = { version = "1", features = ["macros", "rt"] }
TOML
cat >"$folder/rust/src/main.rs" <<'RS'
use livekit_api::services::sip::{CreateSIPParticipantOptions, SIPClient};

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let client = SIPClient::with_api_key("http://demo.livekit.cloud", "key", "an-example-secret-of-32-characters");
    let options = CreateSIPParticipantOptions::default();
    let told = client.create_sip_participant("ST_1".into(), "+12025550123".into(), "room".into(), options, None).await;
    assert!(told.is_err());
}
RS
python3 -m pip install -q --target "$folder/python" livekit-api==1.2.2 >/dev/null 2>&1
cargo build -q --manifest-path "$folder/rust/Cargo.toml"

asked() { # by the command, of a server of its own
  coproc python3 "$folder/server.py" 2>/dev/null
  local from=${COPROC[0]} process=$COPROC_PID port
  read -r port <&"$from"
  http_proxy="http://127.0.0.1:$port" timeout 60 "$@" >/dev/null 2>&1
  kill "$process"
  awk '{ hosts = hosts (NR > 1 ? ", " : "") $1; ids[$2] = 1 }
    END { kinds = length(ids); print "asked " hosts "; request ids: " ("None" in ids ? "none" : kinds == 1 ? "one for all" : kinds) }' <&"$from"
}

seen="Rust 0.10.0: $(asked cargo run -q --manifest-path "$folder/rust/Cargo.toml")
Python 1.2.2: $(PYTHONPATH="$folder/python" asked python3 "$folder/dial.py")"
echo "$seen"
[ "$seen" = "Rust 0.10.0: asked demo, demo-b; request ids: none
Python 1.2.2: asked demo, demo-b, demo-b; request ids: one for all" ]
