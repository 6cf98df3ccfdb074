// The table of phone numbers, made of libphonenumber's metadata (`scripts/numbering`), by Python.

import { inRoot } from "./paths.mjs";
import { ensurePython } from "./python.mjs";
import { mustRun } from "./run.mjs";

export const TABLE = "src/domain/numbering/table.bin";
export const SAMPLE = "tests/golden/numbering.tsv";
/** How often each kind of number is varied in the sample that is checked in. */
export const FEW = 2;

/** @param {string} file where it is written */
export async function makeTable(file) {
  await python(["table.py", file]);
}

/**
 * Numbers with what libphonenumber says of them.
 * @param {string} file where they are written
 * @param {number} times how often each kind of number is varied
 */
export async function makeSample(file, times) {
  await python(["sample.py", String(times), file]);
}

/** @param {string[]} args */
async function python([program = "", ...args]) {
  const bin = await ensurePython("numbering", "scripts/numbering/requirements.txt");
  await mustRun(`${bin}/python3`, [inRoot("scripts/numbering", program), ...args]);
}
