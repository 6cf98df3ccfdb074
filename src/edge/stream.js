// The live feed as server-sent events. The stream asks `GET /events` again and again, as any client could, and passes on the
// answers: so each round is authenticated anew, and a stream that breaks off loses nothing, because the client reconnects with
// the cursor of the last event it received.
//
// Every block, up to its blank line, has JSON as its data. The standard allows blocks without data, to set `retry` or only the
// id, but many clients hand such a block to their user, who then tries to parse nothing as JSON.

/** How long a round waits for events. */
const WAIT_SECONDS = 20;
/** A stream ends after this time, and the client reconnects: an invocation may send a limited number of requests to objects. */
const LAST_SECONDS = 55;
/** The pause between two rounds: events that occur together are sent together. */
const PAUSE_MS = 50;
/** How soon a client reconnects, */
const RETRY_MS = 2_000;
/** and how soon if the feed could not be read. */
const RETRY_FAILED_MS = 5_000;

/**
 * @typedef {object} Part
 * @property {{ id: string, type: string }[]} events
 * @property {string} next_cursor
 */

/**
 * How much a client wants a media type, by RFC 9110: the most specific matching range decides.
 * @param {string} accept @param {string} type
 * @returns {{ q: number, precision: number, at: number } | null} null if no range matches; `at` is the range's position
 */
function wish(accept, type) {
  const [group] = type.split("/");
  const precisions = ["*/*", `${group}/*`, type];
  /** @type {{ q: number, precision: number, at: number } | null} */
  let best = null;
  for (const [at, range] of (accept.match(/(?:[^,"]|"(?:[^"\\]|\\.)*"?)+/g) ?? []).entries()) {
    const [name = "", ...parameters] = range.split(";").map((part) => part.trim().toLowerCase());
    const precision = precisions.indexOf(name);
    if (precision < 0 || (best && precision <= best.precision)) continue;
    const q = parameters.find((parameter) => /^q\s*=/.test(parameter));
    best = { q: q === undefined ? 1 : Number(/^q\s*=\s*(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/.exec(q)?.[1] ?? 1), precision, at };
  }
  return best;
}

/**
 * Whether a client prefers the stream to JSON, which everybody else gets, whatever they accept. Of two types it wants equally,
 * the one named explicitly wins; of two named explicitly, the first.
 * @param {string | null} accept
 */
export function prefersStream(accept) {
  const stream = wish(accept ?? "", "text/event-stream");
  const json = wish(accept ?? "", "application/json");
  if (!stream || stream.q === 0) return false;
  if (json?.q === 0) return true; // the one that it refuses
  if (stream.precision === 0) return false;
  if (!json || json.q !== stream.q) return stream.q > (json?.q ?? 0);
  if (json.precision !== stream.precision) return stream.precision > json.precision;
  return stream.at < json.at;
}

/**
 * @param {Request} request
 * @param {(request: Request) => Promise<Response>} answer serves one request
 * @param {{ FEED_STREAM_SECONDS?: string }} env
 * @returns {Promise<Response>} the stream, or the refusal
 */
export async function stream(request, answer, env) {
  const url = new URL(request.url);
  /** @param {string} after @param {number} wait */
  const ask = (after, wait) => {
    if (after) url.searchParams.set("after", after);
    url.searchParams.set("wait_seconds", String(wait));
    return answer(new Request(url, { headers: request.headers }));
  };
  // Parameters that the stream sets itself are still refused if the client gave them twice.
  const isTwice = (/** @type {string} */ name) => url.searchParams.getAll(name).length > 1;
  if (isTwice("after") || isTwice("wait_seconds")) return answer(new Request(url, { headers: request.headers }));
  const lastId = request.headers.get("last-event-id") ?? "";
  const first = await ask(lastId, 0).catch((error) => {
    if (isCursor(lastId)) return null;
    throw error;
  });
  if (isCursor(lastId) && (!first || first.status === 429 || first.status >= 500)) return comeBackLater(first, lastId);
  if (first?.status !== 200) return /** @type {Response} */ (first);
  const headers = streamHeaders(first);
  if (request.method === "HEAD") return new Response(null, { headers });
  const end = Date.now() + 1_000 * lastingSeconds(env.FEED_STREAM_SECONDS);
  const encoder = new TextEncoder();
  /** @type {Response | null} */
  let fresh = first;
  let cursor = "";
  const body = new ReadableStream({
    async pull(controller) {
      const left = Math.ceil((end - Date.now()) / 1_000);
      const wait = Math.min(WAIT_SECONDS, Math.max(0, left));
      const response = fresh ?? (await ask(cursor, wait).catch(() => null));
      if (response?.status !== 200) return controller.close();
      /** @type {Part} */
      const part = await response.json();
      controller.enqueue(encoder.encode((fresh ? retry(RETRY_MS) : "") + blocks(part)));
      fresh = null;
      cursor = part.next_cursor;
      if (Date.now() >= end) return controller.close();
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    },
  });
  return new Response(body, { headers });
}

/**
 * The response to a client that had a stream and reconnects while the feed can't be read: at any status but 200 an `EventSource`
 * gives up for good.
 * @param {Response | null} failed @param {string} lastId
 */
function comeBackLater(failed, lastId) {
  const headers = streamHeaders(failed);
  return new Response(retry(RETRY_FAILED_MS) + heartbeat(lastId), { headers });
}

/** @param {Response | null} answered the source of the headers that all responses share */
function streamHeaders(answered) {
  return {
    "content-type": "text/event-stream",
    "cache-control": "no-store",
    "x-request-id": answered?.headers.get("x-request-id") ?? crypto.randomUUID(),
  };
}

/** Whether a text has the form of a cursor: 22 bytes in base64url. @param {string} text */
const isCursor = (text) => /^[A-Za-z0-9_-]{30}$/.test(text);

/** @param {string | undefined} setting from a test that wants a shorter one */
function lastingSeconds(setting) {
  const seconds = Number(setting);
  return seconds > 0 && seconds < LAST_SECONDS ? seconds : LAST_SECONDS;
}

/** The first line of a stream's first block. @param {number} ms */
const retry = (ms) => `retry: ${ms}\n`;

/** The events as blocks, or a heartbeat, so that a quiet stream's cursor stays recent. @param {Part} part */
function blocks({ events, next_cursor }) {
  return events.length > 0 ? events.map((event) => block(event.id, event.type, event)).join("") : heartbeat(next_cursor);
}

/** @param {string} id */
const heartbeat = (id) => block(id, "heartbeat", { id, type: "heartbeat" });

/** @param {string} id @param {string} type @param {object} data */
const block = (id, type, data) => `id: ${id}\nevent: ${type}\ndata: ${JSON.stringify(data)}\n\n`;
