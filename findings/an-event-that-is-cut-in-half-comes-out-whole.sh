#!/usr/bin/env bash
# aiohttp-sse-client2 0.3.0 (PyPI) and github.com/r3labs/sse/v2 2.10.0 (Go modules), beside launchdarkly-eventsource 1.7.4 (PyPI) and
# github.com/launchdarkly/eventsource 1.11.0 (Go modules).
#
# A stream of server-sent events may end anywhere; where it ends within an event, the standard has a client throw the half away, since
# the server sends the event again after the reconnection. Python's aiohttp-sse-client2 keeps the half, and what comes over the next
# connection is appended to it: the event that is repeated arrives as {"n"⏎{"n":2}. Go's r3labs/sse hands the half out as an event,
# with the id of the whole one, so who stores that id as his position never sees the event again.
#
# Who is hurt: whoever follows a feed of calls with them. A proxy's restart or a timeout in the middle of an event, and one call's
# result is lost, or the reader ends with a JSON error on a stream that has none in it, and that is seen on no test server, which ends
# between events. What helps: take data that doesn't parse for "not received", and continue from the id before it.
#
# Seen, with a server that ends its first stream in the middle of event 2, and continues after what it is told was the last:
#   Python, aiohttp-sse-client2: 1 {"n":1}, 2 {"n"⏎{"n":2}, 3 {"n":3}
#   Python, launchdarkly-eventsource: 1 {"n":1}, 2 {"n":2}, 3 {"n":3}
#   Go, r3labs/sse: 1 {"n":1}, 2 {"n"
#   Go, launchdarkly/eventsource: 1 {"n":1}, 2 {"n":2}, 3 {"n":3}
# (r3labs/sse's Subscribe returns where a stream ends. Its caller reconnects, from 2, as far as he knows.)
set -euo pipefail
folder=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; chmod -R u+w "$folder"; rm -rf "$folder"' EXIT
cd "$folder"
mkdir go

cat >server.mjs <<'JS'
import { createServer } from "node:http";
const event = (n) => `id: ${n}\ndata: {"n":${n}}\n\n`;
const server = createServer((request, response) => {
  const last = Number(request.headers["last-event-id"] ?? 0);
  response.useChunkedEncodingByDefault = false; // the body ends with the connection, as behind a proxy that speaks HTTP/1.0
  response.writeHead(200, { "content-type": "text/event-stream", connection: "close" });
  if (last === 0) return response.end(event(1) + event(2).slice(0, -5));
  response.end([2, 3].filter((n) => n > last).map(event).join(""));
});
server.listen(0, "127.0.0.1", () => console.log(`http://127.0.0.1:${server.address().port}/`));
JS
cat >follow.py <<'PY'
import asyncio, sys
from datetime import timedelta

name, url = sys.argv[1:]
seen = []

def take(id, data):
    seen.append(id + " " + data.replace("\n", "⏎"))
    return len(seen) == 3

async def by_aiohttp():
    from aiohttp_sse_client2.client import EventSource
    async with EventSource(url, reconnection_time=timedelta(milliseconds=100)) as events:
        async for event in events:
            if take(event.last_event_id, event.data):
                return

def by_launchdarkly():
    from ld_eventsource import SSEClient
    from ld_eventsource.config import ErrorStrategy
    for event in SSEClient(url, error_strategy=ErrorStrategy.always_continue()).events:
        if take(event.last_event_id, event.data):
            return

asyncio.run(by_aiohttp()) if name == "aiohttp-sse-client2" else by_launchdarkly()
print(f"Python, {name}: " + ", ".join(seen))
PY
cat >go/main.go <<'GO'
package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/launchdarkly/eventsource"
	"github.com/r3labs/sse/v2"
)

func main() {
	name, url, seen := os.Args[1], os.Args[2], []string{}
	if name == "r3labs/sse" {
		sse.NewClient(url).SubscribeRaw(func(event *sse.Event) {
			seen = append(seen, string(event.ID)+" "+string(event.Data))
		})
	} else {
		stream, err := eventsource.Subscribe(url, "")
		if err != nil {
			panic(err)
		}
		go func() {
			for range stream.Errors {
			}
		}()
		for len(seen) < 3 {
			event := <-stream.Events
			seen = append(seen, event.Id()+" "+event.Data())
		}
	}
	fmt.Printf("Go, %s: %s\n", name, strings.Join(seen, ", "))
}
GO
python3 -m pip install -q --target python aiohttp-sse-client2==0.3.0 launchdarkly-eventsource==1.7.4 >/dev/null 2>&1
(cd go && go mod init follow && go get github.com/r3labs/sse/v2@v2.10.0 github.com/launchdarkly/eventsource@v1.11.0 &&
  go build -o ../follow .) >/dev/null 2>&1

node server.mjs >url &
timeout 30 sh -c "until [ -s url ]; do sleep 0.1; done"
url=$(cat url)
seen=$(for name in aiohttp-sse-client2 launchdarkly-eventsource; do
  PYTHONPATH=python timeout 30 python3 follow.py "$name" "$url" 2>/dev/null
done
for name in r3labs/sse launchdarkly/eventsource; do timeout 30 ./follow "$name" "$url" 2>/dev/null; done)
echo "$seen"
[ "$seen" = 'Python, aiohttp-sse-client2: 1 {"n":1}, 2 {"n"⏎{"n":2}, 3 {"n":3}
Python, launchdarkly-eventsource: 1 {"n":1}, 2 {"n":2}, 3 {"n":3}
Go, r3labs/sse: 1 {"n":1}, 2 {"n"
Go, launchdarkly/eventsource: 1 {"n":1}, 2 {"n":2}, 3 {"n":3}' ]
