// A receiver of callbacks, in a separate process: records when each call's callback came. Started by `receivers.mjs`.

import { createServer } from "node:http";

/** @type {Map<string, number>} when each call's callback was first accepted, in ms since the epoch */
const received = new Map();
let twice = 0;
let status = 200;

const server = createServer((request, response) => {
  let body = "";
  request.setEncoding("utf8").on("data", (chunk) => (body += chunk));
  request.on("end", () => {
    const at = performance.timeOrigin + performance.now();
    const { call_id } = JSON.parse(body);
    if (status !== 200) return void response.writeHead(status).end();
    if (received.has(call_id)) twice += 1;
    else received.set(call_id, at);
    response.writeHead(200).end();
  });
});
server.keepAliveTimeout = 60_000;

process.on("message", (/** @type {{ status?: number }} */ message) => {
  status = message.status ?? status;
  process.send?.({ received, twice });
});
process.on("disconnect", () => process.exit());
server.listen(0, "127.0.0.1", () => process.send?.({ url: `http://127.0.0.1:${/** @type {any} */ (server.address()).port}/` }));
