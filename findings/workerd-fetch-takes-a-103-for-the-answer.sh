#!/usr/bin/env bash
# workerd 1.20260426.1 (npm), as miniflare 4.20260426.0 runs it: the local runtime of Cloudflare Workers.
#
# A server that sends an interim answer before its final one (103 Early Hints, 102 Processing), as RFC 9110 section 15.2 lets any
# server do, is misread by a Worker's fetch(): its promise resolves with the interim answer as the response, status 103, and the
# final status is nowhere. RFC 9110 has clients read past interim answers whether they expect them or not, and the Fetch standard
# ignores all of them but 101. Node's own fetch, asked for the same address, answers 200.
#
# Who is hurt: a Worker that calls an origin or a webhook receiver behind a server with Early Hints switched on. `response.ok` is
# false for a request that succeeded, so what is retried on failure is done twice.
#
# Seen:
#   node: plain 200, early hints 200, processing 200
#   workerd: plain 200, early hints 103, processing 102
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --no-audit --no-fund miniflare@4.20260426.0 >/dev/null 2>&1
echo "workerd $(node -p 'require("workerd/package.json").version')"

cat >ask.mjs <<'JS'
import { createServer } from "node:net";
import { Miniflare } from "miniflare";

const final = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok";
const answers = {
  plain: final,
  "early hints": `HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload; as=style\r\n\r\n${final}`,
  processing: `HTTP/1.1 102 Processing\r\n\r\n${final}`,
};
const script = `export default { async fetch(request) {
  const response = await fetch(new URL(request.url).searchParams.get("url"));
  return new Response(String(response.status));
} }`;
const worker = new Miniflare({ modules: true, script, compatibilityDate: "2026-04-01" });
const told = { node: [], workerd: [] };
for (const [name, answer] of Object.entries(answers)) {
  const server = createServer((socket) => socket.on("error", () => {}).once("data", () => socket.end(answer)));
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  const url = `http://127.0.0.1:${server.address().port}/`;
  told.node.push(`${name} ${(await fetch(url)).status}`);
  const seen = await worker.dispatchFetch(`http://worker/?url=${encodeURIComponent(url)}`);
  told.workerd.push(`${name} ${await seen.text()}`);
}
for (const [who, statuses] of Object.entries(told)) console.log(`${who}: ${statuses.join(", ")}`);
process.exit();
JS

seen=$(timeout 60 node ask.mjs)
echo "$seen"
[ "$seen" = "node: plain 200, early hints 200, processing 200
workerd: plain 200, early hints 103, processing 102" ]
