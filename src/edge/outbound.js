// Requests to the outside world.

/** Names with their values. @param {string[]} flat alternating @returns {[string, string][]} */
export function pairs(flat) {
  /** @type {[string, string][]} */
  const all = [];
  for (let at = 0; at < flat.length; at += 2) all.push([flat[at] ?? "", flat[at + 1] ?? ""]);
  return all;
}

/**
 * One POST (a GET if `body` is empty), without following redirects. Without a `maxBody` the status line is the answer: nothing
 * of the body is read, however slowly it comes. With one, the whole body must arrive in time, and a longer one counts as none.
 * @param {string} url @param {string[]} headers names and values, alternating @param {string} body @param {number} limitMs
 * @param {number} maxBody in bytes
 * @returns {Promise<[status: number, retryAfter: number | null, body: string | null, deployment: string | null]>}
 */
export async function postOnce(url, headers, body, limitMs, maxBody) {
  // `AbortSignal.timeout` would keep running long after the answer has arrived.
  const limit = new AbortController();
  const timer = setTimeout(() => limit.abort(), limitMs);
  try {
    const sent = body ? { method: "POST", body } : {};
    const answer = await fetch(url, { ...sent, headers: pairs(headers), redirect: "manual", signal: limit.signal });
    const text = maxBody ? await readText(answer, maxBody) : null;
    if (!maxBody) answer.body?.cancel().catch(() => {});
    return [answer.status, seconds(answer.headers.get("retry-after")), text, answer.headers.get("x-deployment")];
  } catch (error) {
    if (limit.signal.aborted) throw new Error(`no answer within ${limitMs} ms`);
    throw new Error(error instanceof TypeError ? "the request could not be made" : "the connection failed");
  } finally {
    clearTimeout(timer);
  }
}

/**
 * One DELETE of an object in a storage, without following redirects. A body longer than `maxBody` counts as none.
 * @param {string} url @param {string[]} headers names and values, alternating @param {number} limitMs @param {number} maxBody in bytes
 * @returns {Promise<[status: number, retryAfter: null, body: string | null, region: string | null, versionStays: boolean]>}
 */
export async function removeOnce(url, headers, limitMs, maxBody) {
  const limit = new AbortController();
  const timer = setTimeout(() => limit.abort(), limitMs);
  try {
    const answer = await fetch(url, { method: "DELETE", headers: pairs(headers), redirect: "manual", signal: limit.signal });
    const text = await readText(answer, maxBody);
    return [answer.status, null, text, answer.headers.get("x-amz-bucket-region"), answer.headers.get("x-amz-delete-marker") === "true"];
  } finally {
    clearTimeout(timer);
  }
}

/**
 * `Retry-After` in seconds from now; the header holds a number of seconds or a date.
 * @param {string | null} text
 */
function seconds(text) {
  if (text === null) return null;
  const after = /^\s*\d+\s*$/.test(text) ? Number(text) : (Date.parse(text) - Date.now()) / 1000;
  return Number.isNaN(after) ? null : Math.max(0, Math.ceil(after));
}

/** @param {Response} answer @param {number} maxBytes @returns {Promise<string | null>} `null` for a longer one */
async function readText(answer, maxBytes) {
  const chunks = [];
  let size = 0;
  for await (const chunk of answer.body ?? []) {
    size += chunk.length;
    if (size > maxBytes) return null;
    chunks.push(chunk);
  }
  return new Blob(chunks).text();
}
