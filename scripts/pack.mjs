#!/usr/bin/env node
// `npm run pack`: the packages of `clients/`, as npm would publish them.

import { runMain } from "./lib/log.mjs";
import { endChildrenOnSignals } from "./lib/run.mjs";
import { ensureNodeModules } from "./lib/setup.mjs";

await runMain(async () => {
  endChildrenOnSignals();
  await ensureNodeModules();
  const { packCli, packClient } = await import("./lib/packages.mjs");
  console.log(await packClient());
  console.log(await packCli());
});
