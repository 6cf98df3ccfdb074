// docs/guarantees.md names the test that proves each promise: those tests exist.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { inRoot } from "../../scripts/lib/paths.mjs";

const PAGE = readFileSync(inRoot("docs/guarantees.md"), "utf8");
const PROMISES = PAGE.split("\n").filter((line) => line.startsWith("| **"));

/** The names of all tests: the texts of `test("…")` and the functions below `#[test]` and in `proptest!`. */
function testNames(): Set<string> {
  const names = new Set<string>();
  for (const folder of ["tests", "src"]) {
    for (const entry of readdirSync(inRoot(folder), { recursive: true, encoding: "utf8" })) {
      if (!/\.(rs|test\.ts|real\.ts|prove\.ts)$/.test(entry)) continue;
      const text = readFileSync(join(inRoot(folder), entry), "utf8");
      const pattern = entry.endsWith(".rs") ? /#\[test\][^{]*?fn (\w+)\(/g : /\btest(?:\.for\([^\n]*\))?\(\s*"([^"]+)"/g;
      for (const [, name = ""] of text.matchAll(pattern)) names.add(name);
    }
  }
  return names;
}

test("each promise of docs/guarantees.md names tests that exist", () => {
  const known = testNames();
  expect(PROMISES.length).toBeGreaterThan(15);
  for (const promise of PROMISES) {
    const [, , , provenBy = ""] = promise.split("|");
    const named = [...provenBy.matchAll(/`([^`]+)`/g)].map(([, name = ""]) => name);

    expect(named.length, promise).toBeGreaterThanOrEqual(1);
    expect(named.filter((name) => !known.has(name)), promise).toEqual([]);
  }
});

/** A part that says no figure counts as failed, whatever its proof found. */
test("each part of npm run prove says a figure", () => {
  const parts = readFileSync(inRoot("scripts/prove.mjs"), "utf8").split(/^ {2}\{/m);
  const files = parts.map((part) => !part.includes("figures: ") && /needs: "([^"]+)"/.exec(part)?.[1]).filter((file) => typeof file === "string");

  expect(files.length).toBeGreaterThan(20);
  expect(files.filter((file) => !readFileSync(inRoot(file), "utf8").includes("prove: "))).toEqual([]);
});
