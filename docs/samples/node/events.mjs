// Follows the live feed. Run: node events.mjs   (Node 20 or newer, no packages)

import { readFile, rename, writeFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";

const { BASE_URL = "https://api.audatec.in", API_KEY, CURSOR_FILE = "cursor" } = process.env;
const WAIT_SECONDS = 30;

// Where the last run ended; at the very first, with what happens from now on.
let cursor = await readFile(CURSOR_FILE, "utf8").catch(() => "latest");

for (;;) {
  try {
    const response = await fetch(`${BASE_URL}/integration/v1/events?after=${cursor}&wait_seconds=${WAIT_SECONDS}`, {
      headers: { authorization: `Bearer ${API_KEY}` },
      signal: AbortSignal.timeout(1000 * (WAIT_SECONDS + 15)), // a connection that died says nothing
    });
    const body = await response.json();
    if (response.status === 410) {
      cursor = body.oldest_cursor; // away for more than 24 hours: read what was missed by GET /calls
      continue;
    }
    if (!response.ok) throw new Error(`${response.status} ${body.error}`);
    for (const { type, at, data } of body.events) console.log(at, type, data.id ?? "");
    cursor = body.next_cursor;
    // After the work, and whole or not at all: a crash repeats events, and loses none.
    await writeFile(`${CURSOR_FILE}.new`, cursor);
    await rename(`${CURSOR_FILE}.new`, CURSOR_FILE);
  } catch (error) {
    console.error(error.message);
    await sleep(5000);
  }
}
