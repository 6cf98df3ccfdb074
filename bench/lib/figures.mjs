// What was measured: rounds of the Worker and the floor in turns, their medians and spreads, and the table of them.

import { median } from "./client.mjs";
import { start } from "./servers.mjs";

/**
 * @typedef {object} Context a run of `npm run bench`
 * @property {string} workerDir the build to measure
 * @property {string} against the floor, or another build in its place
 * @property {boolean} quick
 * @property {number} rounds
 * @property {number} ms how long a round measures
 * @property {import("./client.mjs").Client} client
 * @property {Figure[]} figures
 *
 * @typedef {object} Figure
 * @property {string} name
 * @property {string} unit
 * @property {number[]} values one per round
 * @property {number[]} [floor] the same for the floor: what counts is then the ratio to it, or the difference
 * @property {boolean} [difference] whether it is the difference
 * @property {number} [most] the target: at most this much, or this many times the floor's value
 * @property {number} [least] the same, as a minimum
 * @property {boolean} [counted] whether it is the same on every machine, and fails the run if it misses its target
 */

/** @template T @typedef {{ ours: T[], floor: T[] }} Rounds */

/**
 * Measures the Worker and the floor in turns, each round with fresh servers, one at a time: what one leaves behind, and whatever
 * else this machine does, affects both alike.
 * @template T
 * @param {Context} context @param {Omit<import("./servers.mjs").Wish, "workerDir">} wish
 * @param {(bench: import("./servers.mjs").Bench) => Promise<T>} measure
 * @returns {Promise<Rounds<T>>}
 */
export async function compare(context, wish, measure) {
  /** @type {Rounds<T>} */
  const rounds = { ours: [], floor: [] };
  for (let round = 0; round < context.rounds; round++) {
    rounds.ours.push(await once({ ...wish, workerDir: context.workerDir }, measure));
    rounds.floor.push(await once({ ...wish, workerDir: context.against }, measure));
  }
  return rounds;
}

/**
 * @template T
 * @param {import("./servers.mjs").Wish} wish
 * @param {(bench: import("./servers.mjs").Bench) => Promise<T>} measure
 * @returns {Promise<T>}
 */
export async function once(wish, measure) {
  const bench = await start(wish);
  try {
    return await measure(bench);
  } finally {
    await bench.stop();
  }
}

/** Adds a figure, and prints it. @param {Context} context @param {Figure} figure */
export function figure(context, figure) {
  context.figures.push(figure);
  console.log(line(figure));
}

/** @param {number} value */
const short = (value) => (value >= 100 ? Math.round(value).toLocaleString("en") : value.toPrecision(3));

/** @param {number[]} values */
const spread = (values) => (values.length > 1 ? ` (${short(Math.min(...values))} to ${short(Math.max(...values))})` : "");

/** The number to compare with its target. @param {Figure} figure */
export function judged({ values, floor, difference }) {
  if (!floor) return median(values);
  return difference ? median(values) - median(floor) : median(values) / median(floor);
}

/** @param {Figure} figure @returns {boolean | null} null if there is no target */
export function meets(figure) {
  const { most, least } = figure;
  if (most === undefined && least === undefined) return null;
  return judged(figure) <= (most ?? Infinity) && judged(figure) >= (least ?? 0);
}

/** @param {Figure} figure */
function line(figure) {
  const { name, unit, values, floor, difference, most, least } = figure;
  const of = `${short(median(values))} ${unit}${spread(values)}`;
  const against = floor ? `; floor ${short(median(floor))}${spread(floor)}; ${difference ? "beyond it" : "ratio"} ${judged(figure).toFixed(2)}` : "";
  const target = [most !== undefined && `≤ ${most}`, least !== undefined && `≥ ${least}`].filter(Boolean).join(", ");
  const verdict = { true: ", met", false: ", MISSED", null: "" }[String(meets(figure))];
  return `bench: ${name}: ${of}${against}${target && ` (target ${target}${verdict})`}`;
}
