#!/usr/bin/env node
// `node scripts/build.mjs [local | release]`: the Worker in build/local or build/worker, and Studio and the docs in public.

import { runMain, UserError } from "./lib/log.mjs";
import { endChildrenOnSignals } from "./lib/run.mjs";
import { setUp } from "./lib/setup.mjs";

await runMain(async () => {
  endChildrenOnSignals();
  const profile = process.argv[2] ?? "release";
  if (profile !== "local" && profile !== "release") throw new UserError("usage: node scripts/build.mjs [local | release]");
  await setUp();
  const { buildWorker } = await import("./lib/wasm.mjs");
  const { buildPages } = await import("./lib/studio.mjs");
  await Promise.all([buildWorker(profile), buildPages()]);
});
