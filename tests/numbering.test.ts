// The table of phone numbers is made from the metadata that scripts/numbering pins, and agrees with it about 100,000 numbers.

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { FEW, makeSample, makeTable, SAMPLE, TABLE } from "../scripts/lib/numbering.mjs";
import { inRoot } from "../scripts/lib/paths.mjs";
import { hasPython } from "../scripts/lib/python.mjs";
import { run } from "../scripts/lib/run.mjs";

const isThere = await hasPython();
const MANY = 16;

async function inFolder(what: (folder: string) => Promise<void>) {
  const folder = mkdtempSync(join(tmpdir(), "numbering-"));
  try {
    await what(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test.skipIf(!isThere)("what is checked in is what the pinned metadata says", { timeout: 240_000 }, () =>
  inFolder(async (folder) => {
    await makeTable(join(folder, "table"));
    await makeSample(join(folder, "sample"), FEW);
    for (const [made, path] of [["table", TABLE], ["sample", SAMPLE]] as const) {
      expect(readFileSync(join(folder, made)).equals(readFileSync(inRoot(path))), path).toBe(true);
    }
  }),
);

test.skipIf(!isThere)("a hundred thousand numbers are what libphonenumber says", { timeout: 600_000 }, () =>
  inFolder(async (folder) => {
    const sample = join(folder, "sample");
    await makeSample(sample, MANY);
    const args = ["test", "--locked", "--all-features", "--test", "numbering", "larger_sample", "--", "--ignored"];
    const { code, output } = await run("cargo", args, { env: { NUMBERING_SAMPLE: sample } });
    expect(code, output).toBe(0);
    expect(output).toContain("1 passed");
  }),
);

test("the tables of numbers and zones are 60 KB gzipped at most, that of numbers 35", () => {
  const size = (path: string) => gzipSync(readFileSync(inRoot(path)), { level: 9 }).length;
  const numbers = size(TABLE);
  expect(numbers).toBeLessThan(35_000);
  expect(numbers + size("src/domain/zones/table.bin")).toBeLessThan(60_000);
});
