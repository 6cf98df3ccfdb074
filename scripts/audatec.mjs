#!/usr/bin/env node
// `npm run -s audatec -- ARGUMENTS`: the command line of `clients/cli`, built first if necessary, with the settings of the local
// run.

import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { runMain } from "./lib/log.mjs";
import { inRoot, root } from "./lib/paths.mjs";
import { ensureNodeModules } from "./lib/setup.mjs";

await runMain(async () => {
  // A program that reads the output does not want the progress of preparations in it.
  console.log = console.error;
  await ensureNodeModules();
  const { packCli } = await import("./lib/packages.mjs");
  await packCli();
  const demo = resolve(root, process.env["DATA_DIR"] || ".local", "demo.env");
  const settings = process.env["AUDATEC_API_KEY"] || !existsSync(demo) ? [] : ["--env-file", demo];
  const args = [inRoot("clients/cli/dist/audatec.js"), ...settings, ...process.argv.slice(2)];
  const child = spawn(process.execPath, args, { stdio: "inherit" });
  for (const signal of /** @type {const} */ (["SIGINT", "SIGTERM"])) process.on(signal, () => child.kill(signal));
  return new Promise((resolve) => child.on("close", (code, signal) => resolve(code ?? (signal === "SIGINT" ? 130 : 143))));
});
