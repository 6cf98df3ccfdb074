// Functions in an order that compresses: gzip sees 32 KB back, and what the compiler made alike stands far apart.

/** What is compared: runs of so many bytes. */
const RUN = 6;
/** A run that more functions have than this says nothing about any of them; the fewer have it, the more it says. */
const COMMON = 200;
/** How far back gzip sees, in bytes, less what it needs for itself. */
const WINDOW = 30_000;
/** A tiny function is not alike to all for the one run it has. */
const LEAST = 16;

/**
 * Orders functions so that each comes where most of it was seen just before, greedily. The same functions are always put
 * into the same order.
 * @param {Uint8Array[]} bodies
 * @returns {number[]} their positions, in the order in which they are to stand
 */
export function alikeTogether(bodies) {
  const runs = bodies.map(runsOf);
  const having = functionsHaving(runs);
  /** How much of each function is in the window, by its runs. */
  const seen = new Float64Array(bodies.length);
  /** @type {Map<number, number>} how often each run is in the window */
  const inWindow = new Map();
  const count = (/** @type {number} */ body, /** @type {1 | -1} */ change) => {
    for (const run of runs[body] ?? []) {
      const functions = having.get(run);
      if (!functions) continue;
      const before = inWindow.get(run) ?? 0;
      inWindow.set(run, before + change);
      if (before !== (change === 1 ? 0 : 1)) continue;
      const weight = change / Math.sqrt(functions.length);
      for (const other of functions) seen[other] = (seen[other] ?? 0) + weight;
    }
  };
  const left = new Set(bodies.keys());
  const order = [];
  for (let first = 0, bytes = 0; left.size > 0; ) {
    const next = mostSeen(left, seen, runs);
    left.delete(next);
    order.push(next);
    count(next, 1);
    bytes += bodies[next]?.length ?? 0;
    for (; bytes > WINDOW && first < order.length - 1; first++) {
      const gone = order[first] ?? 0;
      bytes -= bodies[gone]?.length ?? 0;
      count(gone, -1);
    }
  }
  return order;
}

/**
 * @param {Set<number>} left
 * @param {Float64Array} seen
 * @param {number[][]} runs
 */
function mostSeen(left, seen, runs) {
  let most = -1;
  let best = -1;
  for (const body of left) {
    const share = (seen[body] ?? 0) / ((runs[body]?.length ?? 0) + LEAST);
    if (share > most) [most, best] = [share, body];
  }
  return best;
}

/** @param {Uint8Array} body */
function runsOf(body) {
  /** @type {Set<number>} */
  const runs = new Set();
  for (let at = 0; at + RUN <= body.length; at++) {
    let hash = 0;
    for (const byte of body.subarray(at, at + RUN)) hash = Math.imul(hash, 16_777_619) ^ byte;
    runs.add(hash);
  }
  return [...runs];
}

/** @param {number[][]} runs */
function functionsHaving(runs) {
  /** @type {Map<number, number[]>} */
  const having = new Map();
  for (const [body, own] of runs.entries()) {
    for (const run of own) {
      const functions = having.get(run);
      if (functions) functions.push(body);
      else having.set(run, [body]);
    }
  }
  for (const [run, functions] of having) {
    if (functions.length < 2 || functions.length > COMMON) having.delete(run);
  }
  return having;
}
