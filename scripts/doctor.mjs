#!/usr/bin/env node
// `npm run doctor -- URL`: whether a deployment works, what is wrong with it, and how to fix it. The operator's token comes from
// PLATFORM_TOKEN; with an organisation's API key (member or above) in AUDATEC_API_KEY, a call is tried as a dry run. `--json` for
// machines. The exit code is 1 if something is wrong.

import { parseArgs } from "node:util";
import { examine } from "./lib/doctor.mjs";
import { runMain, UserError } from "./lib/log.mjs";

const USAGE = "usage: PLATFORM_TOKEN=… [AUDATEC_API_KEY=…] npm run doctor -- URL [--json]";

await runMain(async () => {
  const { url, json } = read();
  const token = process.env["PLATFORM_TOKEN"];
  if (!token) throw new UserError(`PLATFORM_TOKEN is not set\n${USAGE}`);
  const apiKey = process.env["AUDATEC_API_KEY"];
  /** @type {import("./lib/doctor.mjs").Line[]} */
  const lines = [];
  const tell = (/** @type {import("./lib/doctor.mjs").Line} */ line) => {
    lines.push(line);
    if (!json) console.log(`${line.level.padEnd(4)} ${line.name}: ${line.what}${line.mend ? `; ${line.mend}` : ""}`);
  };
  await examine({ url, token, ...(apiKey && { apiKey }), tell });
  const failed = lines.filter(({ level }) => level === "fail").length;
  const warned = lines.filter(({ level }) => level === "warn").length;
  if (json) console.log(JSON.stringify({ ok: failed === 0, lines }, null, 2));
  else console.log(failed ? `${failed} wrong, ${warned} to look at` : `nothing is wrong, ${warned} to look at`);
  return failed ? 1 : 0;
});

function read() {
  /** @type {{ values: { json?: boolean | undefined }, positionals: string[] }} */
  let args;
  try {
    args = parseArgs({ options: { json: { type: "boolean" } }, allowPositionals: true });
  } catch {
    throw new UserError(USAGE);
  }
  const [url, ...more] = args.positionals;
  if (!url || more.length > 0 || !URL.canParse(url)) throw new UserError(USAGE);
  return { url: url.replace(/\/+$/, ""), json: args.values.json ?? false };
}
