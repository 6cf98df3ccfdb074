#!/usr/bin/env node
// `npm run deploy -- [--env NAME] [--dry-run] ...`: creates what a Cloudflare account lacks, builds, uploads, creates the first
// organisation, and prints its key once. CLOUDFLARE_API_TOKEN is the account's token; CLOUDFLARE_ACCOUNT_ID names the account if
// the token can see several. Repeatable: after a failure it continues where that stopped. Its memory and the secrets are in
// `.deploy`.

import { isAbsolute, resolve } from "node:path";
import { parseArgs } from "node:util";
import { runMain, UserError } from "./lib/log.mjs";
import { inRoot } from "./lib/paths.mjs";
import { endChildrenOnSignals } from "./lib/run.mjs";
import { setUp, ensureNodeModules } from "./lib/setup.mjs";

const USAGE = `npm run deploy -- [options]
  --env NAME           the environment (production); each has names of its own
  --dry-run            shows what would be done, and changes nothing
  --organisation NAME  the name of the first organisation
  --url URL            its address, if not at workers.dev; remembered
  --archive            keeps old calls in an R2 bucket; remembered
  --subdomain NAME     registers NAME.workers.dev, for an account that has none
  --built FOLDER       uploads this build of the Worker, instead of building
  --replace-secrets    replaces secrets that the Worker already has
  --rollback           brings back the version that served before`;

const OPTIONS = /** @type {const} */ ({
  env: { type: "string", default: "production" },
  "dry-run": { type: "boolean", default: false },
  organisation: { type: "string" },
  url: { type: "string" },
  archive: { type: "boolean", default: false },
  subdomain: { type: "string" },
  built: { type: "string" },
  "replace-secrets": { type: "boolean", default: false },
  rollback: { type: "boolean", default: false },
  help: { type: "boolean", default: false },
});

/** How long a new deployment may take to answer. */
const WAIT_SECONDS = 120;

function readOptions() {
  try {
    const { values } = parseArgs({ options: OPTIONS, allowPositionals: false });
    if (!/^[a-z][a-z0-9-]{0,30}$/.test(values.env)) throw new Error(`--env must consist of lower-case letters, digits and dashes, not ${values.env}`);
    // npm takes options before `--` for itself; a dry run requested that way must not become a deployment.
    for (const name of /** @type {const} */ (["dry-run", "rollback", "archive"])) values[name] ||= process.env[`npm_config_${name.replace("-", "_")}`] === "true";
    if (process.env["npm_config_env"]) throw new Error("npm took --env for itself: `npm run deploy -- --env NAME`");
    return values;
  } catch (error) {
    throw new UserError(`${error instanceof Error ? error.message : error}\n${USAGE}`);
  }
}

async function build() {
  await setUp();
  const { buildWorker } = await import("./lib/wasm.mjs");
  const { buildPages } = await import("./lib/studio.mjs");
  await Promise.all([buildWorker("release"), buildPages()]);
}

/** @param {string} text */
function readUrl(text) {
  const url = URL.canParse(text) ? new URL(text) : null;
  const isLocal = url?.hostname === "127.0.0.1" || url?.hostname === "localhost";
  if (!url || url.pathname !== "/" || (url.protocol !== "https:" && !isLocal)) throw new UserError(`--url must be a URL such as https://calls.example.com, not ${text}`);
  return url.origin;
}

await runMain(async () => {
  endChildrenOnSignals();
  const options = readOptions();
  if (options.help) return console.log(USAGE);
  await ensureNodeModules();
  const { apiOf } = await import("./lib/deploy/api.mjs");
  const { Memory } = await import("./lib/deploy/state.mjs");
  const { namesOf } = await import("./lib/deploy/names.mjs");
  const { deploy, rollBack } = await import("./lib/deploy/run.mjs");
  const { readConfig } = await import("./lib/config.mjs");
  const config = readConfig();
  const folder = process.env["DEPLOY_DIR"] || ".deploy";
  const memory = new Memory(isAbsolute(folder) ? folder : inRoot(folder), options.env);
  const unlock = options["dry-run"] ? () => {} : memory.lock();
  process.on("exit", unlock);
  const wished = { ...(options.url && { url: readUrl(options.url) }), ...(options.archive && { archive: true }) };
  if (options["dry-run"]) memory.state = { ...memory.state, ...wished };
  else if (Object.keys(wished).length > 0) memory.save(wished);
  const of = {
    env: options.env,
    api: apiOf(process.env),
    memory,
    config,
    names: namesOf(config, options.env),
    wishes: {
      ...(options.organisation && { organisation: options.organisation }),
      ...(options.subdomain && { subdomain: options.subdomain }),
      replaceSecrets: options["replace-secrets"],
      waitMs: Number(process.env["DEPLOY_WAIT_SECONDS"] || WAIT_SECONDS) * 1000,
    },
    accountId: process.env["CLOUDFLARE_ACCOUNT_ID"] || undefined,
    workerDir: options.built ? resolve(options.built) : inRoot("build/worker"),
    build: options.built ? null : build,
  };
  await (options.rollback ? rollBack(of, options["dry-run"]) : deploy(of, options["dry-run"]));
});
