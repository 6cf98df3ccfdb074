import { mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, test } from "vitest";
import { emptyWorker } from "../../bench/instrument.mjs";
import { startLocal } from "../../scripts/lib/local.mjs";
import { inRoot } from "../../scripts/lib/paths.mjs";
import { run } from "../../scripts/lib/run.mjs";
import { noNetwork, Org, Server } from "./harness.ts";
import { until } from "./until.ts";

/**
 * 340,000, and what came since: 38,000 of tables that are built in (what numbers tell, time zones), and the code of numbers, of
 * suppressions, of scheduled calls, calling hours, limits and redial; 115,000 of campaigns, usage and CSV, 47,000 of what operators
 * are told and do (organisations, health, metrics, alerts, rotation), 67,000 of erasing (recordings' files too), deleting,
 * exporting and resealing. To come back below 400,000.
 */
const LIMIT_BYTES = 700_000;
const BUILD_MS = 900_000;
/** How much later than one that does nothing a Worker answers that was just started, the quickest of so many. */
const START_MS = 10;
const STARTS = 7;

/** What Wrangler would upload. */
let outDir: string;
let output: string;

beforeAll(async () => {
  outDir = mkdtempSync(join(tmpdir(), "deploy-"));
  const wrangler = await run("npx", ["wrangler", "deploy", "--dry-run", "--outdir", outDir], {
    env: { WRANGLER_SEND_METRICS: "false", WRANGLER_LOG_PATH: outDir, CI: "true" },
  });
  output = wrangler.output;
  expect(wrangler.code, output).toBe(0);
}, BUILD_MS);

afterAll(() => rmSync(outDir, { recursive: true, force: true }));

test("wrangler accepts the release build for deployment, and it is small", () => {
  for (const binding of ["TRUNKS", "DIRECTORIES", "CONTACTS", "CAMPAIGNS", "RECORDS", "DISPATCH", "CALLBACKS", "ASSETS"]) {
    expect(output).toContain(`env.${binding}`);
  }

  const files = readdirSync(outDir).filter((name) => /\.(js|wasm)$/.test(name));
  const sizes = files.map((name) => gzipSync(readFileSync(join(outDir, name))).length);
  const total = sizes.reduce((sum, size) => sum + size, 0);
  console.log(`release bundle: ${total} bytes gzip (${files.map((f, i) => `${f} ${sizes[i]}`).join(", ")})`);
  expect(files.some((name) => name.endsWith(".wasm"))).toBe(true);
  expect(total).toBeLessThanOrEqual(LIMIT_BYTES);
  const contents = files.map((name) => readFileSync(join(outDir, name), "latin1"));
  expect(contents.filter((text) => text.includes("/local/faults"))).toEqual([]);
});

// All other tests run the local profile: this module alone went through the optimiser.
test("what would be deployed runs: a call is placed, ends, and its callback is delivered", { timeout: 180_000 }, async () => {
  const server = new Server({ workerDir: outDir, outboundService: noNetwork });
  await server.start();
  try {
    const org = await Org.create(server);
    const id = await org.call({ callback_url: "https://receiver.example.com/" });

    expect(await org.ended(id)).toMatchObject({ call_status: "Completed" });
    await until("the callback to be delivered", async () => (await org.detail(id)).callback?.status === "delivered");
  } finally {
    await server.stop();
  }
});

/** How long a Worker takes that was just started: its first answer, to somebody who has no key. */
async function firstAnswer(workerDir: string): Promise<number> {
  const local = await startLocal({ workerDir, cron: false, queues: false, onLog: () => {} });
  try {
    const startedAt = performance.now();
    const answer = await fetch(`${local.url}/integration/v1/agents`, { headers: { connection: "close" } });
    expect(answer.status, await answer.text()).toBe(401);
    return performance.now() - startedAt;
  } finally {
    await local.stop();
  }
}

test("what would be deployed is up hardly later than a Worker that does nothing", { timeout: 180_000 }, async () => {
  const empty = emptyWorker();
  const [ours, least]: [number[], number[]] = [[], []];
  // In turn, so that both meet the same machine.
  for (let start = 0; start < STARTS; start++) {
    least.push(await firstAnswer(empty));
    ours.push(await firstAnswer(outDir));
  }
  rmSync(empty, { recursive: true });

  const later = Math.min(...ours) - Math.min(...least);
  console.log(`the first answer of what would be deployed: ${Math.min(...ours).toFixed(1)} ms, ${later.toFixed(1)} ms later than of nothing`);
  expect(later).toBeLessThanOrEqual(START_MS);
});

test("nothing that holds on a laptop alone is in the deployed configuration", () => {
  expect(readFileSync(inRoot("wrangler.toml"), "utf8")).not.toContain("CALLBACK_ALLOW_LOOPBACK");
});
