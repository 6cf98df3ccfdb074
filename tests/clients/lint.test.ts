// The linters that integrators run on a document before they use it have no complaints about this one.

import { mkdirSync, writeFileSync } from "node:fs";
import { beforeAll, expect, test } from "vitest";
import { clientFolder, ensurePackages } from "../../scripts/lib/clients.mjs";
import { run } from "../../scripts/lib/run.mjs";
import { useServer } from "../edge/harness.ts";

const server = useServer();
const folder = clientFolder("linted");
let toolOf: (name: string) => string;

beforeAll(async () => {
  toolOf = await ensurePackages("lint");
  mkdirSync(folder, { recursive: true });
  writeFileSync(`${folder}/openapi.json`, await (await fetch(`${server.url}/openapi.json`)).text());
  writeFileSync(`${folder}/.spectral.json`, JSON.stringify({ extends: ["spectral:oas"] }));
}, 400_000);

/** Runs a linter over the document that is served. */
const lint = (tool: string, ...args: string[]) =>
  run(process.execPath, [toolOf(tool), "lint", "openapi.json", ...args], {
    cwd: folder,
    env: { REDOCLY_TELEMETRY: "off", REDOCLY_SUPPRESS_UPDATE_NOTICE: "true" },
  });

test("redocly's recommended rules find nothing", { timeout: 180_000 }, async () => {
  const { code, stdout, output } = await lint("redocly", "--format=json");
  const { totals } = JSON.parse(stdout.slice(stdout.indexOf("{"))) as { totals: Record<string, number> };

  expect(totals, output).toEqual({ errors: 0, warnings: 0, ignored: 0 });
  expect(code).toBe(0);
});

test("spectral's rules for OpenAPI find nothing", { timeout: 180_000 }, async () => {
  const { code, stdout, output } = await lint("spectral", "--format=json", "--fail-severity=hint", "--quiet");

  expect(JSON.parse(stdout), output).toEqual([]);
  expect(code).toBe(0);
});
