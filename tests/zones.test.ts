// The time zones' rules are those of the release that scripts/zones pins: made anew they are the same to the byte.

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { inRoot } from "../scripts/lib/paths.mjs";
import { hasPython } from "../scripts/lib/python.mjs";
import { makeZones, ZONES } from "../scripts/lib/zones.mjs";

test.skipIf(!(await hasPython()))("what is checked in is what the pinned release says", { timeout: 240_000 }, async () => {
  const folder = mkdtempSync(join(tmpdir(), "zones-"));
  try {
    await makeZones(folder);
    for (const path of Object.values(ZONES)) {
      const made = readFileSync(join(folder, path));
      expect(made.length).toBeGreaterThan(10_000);
      expect(made.equals(readFileSync(inRoot(path))), path).toBe(true);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("the rules are called what the pinned package holds", () => {
  const [, year, letter] = /^tzdata==(\d+)\.(\d+) /m.exec(readFileSync(inRoot("scripts/zones/requirements.txt"), "utf8")) ?? [];
  const release = `${year}${String.fromCharCode(96 + Number(letter))}`;
  expect(readFileSync(inRoot("src/domain/zones/mod.rs"), "utf8")).toContain(`pub const VERSION: &str = "${release}";`);
});
