// Puts functions in an order that compresses well: gzip sees 32 KB back, and the compiler puts similar code far apart.

import { deflateRawSync } from "node:zlib";

/** Functions are compared by runs of this many bytes. */
const RUN = 6;
/** A run that more functions than this contain says nothing about any of them; the fewer contain it, the more it says. */
const COMMON = 400;
/** How far back gzip sees, in bytes, less what it needs itself. */
const WINDOW = 30_000;
/** Counts as a function's least size, so that a tiny one is not similar to everything because of its only run. */
const LEAST = 16;
/** How many bytes on both sides of a place are compressed to see what a function costs there: more is slower. */
const AROUND = 12_000;
/** How many other places are tried for it, each after a similar function. */
const PLACES = 6;
/** How often each function is tried: where it stood well the first time, others may have moved away since. */
const PASSES = 2;
/** A function that costs no more than this many compressed bytes stays; so does one longer than the other, which few places suit better. */
const CHEAP = 10;
const LONG = 8_000;

/**
 * Orders functions so that similar ones are close to each other. The same functions always get the same order.
 * @param {Uint8Array[]} bodies
 * @returns {number[]} their positions in the new order
 */
export function alikeTogether(bodies) {
  const runs = bodies.map(runsOf);
  const having = functionsHaving(runs);
  const order = greedily(bodies, runs, having);
  for (let pass = 0; pass < PASSES; pass++) {
    for (const [body, { length }] of bodies.entries()) {
      if (length <= LONG) moveToBest(order, body, bodies, mostAlike(body, runs, having));
    }
  }
  return order;
}

/**
 * Next comes whichever has the most in common with what was just placed.
 * @param {Uint8Array[]} bodies
 * @param {number[][]} runs
 * @param {Map<number, number[]>} having
 */
function greedily(bodies, runs, having) {
  /** How much of each function is in the window, counted in runs. */
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
 * Moves a function to the place where it compresses best, if that is better than where it is: after one of `others`.
 * @param {number[]} order
 * @param {number} body
 * @param {Uint8Array[]} bodies
 * @param {number[]} others
 */
function moveToBest(order, body, bodies, others) {
  const from = order.indexOf(body);
  order.splice(from, 1);
  let best = { at: from, cost: costAt(order, from, body, bodies) };
  for (const other of best.cost > CHEAP ? others : []) {
    const at = order.indexOf(other) + 1;
    const cost = costAt(order, at, body, bodies);
    if (cost < best.cost) best = { at, cost };
  }
  order.splice(best.at, 0, body);
}

/**
 * How many compressed bytes a function adds at a place, judging by its neighbours.
 * @param {number[]} order without the function
 * @param {number} at
 * @param {number} body
 * @param {Uint8Array[]} bodies
 */
function costAt(order, at, body, bodies) {
  const near = (/** @type {number} */ step) => {
    const found = [];
    for (let next = at + Math.min(step, 0), left = AROUND; left > 0 && next >= 0 && next < order.length; next += step) {
      const whole = bodies[order[next] ?? 0] ?? new Uint8Array();
      found.push(step > 0 ? whole.subarray(0, left) : whole.subarray(-left));
      left -= whole.length;
    }
    return found;
  };
  const [before, behind] = [near(-1).reverse(), near(1)];
  const size = (/** @type {Uint8Array[]} */ parts) => deflateRawSync(Buffer.concat(parts)).length;
  return size([...before, bodies[body] ?? new Uint8Array(), ...behind]) - size([...before, ...behind]);
}

/**
 * The functions that have most in common with one, relative to their length.
 * @param {number} body
 * @param {number[][]} runs
 * @param {Map<number, number[]>} having
 */
function mostAlike(body, runs, having) {
  /** @type {Map<number, number>} */
  const shared = new Map();
  for (const run of runs[body] ?? []) {
    const functions = having.get(run) ?? [];
    const weight = 1 / Math.sqrt(functions.length);
    for (const other of functions) if (other !== body) shared.set(other, (shared.get(other) ?? 0) + weight);
  }
  const share = (/** @type {number} */ other) => (shared.get(other) ?? 0) / ((runs[other]?.length ?? 0) + LEAST) ** 0.3;
  return [...shared.keys()].sort((a, b) => share(b) - share(a)).slice(0, PLACES);
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
