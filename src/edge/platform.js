// The runtime's own calls, one crossing each: Rust hands over text and gets text or bytes back. Through general bindings
// the same calls cost several crossings each, and some 40 KB of WebAssembly that converts options.

/** How much of a refused body is read and forgotten before its sender is cut off. */
const MAX_DRAINED = 16 << 20;

/**
 * Method, URL and the headers of these names, a line each; none of them can hold a line break.
 * @param {Request} request @param {string} names a line each
 * @returns {string} of a header `=` and its value, or nothing where it is missing
 */
export function head(request, names) {
  let text = `${request.method}\n${request.url}`;
  for (const name of names.split("\n")) {
    const value = request.headers.get(name);
    text += value === null ? "\n" : `\n=${value}`;
  }
  return text;
}

/**
 * Runs a statement. One crossing each way, whatever it binds and answers.
 * @param {any} sql @param {string} query @param {string} bindings an array in JSON
 * @returns {string} in JSON how many rows were read and written, and the rows
 */
export function sqlRows(sql, query, bindings) {
  const cursor = sql.exec(query, ...JSON.parse(bindings));
  const rows = [...cursor.raw()];
  return JSON.stringify([cursor.rowsRead, cursor.rowsWritten, rows]);
}

/**
 * Likewise, for rows that hold one text each without a line break, as JSON documents are.
 * @param {any} sql @param {string} query @param {string} bindings
 * @returns {string} how many rows were read and written, and the texts, a line each
 */
export function sqlTexts(sql, query, bindings) {
  const cursor = sql.exec(query, ...JSON.parse(bindings));
  let texts = "";
  for (const [text] of cursor.raw()) texts += `\n${text}`;
  return `${cursor.rowsRead}\n${cursor.rowsWritten}${texts}`;
}

/**
 * Reads a body, cut off one byte above the limit.
 * @param {Request} request @param {number} limit in bytes
 */
export async function readBody(request, limit) {
  const length = Number(request.headers.get("content-length") ?? NaN);
  return length <= limit ? new Uint8Array(await request.arrayBuffer()) : readBounded(request, limit + 1);
}

/**
 * A large body, or one of unknown length. What lies above the limit is read and forgotten, as far as is decent: a client
 * that is refused while it still sends would see its connection reset instead of the answer.
 * @param {Request} request @param {number} limit
 */
async function readBounded(request, limit) {
  const body = new Uint8Array(limit);
  let [kept, read] = [0, 0];
  try {
    for await (const chunk of request.body ?? []) {
      const part = chunk.subarray(0, limit - kept);
      body.set(part, kept);
      kept += part.length;
      read += chunk.length;
      if (read > MAX_DRAINED) break;
    }
  } catch {
    // The sender is gone; what came is judged as it is.
  }
  return body.slice(0, kept);
}

/**
 * @param {number} status @param {string[]} headers names and values in turn @param {Uint8Array<ArrayBuffer>} [body]
 * @param {string} [rest] by which the entry module asks for what follows
 */
export function respond(status, headers, body, rest) {
  return Object.assign(new Response(body ?? null, { status, headers: pairs(headers) }), { rest });
}

/**
 * A page or a file of the static ones, when there is one of that path.
 * @param {any} env @param {Request} request @param {string} requestId
 * @param {string} path @param {boolean} namesOrigin @param {boolean} mayBeKept
 * @returns {Promise<Response | undefined>}
 */
export async function page(env, request, requestId, path, namesOrigin, mayBeKept) {
  const url = new URL(request.url);
  url.pathname = path;
  const asset = await env.ASSETS.fetch(new Request(url, { headers: request.headers }));
  if (asset.status === 404) return undefined;
  const file = namesOrigin ? await documentAt(url.origin, asset) : asset;
  const answer = request.method === "HEAD" ? await withoutBody(file) : new Response(file.body, file);
  answer.headers.set("X-Request-Id", requestId);
  if (!mayBeKept) answer.headers.set("Cache-Control", "no-store");
  return answer;
}

/**
 * What HEAD is answered where GET gets this. Of a file asked for by HEAD the platform tells no length: so it is asked for by GET.
 * @param {Response} file
 */
async function withoutBody(file) {
  const answer = new Response(null, file);
  if (file.body) answer.headers.set("Content-Length", String((await file.arrayBuffer()).byteLength));
  return answer;
}

/**
 * The OpenAPI document, with the origin that it was asked of as its first server: what a client made of it calls.
 * @param {string} origin @param {Response} asset
 */
async function documentAt(origin, asset) {
  const text = asset.body && (await asset.text());
  const own = `{"url": ${JSON.stringify(origin)}, "description": "This deployment"}`;
  const isKnown = text?.includes(`"url": ${JSON.stringify(origin)}`);
  const answer = new Response(isKnown ? text : text?.replace('"servers": [', () => `"servers": [\n    ${own},`), asset);
  answer.headers.delete("Content-Length"); // of the file
  return answer;
}

/** @param {string[]} flat @returns {[string, string][]} */
function pairs(flat) {
  return flat.flatMap((name, at) => (at % 2 === 0 ? [[name, flat[at + 1] ?? ""]] : []));
}

/**
 * KV may serve what it read up to 30 s ago, the least it takes.
 * @param {any} env @param {string} binding @param {string} key @returns {Promise<string | null>}
 */
export const kvGet = (env, binding, key) => env[binding].get(key, { cacheTtl: 30 });

/**
 * Writes a value; without one, deletes the key.
 * @param {any} env @param {string} binding @param {string} key @param {string} [value]
 */
export const kvPut = (env, binding, key, value) =>
  value === undefined ? env[binding].delete(key) : env[binding].put(key, value);

/**
 * @param {any} env @param {string} binding @param {string} prefix
 * @returns {Promise<string[]>} all keys that begin so
 */
export async function kvNames(env, binding, prefix) {
  const names = [];
  let cursor;
  do {
    /** @type {{ keys: { name: string }[], list_complete: boolean, cursor?: string }} */
    const page = await env[binding].list({ prefix, cursor });
    names.push(...page.keys.map((key) => key.name));
    cursor = page.list_complete ? undefined : page.cursor;
  } while (cursor);
  return names;
}

/** @param {any} env @param {string} binding @param {string[]} texts */
export const queueSend = (env, binding, texts) =>
  env[binding].sendBatch(texts.map((body) => ({ body, contentType: "text" })));

/**
 * Keeps a text in the archive, when the deployment has one: the R2 bucket `ARCHIVE`.
 * @param {any} env @param {string} name @param {string} text
 */
export const archive = async (env, name, text) => void (await env.ARCHIVE?.put(name, text));

/**
 * Asks a Durable Object. The deadline is there because an object that trapped never answers.
 * @param {any} env @param {string} binding @param {string} name @param {string} body @param {number} limitMs
 * @returns {Promise<Uint8Array>}
 */
export async function ask(env, binding, name, body, limitMs) {
  const namespace = env[binding];
  const asked = namespace.get(namespace.idFromName(name)).fetch("https://object/", { method: "POST", body });
  return within(limitMs, async () => {
    const answer = await asked;
    const bytes = new Uint8Array(await answer.arrayBuffer());
    if (answer.status !== 200) throw new Error(`status ${answer.status}`);
    return bytes;
  });
}

/**
 * @template T
 * @param {number} limitMs @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
function within(limitMs, work) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error("no answer in time")), limitMs);
    work().then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

/**
 * One POST, redirects not followed. Without a `maxBody` the status line is the answer: of the body nothing is read, however
 * it dribbles in. With one the whole body must be there in time; a longer one is none.
 * @param {string} url @param {string[]} headers names and values in turn @param {string} body @param {number} limitMs
 * @param {number} maxBody in bytes
 * @returns {Promise<[status: number, retryAfter: number | null, body: string | null]>}
 */
export async function post(url, headers, body, limitMs, maxBody) {
  const signal = AbortSignal.timeout(limitMs);
  try {
    const answer = await fetch(url, { method: "POST", headers: pairs(headers), body, redirect: "manual", signal });
    const text = maxBody ? await readText(answer, maxBody) : null;
    if (!maxBody) answer.body?.cancel().catch(() => {});
    return [answer.status, seconds(answer.headers.get("retry-after")), text];
  } catch (error) {
    if (signal.aborted) throw new Error(`no answer within ${limitMs} ms`);
    throw new Error(error instanceof TypeError ? "the request could not be made" : "the connection failed");
  }
}

/**
 * `Retry-After` in seconds from now: it is a number of them, or a date.
 * @param {string | null} text
 */
function seconds(text) {
  if (text === null) return null;
  const after = /^\s*\d+\s*$/.test(text) ? Number(text) : (Date.parse(text) - Date.now()) / 1000;
  return Number.isNaN(after) ? null : Math.max(0, Math.ceil(after));
}

/** @param {Response} answer @param {number} maxBytes @returns {Promise<string | null>} nothing of a longer one */
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

/**
 * AES-GCM, bound to its context.
 * @param {"encrypt" | "decrypt"} what @param {Uint8Array<ArrayBuffer>} key @param {Uint8Array<ArrayBuffer>} iv @param {Uint8Array<ArrayBuffer>} additionalData
 * @param {Uint8Array<ArrayBuffer>} bytes
 */
export async function crypt(what, key, iv, additionalData, bytes) {
  const imported = await crypto.subtle.importKey("raw", key, "AES-GCM", false, [what]);
  return new Uint8Array(await crypto.subtle[what]({ name: "AES-GCM", iv, additionalData }, imported, bytes));
}

/**
 * Writes a dial of the simulated carrier into its journal, which the local run may bind and a deployment never has.
 * @param {any} env @param {string} callId
 */
export async function journal(env, callId) {
  const written = await env.SIM_JOURNAL?.fetch("http://journal/", { method: "POST", body: callId });
  if (written && !written.ok) throw new Error(`status ${written.status}`);
}

/** @param {number} ms @returns {Promise<void>} */
export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/**
 * @param {string} text
 * @returns {string[]} a URL's scheme, host name, port, path, query, user and password as this runtime's own parser reads them;
 *   nothing for no URL
 */
export function parseUrl(text) {
  if (!URL.canParse(text)) return [];
  const { protocol, hostname, port, pathname, search, username, password } = new URL(text);
  return [protocol.slice(0, -1), hostname, port, pathname, search, username, password];
}
