// Follows the live feed as a stream. Run: npm install eventsource@5 && node event-stream.mjs

import { EventSource } from "eventsource";

const { BASE_URL = "https://api.audatec.in", API_KEY, AFTER = "latest" } = process.env;

// While eventsource waits to come back, nothing of it keeps the process alive: without this, Node would exit.
setInterval(() => {}, 60_000);

/** @param {string} lastId where to continue; the library itself remembers it only while the object lives */
function follow(lastId) {
  const source = new EventSource(`${BASE_URL}/integration/v1/events${lastId && `?after=${lastId}`}`, {
    fetch: (url, init) => fetch(url, { ...init, headers: { ...init.headers, authorization: `Bearer ${API_KEY}` } }),
  });
  const take = (event) => {
    lastId = event.lastEventId;
    const { type, at, data } = JSON.parse(event.data);
    if (type !== "heartbeat") console.log(at, type, data.id ?? "");
  };
  const types = ["initiating", "ringing", "answered", "completed", "declined", "rejected", "failed"].map((name) => `call.${name}`);
  for (const type of [...types, "callback.delivered", "heartbeat"]) source.addEventListener(type, take);
  source.addEventListener("error", (event) => {
    if (source.readyState !== EventSource.CLOSED) return; // it comes back by itself
    // Any answer but 200 ends it for good. 401: the key is wrong, and stays so. Anything else may pass.
    console.error("closed", event.code ?? "", event.message ?? "");
    if (event.code === 401 || event.code === 403) process.exit(1);
    // 410: that place is older than 24 hours. Without one, the oldest event that is kept comes first.
    setTimeout(follow, 5000, event.code === 410 ? "" : lastId);
  });
}

follow(AFTER);
