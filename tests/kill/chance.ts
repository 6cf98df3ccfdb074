// Reproducible randomness: the same seed gives the same numbers.

import { randomInt } from "node:crypto";

/** The seed of this run: KILL_SEED, or a new one. */
export const seed = Number(process.env["KILL_SEED"] ?? randomInt(1, 2 ** 31));

let state = seed >>> 0;

/** A number in [0, 1): mulberry32. */
function next(): number {
  state = (state + 0x6d2b79f5) >>> 0;
  let mixed = Math.imul(state ^ (state >>> 15), state | 1);
  mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
  return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
}

/** A whole number from `from` to `to`, both included. */
export const between = (from: number, to: number): number => from + Math.floor(next() * (to - from + 1));

/** One of these. */
export function oneOf<T>(...choices: [T, ...T[]]): T {
  return choices[between(0, choices.length - 1)] ?? choices[0];
}
