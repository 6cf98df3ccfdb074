#!/usr/bin/env bash
# eventsource 5.1.5 (npm), beside 4.1.0, on Node.
#
# Since version 5 the timer of a reconnection no longer keeps the process alive. A worker that does nothing but listen to a feed ends
# at the first end of a stream, between two connections, with exit code 0 and no word; with 4.1.0 the same lines reconnect for as long as the
# source is open. Servers end streams as a matter of course (a limit on their length, a deployment), and the standard says: reconnect.
#
# Who is hurt: a consumer whose only work is the feed, as examples show it, after an update of the package: it is "done" with exit
# code 0, so what restarts failed processes alone doesn't restart it. Something else must keep the process up (a server, an interval).
#
# Seen, with a server that ends each stream after one event and asks for 300 ms of `retry`, and a client that closes after three:
#   eventsource 4.1.0: events 3, then closed
#   eventsource 5.1.5: events 1, then connecting; exit code 0
set -euo pipefail
folder=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; rm -rf "$folder"' EXIT

cat >"$folder/server.mjs" <<'JS'
import { createServer } from "node:http";
let sent = 0;
const server = createServer((_, response) => {
  response.writeHead(200, { "content-type": "text/event-stream", connection: "close" });
  sent += 1;
  response.end(`retry: 300\nid: ${sent}\ndata: event ${sent}\n\n`);
});
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
JS
cat >"$folder/client.mjs" <<'JS'
import { EventSource } from "eventsource";
const source = new EventSource(process.argv[2]);
let seen = 0;
source.addEventListener("message", () => {
  seen += 1;
  if (seen === 3) source.close();
});
process.on("exit", (code) => {
  const end = source.readyState === EventSource.CLOSED ? "closed" : `connecting; exit code ${code}`;
  console.log(`events ${seen}, then ${end}`);
});
JS

node "$folder/server.mjs" >"$folder/port" &
listen() {
  mkdir "$folder/$1"
  cp "$folder/client.mjs" "$folder/$1/"
  (cd "$folder/$1" && npm init -y && npm install --no-audit --no-fund "eventsource@$1") >/dev/null 2>&1
  echo "eventsource $1: $(cd "$folder/$1" && timeout 30 node client.mjs "http://127.0.0.1:$(cat "$folder/port")/")"
}

seen=$(listen 4.1.0 && listen 5.1.5)
echo "$seen"
[ "$seen" = "eventsource 4.1.0: events 3, then closed
eventsource 5.1.5: events 1, then connecting; exit code 0" ]
