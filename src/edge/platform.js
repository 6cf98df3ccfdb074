// The runtime's functions, at one crossing each: Rust passes text and gets text or bytes back. Through general bindings the same
// functions take several crossings each, and some 40 KB of WebAssembly that converts options.

import * as rust from "wasm-glue";
import { eraseObject, removeArchived, removeCopies } from "./erase.js";
import { alike, exchange, together, within, withResolvers } from "./hops.js";
import { pairs, postOnce, removeOnce } from "./outbound.js";

let calls = 0;

/**
 * Starts a call whose answer comes later: Rust waits for it by its number, which is unique in this isolate, so that it is not
 * mistaken for a call of an instance that died.
 * @param {() => unknown} work fails with what it throws
 * @returns {number}
 */
function later(work) {
  const call = (calls = (calls + 1) >>> 0);
  begun(work).then(
    (value) => rust.settled(call, true, value),
    (error) => rust.settled(call, false, error),
  );
  return call;
}

/** The promise that the work returned, without wrapping it in another. @param {() => unknown} work @returns {Promise<unknown>} */
function begun(work) {
  try {
    return Promise.resolve(work());
  } catch (error) {
    return Promise.reject(error);
  }
}

/** A promise to be settled with `settle`. */
export function deferred() {
  const { promise, resolve, reject } = withResolvers();
  return Object.assign(promise, { resolve, reject });
}

/** @param {ReturnType<typeof deferred>} promise @param {boolean} isGood @param {unknown} value */
export const settle = (promise, isGood, value) => (isGood ? promise.resolve(value) : promise.reject(value));

/** The headers read from a request: `http.rs` expects them in this order. */
const READ = ["authorization", "idempotency-key", "content-type", "content-encoding"];
/** More of them, for a request without the first: with a key it does not matter which page sent the request. */
const READ_OF_PAGES = ["cookie", "origin", "sec-fetch-site"];
/** A body of at most this many bytes is read whole, whatever its route accepts. */
const SMALL = 65_536;

/** How many bytes of a refused body are read and discarded before its sender is cut off. */
const MAX_DRAINED = 16 << 20;

/**
 * A request's own id, method, URL and headers, one per line; none of them can contain a line break.
 * @param {Request} request
 * @returns {string} for a header, `=` and its value, or nothing if it is missing
 */
export function head(request) {
  const known = `${crypto.randomUUID()}\n${request.method}\n${request.url}${lines(request, READ)}`;
  return request.headers.has("authorization") ? known : known + lines(request, READ_OF_PAGES);
}

/** @param {Request} request @param {string} names one per line @returns {string} those headers, one per line */
export const headers = (request, names) => lines(request, names.split("\n")).slice(1);

/** @param {Request} request @param {string[]} names */
function lines({ headers }, names) {
  let text = "";
  for (const name of names) {
    const value = headers.get(name);
    text += value === null ? "\n" : `\n=${value}`;
  }
  return text;
}

/**
 * Runs a statement, at one crossing each way, whatever it binds and returns.
 * @param {any} sql @param {string} query @param {string} bindings a JSON array
 * @returns {string} as JSON: how many rows were read and written, and the rows
 */
export function sqlRows(sql, query, bindings) {
  const cursor = sql.exec(query, ...JSON.parse(bindings));
  const rows = [...cursor.raw()];
  return JSON.stringify([cursor.rowsRead, cursor.rowsWritten, rows]);
}

/**
 * The same for rows with one text each, without line breaks, as JSON documents are.
 * @param {any} sql @param {string} query @param {string} bindings
 * @returns {string} how many rows were read and written, and the texts, one per line
 */
export function sqlTexts(sql, query, bindings) {
  const cursor = sql.exec(query, ...JSON.parse(bindings));
  let texts = "";
  for (const [text] of cursor.raw()) texts += `\n${text}`;
  return `${cursor.rowsRead}\n${cursor.rowsWritten}${texts}`;
}

/**
 * Reads a body; a large one is cut off one byte above the limit. `null` if its sender broke off.
 * @param {Request} request @param {(method: string, url: string) => number} limitOf what a route accepts, in bytes
 * @returns {Promise<Uint8Array<ArrayBuffer> | null>}
 */
export async function readBody(request, limitOf) {
  const length = Number(request.headers.get("content-length") ?? NaN);
  if (length <= SMALL) return whole(request);
  if (!request.body) return new Uint8Array();
  const limit = limitOf(request.method, request.url);
  return length <= limit ? whole(request) : readBounded(request, limit + 1);
}

/** @param {Request} request */
async function whole(request) {
  const body = await request.arrayBuffer().catch(() => null);
  return body && new Uint8Array(body);
}

/**
 * A large body, or one of unknown length. Bytes above the limit are read and discarded, within reason: a client that is refused
 * while it is still sending would see its connection reset instead of the response.
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
    // The sender is gone, and part of a body may say what nobody meant: half a phone number may be a phone number too.
    if (kept < limit) return null;
  }
  return body.slice(0, kept);
}

/**
 * @param {number} status @param {string} headers names and values, alternating, one per line @param {Uint8Array<ArrayBuffer>} [body]
 * @param {string} [rest] with which the entry module asks for the remainder
 */
export function respond(status, headers, body, rest) {
  const response = new Response(body ?? null, { status, headers: pairs(headers.split("\n")) });
  return rest === undefined ? response : Object.assign(response, { rest });
}

/**
 * The static page or file at a path, if there is one.
 * @param {any} env @param {Request} request @param {string} requestId
 * @param {string} path @param {boolean} namesOrigin @param {boolean} mayBeKept
 * @returns {Promise<Response | undefined>}
 */
async function findPage(env, request, requestId, path, namesOrigin, mayBeKept) {
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

/** @type {(...given: Parameters<typeof findPage>) => number} */
export const page = (...given) => later(() => findPage(...given));

/**
 * The response to HEAD where GET would get this one. The platform gives no length for a file requested by HEAD, so it is
 * requested by GET.
 * @param {Response} file
 */
async function withoutBody(file) {
  const answer = new Response(null, file);
  if (file.body) answer.headers.set("Content-Length", String((await file.arrayBuffer()).byteLength));
  return answer;
}

/**
 * The OpenAPI document, with the origin it was requested from as its first server, so that generated clients call this deployment.
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

/**
 * KV may serve what it read up to 30 s ago, the shortest time that it allows.
 * @param {any} env @param {string} binding @param {string} key
 */
export const kvGet = (env, binding, key) => later(() => env[binding].get(key, { cacheTtl: 30 }));

/**
 * Writes a value; without one, deletes the key.
 * @param {any} env @param {string} binding @param {string} key @param {string} [value]
 */
export const kvPut = (env, binding, key, value) =>
  later(() => (value === undefined ? env[binding].delete(key) : env[binding].put(key, value)));

/**
 * All keys with this prefix.
 * @param {any} env @param {string} binding @param {string} prefix
 */
export const kvNames = (env, binding, prefix) => later(() => allNames(env[binding], prefix));

/** @param {any} kv @param {string} prefix */
async function allNames(kv, prefix) {
  const names = [];
  let cursor;
  do {
    /** @type {{ keys: { name: string }[], list_complete: boolean, cursor?: string }} */
    const page = await kv.list({ prefix, cursor });
    names.push(...page.keys.map((key) => key.name));
    cursor = page.list_complete ? undefined : page.cursor;
  } while (cursor);
  return names;
}

/** @param {any} env @param {string} binding @param {string[]} texts */
export const queueSend = (env, binding, texts) =>
  later(() => env[binding].sendBatch(texts.map((body) => ({ body, contentType: "text" }))));

/** Sets an object's alarm. @param {any} object @param {number} at ms since the epoch */
export const setAlarm = (object, at) => later(() => object.storage.setAlarm(at));

/** When an object's alarm is due, if it has one. @param {any} object */
export const getAlarm = (object) => later(() => object.storage.getAlarm());

/** Whether a deployment has a binding, or a text that is not empty. @param {any} env @param {string} name */
export const isBound = (env, name) => Boolean(env[name]);

/**
 * Writes a data point, if there is a dataset of that name, indexed by its first text.
 * @param {any} env @param {string} name @param {string[]} blobs @param {Float64Array} numbers
 */
export function dataPoint(env, name, blobs, numbers) {
  env[name]?.writeDataPoint({ indexes: blobs.slice(0, 1), blobs, doubles: [...numbers] });
}

/**
 * Writes a text to the archive, if the deployment has one: the R2 bucket `ARCHIVE`.
 * @param {any} env @param {string} name @param {string} text
 */
export const archive = (env, name, text) => later(() => env.ARCHIVE?.put(name, text));

/** @type {(...given: Parameters<typeof removeCopies>) => number} */
export const kvRemove = (...given) => later(() => removeCopies(...given));
/** @type {(...given: Parameters<typeof removeArchived>) => number} */
export const archiveRemove = (...given) => later(() => removeArchived(...given));
/** @type {(limitMs: number, ...given: Parameters<typeof eraseObject>) => number} */
export const erase = (limitMs, ...given) => later(() => within(limitMs, eraseObject(...given)));

/**
 * Names in the archive with this prefix that come after the given one, in order.
 * @param {any} env @param {string} prefix @param {string} startAfter @param {number} limit
 */
export const archiveNames = (env, prefix, startAfter, limit) =>
  later(async () => {
    const page = await env.ARCHIVE?.list({ prefix, limit, ...(startAfter && { startAfter }) });
    return (page?.objects ?? []).map((/** @type {{ key: string }} */ object) => object.key);
  });

/** The version and the text stored under a name, or neither. @param {any} env @param {string} name */
export const archiveGet = (env, name) =>
  later(async () => {
    const object = await env.ARCHIVE?.get(name);
    return object ? [object.etag, await object.text()] : [];
  });

/**
 * Replaces it, unless its version has changed. Returns whether it did.
 * @param {any} env @param {string} name @param {string} etagMatches @param {string} text
 */
export const archiveAgain = (env, name, etagMatches, text) =>
  later(async () => Boolean(await env.ARCHIVE?.put(name, text, { onlyIf: { etagMatches } })));

/**
 * Asks a Durable Object.
 * @param {any} env @param {string} binding @param {string} name @param {string} body @param {number} limitMs
 */
export const ask = (env, binding, name, body, limitMs) => later(() => within(limitMs, exchange(env[binding], name, body)));

/**
 * The same, in one message with whatever else this isolate is asking of it in this lane.
 * @param {any} env @param {any} ctx @param {string} lane @param {string} binding @param {string} name @param {string} body @param {number} limitMs
 */
export const askTogether = (env, ctx, lane, binding, name, body, limitMs) =>
  later(() => together(lane + name, body, (body) => exchange(env[binding], name, body), limitMs, ctx));

/**
 * The same, asked once for several who ask the same.
 * @param {any} env @param {any} ctx @param {string} question @param {number} since @param {number} waitMs
 * @param {string} binding @param {string} name @param {string} body @param {number} limitMs
 */
export const askAlike = (env, ctx, question, since, waitMs, binding, name, body, limitMs) =>
  later(() => alike(question, since, waitMs, () => exchange(env[binding], name, body), limitMs, ctx));

/** @type {(...given: Parameters<typeof postOnce>) => number} */
export const post = (...given) => later(() => postOnce(...given));

/** @type {(...given: Parameters<typeof removeOnce>) => number} */
export const remove = (...given) => later(() => removeOnce(...given));

/**
 * AES-GCM, bound to its context.
 * @param {"encrypt" | "decrypt"} what @param {Uint8Array<ArrayBuffer>[]} given key, nonce, context and text: in Rust's memory, which may move
 */
export const crypt = (what, ...given) => {
  const own = given.map((bytes) => bytes.slice());
  return later(() => crypted(what, own));
};

/** @param {"encrypt" | "decrypt"} what @param {Uint8Array<ArrayBuffer>[]} given */
async function crypted(what, [key = none, iv = none, additionalData = none, text = none]) {
  const imported = await crypto.subtle.importKey("raw", key, "AES-GCM", false, [what]);
  return new Uint8Array(await crypto.subtle[what]({ name: "AES-GCM", iv, additionalData }, imported, text));
}

const none = new Uint8Array();

/**
 * Writes a dial of the simulated carrier into its journal, which a local run may bind and a deployment never does.
 * @param {any} env @param {string} callId
 */
export const journal = (env, callId) => later(() => written(env.SIM_JOURNAL?.fetch("http://journal/", { method: "POST", body: callId })));

/** @param {Promise<Response> | undefined} asked */
async function written(asked) {
  const answer = await asked;
  if (answer && !answer.ok) throw new Error(`status ${answer.status}`);
}

/** @param {number} ms */
export const sleep = (ms) => later(() => new Promise((resolve) => setTimeout(resolve, ms)));

/**
 * @param {string} text
 * @returns {string} a URL's scheme, host name, port, path, query, user and password as this runtime's own parser reads them, one
 *   per line, since it leaves no line breaks in them; empty for anything that is no URL
 */
export function parseUrl(text) {
  if (!URL.canParse(text)) return "";
  const { protocol, hostname, port, pathname, search, username, password } = new URL(text);
  return [protocol.slice(0, -1), hostname, port, pathname, search, username, password].join("\n");
}
