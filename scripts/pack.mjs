#!/usr/bin/env node
// `npm run pack`: the packages of `clients/`, as npm and, if there is Python, PyPI would publish them.

import { runMain, say } from "./lib/log.mjs";
import { endChildrenOnSignals } from "./lib/run.mjs";
import { ensureNodeModules } from "./lib/setup.mjs";

await runMain(async () => {
  endChildrenOnSignals();
  await ensureNodeModules();
  const { packCli, packClient } = await import("./lib/packages.mjs");
  console.log(await packClient());
  console.log(await packCli());
  const { hasPython } = await import("./lib/python.mjs");
  if (!(await hasPython())) return say("pack", "no python3 with venv on PATH: the Python client is left out");
  const { packPython } = await import("./lib/python-client.mjs");
  console.log(await packPython());
});
