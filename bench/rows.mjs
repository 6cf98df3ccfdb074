// Thousands of finished calls, written directly into a trunk's SQLite by the local build: copies of one that was really placed,
// each older than the one before. So a million of them take a minute, and are what a million calls would have left.

/** @typedef {import("../scripts/lib/local.mjs").Local} Local */

/** A called number that is rare among all the rows. */
export const RARE = "+14155550100";
/** Rows are numbered from 2025 on: milliseconds times 4,096, plus the place within one. */
const ROWS_BEGIN = Date.UTC(2025, 0, 1);

/** The row of a call. @param {string} callId */
export function rowOf(callId) {
  const at = Number.parseInt(callId.slice(0, 8) + callId.slice(9, 13), 16);
  return (at - ROWS_BEGIN) * 4096 + Number.parseInt(callId.slice(15, 18), 16);
}

/** How many rows one statement writes. */
const CHUNK = 20_000;

/**
 * Repeats something that is safe to repeat if it fails: the other side closes Miniflare's connections to the objects when they
 * are idle, some just as they are used again.
 * @template T @param {() => Promise<T>} ask @returns {Promise<T>}
 */
export async function again(ask) {
  for (let left = 4; left > 0; left--) {
    try {
      return await ask();
    } catch (error) {
      if (!/fetch failed|closed/.test(String(error))) throw error;
    }
  }
  return ask();
}

/**
 * Runs a repeatable statement on a trunk's rows.
 * @param {Local} local
 * @param {string} trunkId
 * @param {string} statement
 * @returns {Promise<(string | number | null)[][]>} its rows
 */
export async function sql(local, trunkId, statement) {
  const { status, text } = await again(async () => {
    const trunks = await local.mf.getDurableObjectNamespace("TRUNKS");
    const object = trunks.get(trunks.idFromName(trunkId.slice(0, 8)));
    const answer = await object.fetch("http://object/local/sql", { method: "POST", body: statement });
    return { status: answer.status, text: await answer.text() };
  });
  if (status !== 200) throw new Error(`SQL failed: ${text}`);
  return JSON.parse(text);
}

/**
 * Multiplies a finished call.
 * @param {Local} local
 * @param {string} trunkId
 * @param {string} template the call's id
 * @param {object} wish
 * @param {number} wish.rows how many
 * @param {number} wish.from when the oldest was placed, in ms since the epoch
 * @param {number} [wish.stepMs] the time between one and the next (1 s)
 * @param {number} [wish.rareEvery] one in this many goes to {@link RARE}, starting with the oldest
 * @param {(done: number) => void} [onProgress]
 */
export async function fill(local, trunkId, template, { rows, from, stepMs = 1_000, rareEvery }, onProgress = () => {}) {
  const rare = rareEvery ? `i % ${rareEvery} = 0` : "0";
  for (let first = 0; first < rows; first += CHUNK) {
    const last = Math.min(first + CHUNK, rows);
    await sql(
      local,
      trunkId,
      `INSERT OR IGNORE INTO rows (id, open, out, late, status, told_at, dialed_at, agent, phone, delivery, callback_due,
         callback_host, doc, metadata)
       WITH RECURSIVE n(i) AS (SELECT ${first} UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ${last}),
         born(i, at, hex) AS (SELECT i, ${from} + i * ${stepMs}, printf('%012x', ${from} + i * ${stepMs}) FROM n)
       SELECT (at - ${ROWS_BEGIN}) * 4096, 0, 0, 0, t.status, at, at, t.agent,
         CASE WHEN ${rare} THEN '${RARE}' ELSE t.phone END, t.delivery, NULL, t.callback_host,
         replace(replace(t.doc, '${template}', substr(hex, 1, 8) || '-' || substr(hex, 9) || '-8000' || '${template.slice(18)}'),
           t.phone, CASE WHEN ${rare} THEN '${RARE}' ELSE t.phone END), t.metadata
       FROM born, rows t WHERE t.id = ${rowOf(template)}`,
    );
    onProgress(last);
  }
}

/**
 * Gives the oldest calls of a trunk transcripts.
 * @param {Local} local @param {string} trunkId @param {number} calls
 */
export async function transcribe(local, trunkId, calls) {
  const lines = JSON.stringify(Array.from({ length: 10 }, () => ({ role: "agent", text: "x".repeat(100), at: null })));
  await sql(
    local,
    trunkId,
    `INSERT OR IGNORE INTO transcripts (call, doc) SELECT json_extract(doc, '$.id'), '${lines}' FROM rows ORDER BY id LIMIT ${calls}`,
  );
}
