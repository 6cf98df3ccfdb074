// The floor: what this platform's I/O costs in handwritten plain JavaScript, and nothing more. It has the same bindings and the
// same requests between objects, rows, alarms and messages where those are needed; of checks, limits, repeats, history, roles and
// failures, only what a call that goes well encounters. `npm run bench` compares the Worker with it.

import { DurableObject } from "cloudflare:workers";

const KEPT_MS = 20_000;
const DISPATCH_AGAIN_MS = 5_000;
const RING_MS = 45_000;
const CALLS_PER_MESSAGE = 20;

/** @type {Map<string, { record: any, until: number }>} */
const records = new Map();

/** @param {any} env @param {string} name */
async function record(env, name) {
  const known = records.get(name);
  if (known && known.until > Date.now()) return known.record;
  const read = await env.RECORDS.get(name, { type: "json", cacheTtl: 30 });
  if (read) records.set(name, { record: read, until: Date.now() + KEPT_MS });
  return read;
}

/** @param {number} status @param {unknown} body */
function json(status, body) {
  const headers = { "content-type": "application/json", "cache-control": "no-store", "x-request-id": crypto.randomUUID() };
  return new Response(JSON.stringify(body), { status, headers });
}

/** @param {number} status @param {string} error */
const refused = (status, error) => json(status, { error });

/** @param {any} env @param {string} trunk @param {unknown} question */
async function ask(env, trunk, question) {
  const object = env.TRUNKS.get(env.TRUNKS.idFromName(trunk));
  const answer = await object.fetch("https://object/", { method: "POST", body: JSON.stringify(question) });
  if (!answer.ok) throw new Error(`status ${answer.status}`);
  return answer.json();
}

/** @param {Request} request @param {any} env */
async function trigger(request, env) {
  const body = /** @type {any} */ (await request.json().catch(() => null));
  if (!/^\+[1-9]\d{6,14}$/.test(body?.phone_number)) return refused(400, "phone_number must be in E.164 format");
  const [agent, trunk] = await Promise.all([record(env, `agent/${body.agent_id}`), record(env, `trunk/${body.sip_trunk_id}`)]);
  if (!agent || !trunk) return refused(404, "not found");
  const missing = agent.fields.filter((/** @type {string} */ field) => !(field in (body.metadata ?? {})));
  if (missing.length > 0) return refused(400, `metadata lacks ${missing}`);
  const { phone_number, agent_id, sip_trunk_id, metadata, callback_url } = body;
  const id = await ask(env, sip_trunk_id, { admit: { phone_number, agent_id, sip_trunk_id, metadata, callback_url } });
  return json(201, { call_id: id, status: "initiating", poll_url: `/integration/v1/calls/${id}/status` });
}

/** @param {URL} url @param {any} env */
async function status(url, env) {
  const id = url.pathname.split("/")[4] ?? "";
  // A call's id says which trunk it is on.
  const call = await ask(env, id.slice(0, id.length - 37), { read: id });
  return call ? json(200, call) : refused(404, "Call not found");
}

/** What a test sets up: a key, an agent and trunks. @param {Request} request @param {any} env */
async function seed(request, env) {
  const { records, secret } = /** @type {any} */ (await request.json());
  for (const [name, value] of Object.entries(records)) await env.RECORDS.put(name, JSON.stringify(value));
  if (secret) await env.RECORDS.put("secret", JSON.stringify(secret));
  return json(201, {});
}

/** @type {Promise<CryptoKey> | undefined} */
let signing;

/** @param {any} env */
const signingKey = (env) =>
  (signing ??= record(env, "secret").then((secret) =>
    crypto.subtle.importKey("raw", new TextEncoder().encode(secret), { name: "HMAC", hash: "SHA-256" }, false, ["sign"]),
  ));

/** @param {any} env @param {{ trunk: string, call: string, url: string, body: string }} callback */
async function deliver(env, { trunk, call, url, body }) {
  const signature = await crypto.subtle.sign("HMAC", await signingKey(env), new TextEncoder().encode(`${Date.now()}.${body}`));
  const hex = Array.from(new Uint8Array(signature), (byte) => byte.toString(16).padStart(2, "0")).join("");
  const headers = { "content-type": "application/json", "x-signature": hex };
  const answer = await fetch(url, { method: "POST", headers, body, redirect: "manual" });
  answer.body?.cancel().catch(() => {});
  await ask(env, trunk, { delivered: { call, status: answer.status } });
}

/** @param {any} env @param {any} message */
const work = (env, message) => ("calls" in message ? ask(env, message.trunk, { claim: message.calls }) : deliver(env, message));

export default {
  /** @param {Request} request @param {any} env */
  async fetch(request, env) {
    const url = new URL(request.url);
    if (url.pathname === "/seed") return seed(request, env);
    const key = request.headers.get("authorization");
    if (!key || !(await record(env, `key/${key.slice(7)}`))) return refused(401, "Invalid or missing API key");
    if (request.method === "POST" && url.pathname === "/integration/v1/calls") return trigger(request, env);
    if (url.pathname.endsWith("/status")) return status(url, env);
    return refused(404, "Not found");
  },

  /** @param {any} batch @param {any} env @param {any} ctx */
  async queue(batch, env, ctx) {
    for (const message of batch.messages) ctx.waitUntil(work(env, JSON.parse(message.body)));
  },

  scheduled() {},
};

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS calls (id TEXT PRIMARY KEY, status TEXT NOT NULL, due INTEGER, doc TEXT NOT NULL) WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS due_calls ON calls (due) WHERE due IS NOT NULL;`;

export class TrunkObject extends DurableObject {
  /** @type {string[]} */
  #dials = [];
  /** @type {any[]} */
  #callbacks = [];
  #sending = false;
  /** @type {number | undefined} */
  #alarm;

  /** @param {any} ctx @param {any} env */
  constructor(ctx, env) {
    super(ctx, env);
    this.state = ctx;
    ctx.storage.sql.exec(SCHEMA);
  }

  /** @param {Request} request */
  async fetch(request) {
    const question = /** @type {any} */ (await request.json());
    if (question.admit) return Response.json(this.#admit(question.admit));
    if (question.read) return Response.json(this.#read(question.read));
    if (question.claim) this.#claim(question.claim);
    if (question.delivered) this.#delivered(question.delivered);
    return Response.json(null);
  }

  /** @param {string} query @param {...unknown} values */
  #rows(query, ...values) {
    return [...this.state.storage.sql.exec(query, ...values)];
  }

  /** @param {any} call @param {number | null} due */
  #put(call, due) {
    const query = `INSERT INTO calls (id, status, due, doc) VALUES (?, ?, ?, ?)
      ON CONFLICT (id) DO UPDATE SET status = excluded.status, due = excluded.due, doc = excluded.doc`;
    this.#rows(query, call.id, call.status, due, JSON.stringify(call));
    if (due !== null) this.#wake(due);
  }

  /** @param {number} at */
  #wake(at) {
    if (this.#alarm !== undefined && this.#alarm <= at) return;
    this.#alarm = at;
    this.state.storage.setAlarm(at);
  }

  /** @param {any} request */
  #admit(request) {
    const now = Date.now();
    const id = `${request.sip_trunk_id}-${crypto.randomUUID()}`;
    this.#put({ ...request, id, status: "Initiating", created_at: now, updated_at: now }, now + DISPATCH_AGAIN_MS);
    this.#dials.push(id);
    this.#send();
    return id;
  }

  /** @param {string} id */
  #read(id) {
    const [row] = this.#rows("SELECT doc FROM calls WHERE id = ?", id);
    if (!row) return null;
    const call = JSON.parse(row.doc);
    const is_terminal = call.status === "Completed";
    return { call_id: call.id, call_status: call.status, is_terminal, duration: call.duration ?? null, updated_at: new Date(call.updated_at).toISOString() };
  }

  /** @param {string[]} ids */
  #claim(ids) {
    const now = Date.now();
    const { SIM_RING_MS = RING_MS, SIM_TALK_MS = 0 } = /** @type {any} */ (this.env);
    for (const id of ids) {
      const [row] = this.#rows("SELECT doc FROM calls WHERE id = ?", id);
      const call = row && JSON.parse(row.doc);
      if (call?.status !== "Initiating") continue;
      this.#put({ ...call, status: "Ringing", dialed_at: now, updated_at: now }, now + Number(SIM_RING_MS) + Number(SIM_TALK_MS));
    }
  }

  alarm() {
    this.#alarm = undefined;
    const now = Date.now();
    for (const { doc } of this.#rows("SELECT doc FROM calls WHERE due <= ?", now)) {
      const call = JSON.parse(doc);
      if (call.status === "Initiating") {
        this.#dials.push(call.id);
        this.#put(call, now + DISPATCH_AGAIN_MS);
      } else this.#end(call, now);
    }
    const [next] = this.#rows("SELECT due FROM calls WHERE due IS NOT NULL ORDER BY due LIMIT 1");
    if (next) this.#wake(next.due);
    this.#send();
  }

  /** @param {any} call @param {number} now */
  #end(call, now) {
    const duration = Math.floor((now - call.dialed_at) / 1000);
    this.#put({ ...call, status: "Completed", ended_at: now, updated_at: now, duration }, null);
    if (!call.callback_url) return;
    const body = JSON.stringify({ event: "call.completed", call_id: call.id, call_status: "Completed", duration, metadata: call.metadata });
    this.#callbacks.push({ trunk: call.sip_trunk_id, call: call.id, url: call.callback_url, body });
  }

  /** @param {{ call: string, status: number }} result */
  #delivered({ call: id, status }) {
    const [row] = this.#rows("SELECT doc FROM calls WHERE id = ?", id);
    if (row) this.#put({ ...JSON.parse(row.doc), delivery: { status, at: Date.now() } }, null);
  }

  #send() {
    if (this.#sending || this.#dials.length + this.#callbacks.length === 0) return;
    this.#sending = true;
    this.state.waitUntil(this.#sendAll());
  }

  async #sendAll() {
    const env = /** @type {any} */ (this.env);
    while (this.#dials.length + this.#callbacks.length > 0) {
      const dials = this.#dials.splice(0, 25 * CALLS_PER_MESSAGE);
      const callbacks = this.#callbacks.splice(0, 25);
      const trunk = dials[0]?.slice(0, -37);
      const messages = [];
      for (let at = 0; at < dials.length; at += CALLS_PER_MESSAGE) messages.push(JSON.stringify({ trunk, calls: dials.slice(at, at + CALLS_PER_MESSAGE) }));
      const batch = (/** @type {string[]} */ texts) => texts.map((body) => ({ body, contentType: "text" }));
      if (messages.length > 0) await env.DISPATCH.sendBatch(batch(messages));
      if (callbacks.length > 0) await env.CALLBACKS.sendBatch(batch(callbacks.map((callback) => JSON.stringify(callback))));
    }
    this.#sending = false;
  }
}

/** Bound, but not needed. */
export class DirectoryObject extends DurableObject {}
export class ErrandObject extends DurableObject {}
export class ContactsObject extends DurableObject {}
export class CampaignObject extends DurableObject {}
