// The client: requests over raw sockets, prepared before the first is sent, so that the client costs next to nothing and is never
// what is measured. In a separate process, started by `client.mjs`.

import { connect } from "node:net";

/**
 * @typedef {object} Load
 * @property {string} url
 * @property {string} key
 * @property {{ method: string, path: string, body?: unknown }[]} requests sent in turn, over and over
 * @property {number} connections each with one request in flight
 * @property {number} [ms] for this long, or
 * @property {number} [count] this many requests
 * @property {number} [rate] this many per second, whether or not earlier ones were answered (open loop); otherwise as fast as
 * answers come
 *
 * @typedef {object} Result
 * @property {Record<string, number>} statuses the number of answers with each
 * @property {number[]} times ms from when a request was due to its answer
 * @property {number} ms from the first request to the last answer
 * @property {number} broken connections that broke with a request in flight
 * @property {number} withoutRetryAfter answers with 429 or 503 that don't say when to come back
 * @property {string[]} bodies of the first answers, and
 * @property {number[]} sentAt when each of those was due, in ms since the epoch
 */

const KEPT_BODIES = 20_000;

/** One connection: one request at a time. */
class Connection {
  /** @param {URL} url */
  constructor(url) {
    this.url = url;
    this.received = "";
    this.open();
  }

  open() {
    this.socket = connect(Number(this.url.port), this.url.hostname);
    this.socket.setNoDelay(true);
    this.received = "";
    this.socket.on("data", (chunk) => this.take(chunk.toString("latin1")));
    this.socket.on("error", () => {});
    this.socket.on("close", () => this.broke());
  }

  /** @param {string} text @returns {Promise<{ status: number, head: string, body: string } | null>} null if the connection broke */
  send(text) {
    if (this.socket?.destroyed) this.open();
    return new Promise((done) => {
      this.done = done;
      this.socket?.write(text);
    });
  }

  broke() {
    const done = this.done;
    this.done = undefined;
    done?.(null);
  }

  /** @param {string} chunk */
  take(chunk) {
    this.received += chunk;
    const answer = whole(this.received);
    if (!answer) return;
    this.received = "";
    const done = this.done;
    this.done = undefined;
    done?.(answer);
  }
}

/** The answer, once it is complete. @param {string} text */
function whole(text) {
  const end = text.indexOf("\r\n\r\n");
  if (end < 0) return null;
  const head = text.slice(0, end).toLowerCase();
  const status = Number(head.slice(9, 12));
  const length = /\r\ncontent-length: (\d+)/.exec(head)?.[1];
  const body = text.slice(end + 4);
  if (length !== undefined) return body.length >= Number(length) ? { status, head, body } : null;
  if (status === 204) return { status, head, body: "" };
  return body.endsWith("\r\n0\r\n\r\n") || body === "0\r\n\r\n" ? { status, head, body: unchunked(body) } : null;
}

/** @param {string} text */
function unchunked(text) {
  let body = "";
  for (let at = 0; ; ) {
    const end = text.indexOf("\r\n", at);
    const size = Number.parseInt(text.slice(at, end), 16);
    if (!size) return body;
    body += text.slice(end + 2, end + 2 + size);
    at = end + 4 + size;
  }
}

/** @param {Load} load @returns {Promise<Result>} */
async function run({ url, key, requests, connections, ms = Infinity, count = Infinity, rate }) {
  const target = new URL(url);
  const ready = requests.map(({ method, path, body }) => {
    const json = body === undefined ? "" : JSON.stringify(body);
    const more = json && `Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(json)}\r\n`;
    return `${method} ${path} HTTP/1.1\r\nHost: ${target.host}\r\nAuthorization: Bearer ${key}\r\n${more}\r\n${json}`;
  });
  /** @type {Result} */
  const result = { statuses: {}, times: [], ms: 0, broken: 0, withoutRetryAfter: 0, bodies: [], sentAt: [] };
  const startedAt = performance.now();
  let begun = 0;
  /** @param {Connection} connection @param {number} dueAt */
  const one = async (connection, dueAt) => {
    const answer = await connection.send(ready[begun++ % ready.length] ?? "");
    if (!answer) return void result.broken++;
    result.times.push(performance.now() - dueAt);
    result.statuses[answer.status] = (result.statuses[answer.status] ?? 0) + 1;
    if ([429, 503].includes(answer.status) && !answer.head.includes("\r\nretry-after: ")) result.withoutRetryAfter++;
    if (result.bodies.length >= KEPT_BODIES) return;
    result.bodies.push(answer.body);
    result.sentAt.push(performance.timeOrigin + dueAt);
  };
  const goesOn = (/** @type {number} */ sent) => sent < count && performance.now() - startedAt < ms;
  const pool = Array.from({ length: connections }, () => new Connection(target));
  if (rate) await openLoop(pool, rate, startedAt, goesOn, one);
  else {
    await Promise.all(
      pool.map(async (connection) => {
        while (goesOn(begun)) await one(connection, performance.now());
      }),
    );
  }
  result.ms = performance.now() - startedAt;
  for (const connection of pool) connection.socket?.destroy();
  return result;
}

/**
 * @param {Connection[]} pool @param {number} rate @param {number} startedAt
 * @param {(sent: number) => boolean} goesOn given how many requests were due, whether or not a connection was free for them
 * @param {(connection: Connection, dueAt: number) => Promise<void>} one
 */
async function openLoop(pool, rate, startedAt, goesOn, one) {
  const free = [...pool];
  /** @type {Promise<void>[]} */
  const all = [];
  /** Requests that are due and have no connection yet. @type {number[]} */
  const late = [];
  const next = () => {
    while (late.length > 0 && free.length > 0) {
      const connection = /** @type {Connection} */ (free.pop());
      const answered = one(connection, /** @type {number} */ (late.shift()));
      all.push(answered.then(() => (free.push(connection), next())));
    }
  };
  for (let due = 0; goesOn(due) || late.length > 0; ) {
    for (; goesOn(due) && startedAt + (due * 1_000) / rate <= performance.now(); due++) late.push(startedAt + (due * 1_000) / rate);
    next();
    await new Promise((done) => setTimeout(done, 1));
  }
  while (free.length < pool.length) await new Promise((done) => setTimeout(done, 5));
  await Promise.all(all);
}

process.on("message", async (/** @type {{ id: number, load: Load }} */ { id, load }) => process.send?.({ id, result: await run(load) }));
process.on("disconnect", () => process.exit());
