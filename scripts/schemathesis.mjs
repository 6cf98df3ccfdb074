#!/usr/bin/env node
// `npm run test:schemathesis`: schemathesis against a local Worker and the openapi.json that it serves, with all checks enabled
// and the keys of the operator and of an owner. SCHEMATHESIS_SECONDS (60) limits it; SCHEMATHESIS_SEED repeats a run. The last
// line is `N passed, N failed`.

import { randomInt } from "node:crypto";
import { runMain } from "./lib/log.mjs";
import { endChildrenOnSignals } from "./lib/run.mjs";
import { ensureSchemathesis, schemathesis } from "./lib/schemathesis.mjs";
import { setUp } from "./lib/setup.mjs";

await runMain(async () => {
  endChildrenOnSignals();
  await setUp();
  await ensureSchemathesis();
  const { buildWorker } = await import("./lib/wasm.mjs");
  await buildWorker("local");
  const { cases, failed } = await schemathesis({
    seconds: Number(process.env["SCHEMATHESIS_SECONDS"] ?? 60),
    seed: Number(process.env["SCHEMATHESIS_SEED"] ?? randomInt(2 ** 31)),
  });
  console.log(`prove: schemathesis cases: ${cases}`);
  console.log(failed ? "0 passed, 1 failed" : "1 passed, 0 failed");
  return failed ? 1 : 0;
});
