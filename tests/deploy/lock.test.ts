// A lock among processes: one at a time, at whatever moment they interrupt each other.

import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, expect, test } from "vitest";
import { lock } from "../../scripts/lib/lock.mjs";

const folder = mkdtempSync(join(tmpdir(), "lock-"));
const path = join(folder, "staging.lock");
afterAll(() => rmSync(folder, { recursive: true }));

/** Locks until it has had that many turns; fails where another is inside at the same time. */
const CONTENDER = `
  const [lib, path, turns] = process.argv.slice(1);
  const { rmSync, writeFileSync } = await import("node:fs");
  const { lock } = await import(lib);
  for (let left = Number(turns); left > 0; ) {
    const turn = lock(path);
    if (!turn.release) continue;
    writeFileSync(path + ".inside", "", { flag: "wx" });
    rmSync(path + ".inside");
    turn.release();
    left -= 1;
  }
`;

test("of processes that try at once one has the lock, and each gets its turns", { timeout: 60_000 }, async () => {
  const lib = new URL("../../scripts/lib/lock.mjs", import.meta.url).href;
  const ends = new AbortController();
  const contender = () =>
    promisify(execFile)(process.execPath, ["--input-type=module", "--eval", CONTENDER, lib, path, "300"], { signal: ends.signal });
  await Promise.all(Array.from({ length: 4 }, contender)).finally(() => ends.abort());
});

test("the lock of a killed process, or one that a crash cut short, is nobody's", () => {
  for (const left of ['{"pid":999999999,"bornAt":"1"}', `{"pid":${process.pid},"bornAt":"1"}`, '{"pid":1', ""]) {
    writeFileSync(path, left);
    const turn = lock(path);
    expect("release" in turn, left).toBe(true);
    expect(lock(path)).toEqual({ heldBy: process.pid });
    if ("release" in turn) turn.release();
  }
});
