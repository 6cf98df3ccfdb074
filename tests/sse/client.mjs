// Follows the live feed with npm's eventsource, and prints each event as a line of JSON.

import { EventSource } from "eventsource";

const [, , url = "", key = "", lastId = ""] = process.argv;
const types = (process.env["TYPES"] ?? "").split(",");
let first = lastId;
const source = new EventSource(url, {
  fetch: (input, init) => {
    const headers = { ...init.headers, authorization: `Bearer ${key}`, ...(first && { "last-event-id": first }) };
    first = "";
    return fetch(input, { ...init, headers });
  },
});
setInterval(() => {}, 60_000); // while it waits to come back, it lets its process end
const say = (/** @type {object} */ line) => console.log(JSON.stringify(line));
for (const type of ["message", "heartbeat", ...types]) {
  source.addEventListener(type, (event) => say({ id: event.lastEventId, event: event.type, data: JSON.parse(event.data) }));
}
source.addEventListener("error", (event) => {
  if (source.readyState !== EventSource.CLOSED) return say({ end: 0 });
  say({ status: event.code });
  process.exit();
});
