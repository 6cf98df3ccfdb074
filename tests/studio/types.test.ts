// Studio and the API's document agree, or the build fails.

import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { inRoot } from "../../scripts/lib/paths.mjs";
import { run } from "../../scripts/lib/run.mjs";
import { writeTypes } from "../../scripts/lib/studio.mjs";

const COPY = inRoot("build/studio/copy");
const TYPES = `${COPY}/src/lib/schema.d.ts`;

beforeAll(async () => {
  await writeTypes();
  rmSync(COPY, { recursive: true, force: true });
  mkdirSync(COPY, { recursive: true });
  cpSync(inRoot("studio"), COPY, { recursive: true });
});

afterAll(() => rmSync(COPY, { recursive: true, force: true }));

const typecheck = () => run(process.execPath, [inRoot("node_modules/typescript-native/bin/tsc"), "-p", COPY]);

test("as the document is, Studio fits", async () => {
  expect(await typecheck()).toMatchObject({ code: 0 });
});

test.for([
  ["a field that was renamed", "call_status:", "state:"],
  ["a role that was taken away", '"viewer" | "member" | ', '"viewer" | '],
  ["a path that moved", '"/integration/v1/audit-log"', '"/integration/v1/log"'],
])("%s breaks the build", async ([, from, to]) => {
  const before = readFileSync(TYPES, "utf8");
  expect(before).toContain(from);
  writeFileSync(TYPES, before.replaceAll(from as string, to as string));

  const { code, output } = await typecheck();
  writeFileSync(TYPES, before);

  expect(code).not.toBe(0);
  expect(output).toMatch(/error TS/);
});
