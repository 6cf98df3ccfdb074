// Listeners of the live feed, in a separate process: streams over raw sockets, and how late each event arrived. A stream that
// ends is resumed with the cursor of its last event, as an EventSource does. Started by `parts/feed.mjs`.

import { connect } from "node:net";

const [url = "", key = "", count = "1"] = process.argv.slice(2);
const target = new URL(url);

/** For all listeners together. */
const seen = { lags: /** @type {number[]} */ ([]), completed: 0, refused: /** @type {Record<string, number>} */ ({}), open: 0 };

/** @param {string} last */
function listen(last) {
  const socket = connect(Number(target.port), target.hostname);
  let text = "";
  let isOpen = false;
  socket.setEncoding("utf8");
  const after = last ? `Last-Event-ID: ${last}\r\n` : "";
  const query = last ? "" : "?after=latest";
  socket.write(
    `GET /integration/v1/events${query} HTTP/1.1\r\nHost: ${target.host}\r\nAuthorization: Bearer ${key}\r\nAccept: text/event-stream\r\n${after}\r\n`,
  );
  socket.on("data", (/** @type {string} */ chunk) => {
    text += chunk;
    if (!isOpen && text.includes("\r\n\r\n")) {
      isOpen = true;
      const status = text.slice(9, 12);
      if (status === "200") seen.open += 1;
      else seen.refused[status] = (seen.refused[status] ?? 0) + 1;
    }
    const blocks = text.split("\n\n");
    text = blocks.pop() ?? "";
    for (const block of blocks) last = take(block) ?? last;
    if (/\r\n0\r\n\r\n$/.test(text)) socket.destroy();
  });
  socket.on("error", () => {});
  socket.on("close", () => {
    if (isOpen) seen.open -= 1;
    setTimeout(() => listen(last), 10);
  });
}

/** @param {string} block @returns {string | undefined} its cursor */
function take(block) {
  const data = /^data: (.*)$/m.exec(block)?.[1];
  if (!data) return undefined;
  const event = JSON.parse(data);
  if (event.type !== "heartbeat") {
    if (event.type === "call.completed") seen.completed += 1;
    seen.lags.push(performance.timeOrigin + performance.now() - Date.parse(event.at));
  }
  return event.id;
}

process.on("message", () => {
  process.send?.(seen);
  seen.lags = [];
});
process.on("disconnect", () => process.exit());
for (let made = 0; made < Number(count); made++) listen("");
