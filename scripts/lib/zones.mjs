// The tables that are made from a pinned IANA release (`scripts/zones`) by Python.

import { mkdirSync } from "node:fs";
import { inRoot } from "./paths.mjs";
import { ensurePython } from "./python.mjs";
import { mustRun } from "./run.mjs";

/** What is made, by the program that makes it: time zones' rules; and for the tests, what Python's zoneinfo derives from the same release about clocks and calling hours. */
export const ZONES = /** @type {const} */ ({
  table: "src/domain/zones/table.bin",
  expected: "tests/golden/zones.txt",
  windows: "tests/golden/windows.txt",
});

/**
 * Makes them in a folder, under the paths that they have in the project.
 * @param {string} folder
 */
export async function makeZones(folder) {
  const bin = await ensurePython("zones", "scripts/zones/requirements.txt");
  for (const [name, path] of Object.entries(ZONES)) {
    const file = `${folder}/${path}`;
    mkdirSync(file.slice(0, file.lastIndexOf("/")), { recursive: true });
    await mustRun(`${bin}/python3`, [inRoot(`scripts/zones/${name}.py`), file]);
  }
}
