// The table of phone numbers, made from libphonenumber's metadata (`scripts/numbering`) by Python.

import { inRoot } from "./paths.mjs";
import { ensurePython } from "./python.mjs";
import { mustRun } from "./run.mjs";

export const TABLE = "src/domain/numbering/table.bin";
export const SAMPLE = "tests/golden/numbering.tsv";
/** How many variants of each kind of number are in the sample that is checked in. */
export const FEW = 2;

/** @param {string} file to be written */
export async function makeTable(file) {
  await python(["table.py", file]);
}

/**
 * Numbers with libphonenumber's data on them.
 * @param {string} file to be written
 * @param {number} times how many variants of each kind of number
 */
export async function makeSample(file, times) {
  await python(["sample.py", String(times), file]);
}

/** @param {string[]} args */
async function python([program = "", ...args]) {
  const bin = await ensurePython("numbering", "scripts/numbering/requirements.txt");
  await mustRun(`${bin}/python3`, [inRoot("scripts/numbering", program), ...args]);
}
