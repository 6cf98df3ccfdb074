// A trunk's rows as the first release wrote them, by the thousand: to test what must still read them, and what a trunk that grew
// under that release is like. Each is a copy of a real row of its kind (tests/golden/rows, never edited), with an id that the
// deployment would have given, times that fit the id, and this organisation's names.

import { createHmac } from "node:crypto";
import { readFileSync } from "node:fs";
import { inRoot } from "../scripts/lib/paths.mjs";
import { RARE, sql } from "./rows.mjs";

/** @typedef {import("../scripts/lib/local.mjs").Local} Local */

/** The tables of the first release. */
const SCHEMA = `
  CREATE TABLE calls (
    id TEXT PRIMARY KEY, open INTEGER NOT NULL, late INTEGER NOT NULL, status TEXT NOT NULL,
    agent TEXT NOT NULL, phone TEXT NOT NULL, dialed_at INTEGER, delivery TEXT, doc TEXT NOT NULL
  ) WITHOUT ROWID;
  CREATE INDEX late_calls ON calls (id) WHERE late = 1;
  CREATE TABLE idempotency (key TEXT PRIMARY KEY, at INTEGER NOT NULL, doc TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE transcripts (call TEXT PRIMARY KEY, doc TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE recordings (call TEXT PRIMARY KEY, location TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE late_turns (at INTEGER NOT NULL, call TEXT NOT NULL, PRIMARY KEY (at, call)) WITHOUT ROWID;
  CREATE TABLE facts (name TEXT PRIMARY KEY, doc TEXT NOT NULL) WITHOUT ROWID`;

/** The storage's own limit on the length of a statement is 100 KB. */
const MAX_STATEMENT = 95_000;

/**
 * A kind of call: `finished` (its callback delivered), `plain` (without one), `declined`, `failed`, `refused` (for lack of
 * capacity), `pending` and `refused_pending` (over, their callbacks failed three times and are due again; `pending_late` is one
 * that is older than ten minutes), `ringing` and `waiting` (queued).
 * @typedef {"finished" | "plain" | "declined" | "failed" | "refused" | "pending" | "pending_late" | "refused_pending" | "ringing" | "waiting"} Kind
 *
 * @typedef {object} Wish
 * @property {number} count how many
 * @property {number} from when the oldest was accepted, in ms since the epoch
 * @property {number} [stepMs] the time between one and the next; 0 for all within the same few milliseconds
 * @property {number} [rareEvery] one in this many goes to {@link RARE}, starting with the oldest
 * @property {string} [url] where the callbacks are sent
 * @property {number} [dueAt] when the callback's next attempt is due
 * @property {number} [dueStepMs] how much later that of the next call is due
 * @property {number} [waitsUntil] when a waiting call gives up
 * @property {string} [metadata] as JSON
 */

/** @param {string} name */
const golden = (name) => JSON.parse(readFileSync(inRoot(`tests/golden/rows/${name}.json`), "utf8"));

/** @param {string} text */
const quoted = (text) => `'${text.replaceAll("'", "''")}'`;

/** @param {string | Buffer} key @param {string | Buffer} text */
const hmac = (key, text) => createHmac("sha256", key).update(text).digest();

/** Metadata of this many bytes in many small parts: in memory, parsed, they take up to fifty times as much. @param {number} bytes */
export function richMetadata(bytes) {
  const known = { customer_name: "Rahul Sharma", amount_due: "7500", due_date: "2026-06-20" };
  const room = bytes - JSON.stringify({ ...known, parts: [] }).length;
  return JSON.stringify({ ...known, parts: Array.from({ length: Math.floor(room / 8) }, () => ({ a: 0 })) });
}

/** The rows of one trunk. */
export class Yesterday {
  #local;
  #trunkId;
  #names;
  #idKey;
  /** The next call's place among those of its millisecond. */
  #sequence = 0;

  /**
   * @param {Local} local
   * @param {string} trunkId
   * @param {{ org: string, agent: string }} names
   */
  constructor(local, trunkId, names) {
    this.#local = local;
    this.#trunkId = trunkId;
    this.#names = names;
    this.#idKey = hmac(Buffer.from(local.secrets.MASTER_KEY, "base64"), "audatec/ids/1");
  }

  /**
   * Turns a trunk without calls into one of the first release, with that release's tables. An object in memory does not notice:
   * restart the Worker before asking it anything.
   * @param {{ max_cps: number, max_channels: number }} limits
   */
  async begin({ max_cps, max_channels }) {
    const tables = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT GLOB '_cf_*' AND name NOT GLOB 'sqlite_*'";
    const names = await sql(this.#local, this.#trunkId, tables);
    const drop = names.map(([name]) => `DROP TABLE "${name}";`).join("\n");
    const brief = golden("brief");
    const config = { ...brief.config, id: this.#trunkId, org_id: this.#names.org, max_cps, max_channels };
    const known = JSON.stringify({ ...brief, version: 1, config });
    await sql(this.#local, this.#trunkId, `${drop}${SCHEMA}; INSERT INTO facts VALUES ('brief', ${quoted(known)})`);
  }

  /**
   * The ids of a call and its delivery: time, place, trunk, and a checksum.
   * @param {number} at @param {number} sequence @returns {[call: string, delivery: string]}
   */
  #ids(at, sequence) {
    const bytes = Buffer.alloc(17);
    const tag = Number.parseInt(this.#trunkId.slice(0, 8), 16);
    bytes.writeUIntBE(at, 1, 6);
    bytes.writeUInt16BE(0x8000 | sequence, 7);
    bytes.writeUInt32BE((0x80000000 | (tag >>> 2)) >>> 0, 9);
    const low = (tag & 3) << 30;
    const id = (/** @type {number} */ kind) => {
      bytes[0] = kind;
      bytes.writeUInt32BE(low >>> 0, 13);
      const check = hmac(this.#idKey, bytes).readUInt32BE(0) & 0x3fffffff;
      bytes.writeUInt32BE((low | check) >>> 0, 13);
      const hex = bytes.toString("hex", 1);
      return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
    };
    return [id(1), id(2)];
  }

  /**
   * Writes calls of one kind.
   * @param {Kind} kind
   * @param {Wish} wish
   * @param {(done: number) => void} [onProgress]
   * @returns {Promise<string[]>} their ids, oldest first
   */
  async write(kind, wish, onProgress = () => {}) {
    const { count, from, stepMs = 1_000 } = wish;
    const statement = this.#statement(kind, wish);
    const room = Math.floor((MAX_STATEMENT - statement("[]", 0).length) / 97);
    const sequence = this.#sequence++;
    const ids = [];
    for (let first = 0; first < count; first += room) {
      const rows = [];
      for (let n = first; n < Math.min(first + room, count); n++) {
        // Steps below a millisecond: several calls share one, each with a place of its own.
        const at = from + (stepMs === 0 ? Math.floor(n / 200) : Math.floor(n * stepMs));
        const place = stepMs >= 1 ? sequence : (sequence * 200 + (stepMs === 0 ? n % 200 : n % Math.ceil(1 / stepMs))) % 4096;
        const [call, delivery] = this.#ids(at, place);
        ids.push(call);
        rows.push([call, delivery, at]);
      }
      await sql(this.#local, this.#trunkId, statement(JSON.stringify(rows), first));
      onProgress(Math.min(first + room, count));
    }
    return ids;
  }

  /** @param {Kind} kind @param {Wish} wish @returns {(rows: string, first: number) => string} */
  #statement(kind, wish) {
    const row = golden(kind);
    const call = JSON.parse(row.doc);
    const accepted = Number.parseInt(row.id.slice(0, 8) + row.id.slice(9, 13), 16);
    const phone = wish.rareEvery ? `CASE WHEN n % ${wish.rareEvery} = 0 THEN '${RARE}' ELSE '${row.phone}' END` : `'${row.phone}'`;
    const due = wish.dueAt === undefined ? undefined : `${wish.dueAt} + n * ${wish.dueStepMs ?? 0}`;
    let doc = row.doc
      .replaceAll(call.request.org, this.#names.org)
      .replaceAll(call.request.trunk, this.#trunkId)
      .replaceAll(call.request.agent.id, this.#names.agent);
    if (wish.url) doc = doc.replaceAll(JSON.stringify(call.request.callback_url), JSON.stringify(wish.url));
    if (wish.metadata) doc = doc.replace(JSON.stringify(call.request.metadata), () => wish.metadata ?? "");
    /** @type {[found: string | RegExp, expression: (found: string) => string][]} */
    const moving = [
      [row.id, () => "i"],
      ...(call.callback ? [/** @type {[string, () => string]} */ ([call.callback.id, () => "d"])] : []),
      [row.phone, () => phone],
      ...(due ? [/** @type {[RegExp, () => string]} */ ([/(?<="next_attempt_at":)\d+/, () => due])] : []),
      ...(wish.waitsUntil ? [/** @type {[RegExp, () => string]} */ ([/(?<="waits_until":)\d+/, () => String(wish.waitsUntil)])] : []),
      [/\b1[78]\d{11}\b/, (found) => `at + ${Number(found) - accepted}`],
    ];
    const values = [
      "i",
      row.open,
      row.late,
      quoted(row.status),
      quoted(this.#names.agent),
      phone,
      row.dialed_at === null ? "NULL" : `at + ${row.dialed_at - accepted}`,
      row.delivery === null ? "NULL" : quoted(row.delivery),
      pieces(doc, moving),
    ];
    return (rows, first) => `
      WITH v (i, d, at, n) AS MATERIALIZED (
        SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]'), json_extract(value, '$[2]'), key + ${first}
        FROM json_each(${quoted(rows)}))
      INSERT OR REPLACE INTO calls SELECT ${values.join(", ")} FROM v`;
  }
}

/**
 * A text as an SQL expression in which parts of it change from row to row.
 * @param {string} text
 * @param {[found: string | RegExp, expression: (found: string) => string][]} moving
 * @returns {string}
 */
function pieces(text, moving) {
  const [[found, expression] = [], ...rest] = moving;
  if (found === undefined || expression === undefined) return quoted(text);
  const pattern = typeof found === "string" ? found.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&") : found.source;
  const parts = [];
  let last = 0;
  for (const match of text.matchAll(new RegExp(pattern, "g"))) {
    parts.push(pieces(text.slice(last, match.index), rest), `(${expression(match[0])})`);
    last = match.index + match[0].length;
  }
  parts.push(pieces(text.slice(last), rest));
  return parts.filter((part) => part !== "''").join(" || ") || "''";
}
