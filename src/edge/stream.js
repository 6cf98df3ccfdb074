// The live feed as server-sent events. The stream asks `GET /events` again and again, as any client could, and passes on
// what that answers: so each round is authenticated anew, and a stream that breaks off loses nothing, because the client
// comes back with the cursor of the last event it had.

const PATH = "/integration/v1/events";
/** How long a round waits for events. */
const WAIT_SECONDS = 20;
/** A stream ends after so long, and the client comes back: an invocation has a limited number of requests to objects. */
const LAST_MS = 55_000;
/** Between two rounds: what happens at once travels together. */
const PAUSE_MS = 50;
/** How soon a client comes back. */
const RETRY_MS = 250;

/**
 * @typedef {object} Part
 * @property {{ id: string, type: string }[]} events
 * @property {string} next_cursor
 */

/** @param {Request} request */
export function wantsStream(request) {
  const accept = request.headers.get("accept") ?? "";
  return request.method === "GET" && accept.includes("text/event-stream") && new URL(request.url).pathname === PATH;
}

/**
 * @param {Request} request
 * @param {(request: Request) => Promise<Response>} answer serves one request
 * @returns {Promise<Response>} the stream, or the refusal
 */
export async function stream(request, answer) {
  const url = new URL(request.url);
  /** @param {string} after @param {number} wait */
  const ask = (after, wait) => {
    if (after) url.searchParams.set("after", after);
    url.searchParams.set("wait_seconds", String(wait));
    return answer(new Request(url, { headers: request.headers }));
  };
  const first = await ask(request.headers.get("last-event-id") ?? "", 0);
  if (first.status !== 200) return first;
  const end = Date.now() + LAST_MS;
  const encoder = new TextEncoder();
  /** @type {Response | null} */
  let fresh = first;
  let cursor = "";
  const body = new ReadableStream({
    async pull(controller) {
      const response = fresh ?? (await ask(cursor, WAIT_SECONDS).catch(() => null));
      if (response?.status !== 200) return controller.close();
      /** @type {Part} */
      const part = await response.json();
      controller.enqueue(encoder.encode((fresh ? `retry: ${RETRY_MS}\n\n` : "") + frames(part)));
      fresh = null;
      cursor = part.next_cursor;
      if (Date.now() > end) return controller.close();
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    },
  });
  const headers = new Headers(first.headers);
  headers.set("content-type", "text/event-stream");
  headers.delete("content-length");
  return new Response(body, { headers });
}

/** @param {Part} part */
function frames({ events, next_cursor }) {
  const frame = (/** @type {Part["events"][number]} */ event) => `id: ${event.id}\nevent: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`;
  // Without data a browser notes the id and tells nobody: a quiet stream's cursor stays young.
  return events.length > 0 ? events.map(frame).join("") : `id: ${next_cursor}\n\n`;
}
