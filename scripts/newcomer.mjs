#!/usr/bin/env node
// `npm run newcomer`: follows a newcomer's paths as README and docs describe them, and times each. Everything that is built is
// built beforehand: the times are those of a warm machine.
//
// - From README to the first signed callback in the terminal: its commands verbatim, at most 4, within 15 s.
// - The docs' receivers in Node and Python, copied from the served page, accept a callback after verifying it.
// - From the docs' CSV file to a finished campaign, with the command line.

import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runMain, say, UserError } from "./lib/log.mjs";
import { inRoot, root } from "./lib/paths.mjs";
import { endChildrenOnSignals, exists, mustRun } from "./lib/run.mjs";

const LIMIT_MS = 15_000;
const PATIENCE_MS = 60_000;

/** @typedef {{ child: import("node:child_process").ChildProcess, heard(): string, says(what: RegExp): Promise<string>, stop(): Promise<void> }} Running */

/** @type {Set<Running>} */
const all = new Set();

/**
 * Runs a command in its own process group, as a terminal does.
 * @param {[string, ...string[]]} command @param {NodeJS.ProcessEnv} env @returns {Running}
 */
function start([command, ...args], env) {
  const child = spawn(command, args, { cwd: root, env: { ...process.env, ...env }, stdio: ["ignore", "pipe", "pipe"], detached: true });
  let heard = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (heard += chunk));
  const ended = new Promise((resolve) => child.on("close", resolve));
  /** @type {Running} */
  const running = {
    child,
    heard: () => heard,
    async says(what) {
      for (const deadline = Date.now() + PATIENCE_MS; Date.now() < deadline; ) {
        const [found] = what.exec(heard) ?? [];
        if (found !== undefined) return found;
        const isOver = await Promise.race([ended.then(() => true), new Promise((resolve) => setTimeout(resolve, 20, false))]);
        if (isOver && !what.test(heard)) break;
      }
      throw new UserError(`\`${[command, ...args].join(" ")}\` did not say ${what}:\n${heard}`);
    },
    async stop() {
      if (child.exitCode === null && child.signalCode === null && child.pid) process.kill(-child.pid, "SIGTERM");
      await ended;
      all.delete(running);
    },
  };
  all.add(running);
  const end = () => child.pid && child.exitCode === null && process.kill(-child.pid, "SIGKILL");
  process.once("exit", end); // a group of its own outlives Ctrl-C
  void ended.then(() => process.off("exit", end));
  return running;
}

/** @returns {Promise<number>} */
const freePort = () =>
  new Promise((resolve) => {
    const probe = createServer().listen(0, "127.0.0.1", () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === "object" && address ? address.port : 0));
    });
  });

/** The README's commands that lead to a callback, without the text around them. */
function readmeCommands() {
  const readme = readFileSync(inRoot("README.md"), "utf8");
  const [, block = ""] = /\*\*Callbacks in the terminal\*\*.*?```sh\n(.*?)```/s.exec(readme) ?? [];
  return block
    .split("\n")
    .map((line) => line.replace(/\s+#.*/, ""))
    .filter(Boolean);
}

/** A complete program from a page's Markdown. @param {string} page @param {string} file */
async function programOf(page, file) {
  const text = await (await fetch(page)).text();
  const [, code] = new RegExp(`\`\`\`\\w+ file=${file}\\n(.*?)\\n\`\`\``, "s").exec(text) ?? [];
  if (code === undefined) throw new UserError(`${page} has no ${file}`);
  return `${code}\n`;
}

/** @type {[what: string, ms: number][]} */
const times = [];
/** @param {string} what @param {() => Promise<void>} walk */
async function timed(what, walk) {
  const startedAt = performance.now();
  await walk();
  const ms = performance.now() - startedAt;
  times.push([what, ms]);
  say("newcomer", `${what}: ${(ms / 1000).toFixed(1)} s`);
}

/** @param {string} folder */
async function walkAll(folder) {
  const env = { PORT: String(await freePort()), DATA_DIR: join(folder, "local") };
  const commands = readmeCommands();
  if (commands.length === 0 || commands.length > 4) throw new UserError(`README needs ${commands.length} commands for a callback`);
  const [serve = "", listen = "", trigger = ""] = commands;
  /** @param {string} command @returns {[string, ...string[]]} */
  const shell = (command) => ["sh", "-c", command];

  await timed(`README to the first signed callback in the terminal, ${commands.length} commands`, async () => {
    await start(shell(serve), env).says(/^ready .*/m);
    const listening = start(shell(listen), env);
    await listening.says(/^listening/m);
    await start(shell(trigger), env).says(/call_id +\S+/);
    await listening.says(/^webhook-signature: v1,.*"event":"call\.completed".*\}/ms);
    await listening.stop();
  });

  const url = `http://127.0.0.1:${env.PORT}`;
  const demo = Object.fromEntries(
    readFileSync(join(env.DATA_DIR, "demo.env"), "utf8")
      .trim()
      .split("\n")
      .map((line) => line.split(/=(.*)/s)),
  );
  const receivers = /** @type {const} */ ([
    ["Node", process.execPath, "node/receiver.mjs"],
    ["Python", "python3", "python/receiver.py"],
  ]);
  for (const [language, program, file] of receivers) {
    if (!(await exists(program))) {
      say("newcomer", `${language}: LEFT OUT, ${program} is missing`);
      continue;
    }
    await timed(`docs to a running receiver in ${language}, with a call's callback in it`, async () => {
      const path = join(folder, file.replace("/", "-"));
      writeFileSync(path, await programOf(`${url}/docs/notifications.md`, file));
      const port = await freePort();
      const receiver = start([program, path], { PORT: String(port), WEBHOOK_SECRET: `${demo["WEBHOOK_SECRET"]}` });
      await receiver.says(/^listening/m);
      await audatec(env, "calls", "trigger", "+15005550000", "--sample", "--callback-url", `http://127.0.0.1:${port}/`);
      await receiver.says(/^call\.completed .*Completed/m);
      await receiver.stop();
    });
  }

  await timed("CSV to a finished campaign by the command line", async () => {
    const csv = join(folder, "recipients.csv");
    // The last row of the docs' file is meant to be rejected.
    writeFileSync(
      csv,
      readFileSync(inRoot("docs/samples/csv/recipients.csv"), "utf8")
        .split("\n")
        .filter((line) => !line.startsWith("0"))
        .join("\n"),
    );
    const { id } = JSON.parse(await audatec(env, "campaigns", "create", "--name", "June", "--json"));
    await audatec(env, "campaigns", "upload", id, csv);
    await audatec(env, "campaigns", "start", id);
    await audatec(env, "campaigns", "watch", id, "--timeout", "50");
    const results = await audatec(env, "campaigns", "results", id);
    if (!/^loan-4711,\+15005550000,completed,/m.test(results)) throw new UserError(`the campaign's results:\n${results}`);
  });
}

/** @param {NodeJS.ProcessEnv} env @param {string[]} args */
async function audatec(env, ...args) {
  return (await mustRun("npm", ["run", "-s", "audatec", "--", ...args], { env })).stdout;
}

await runMain(async () => {
  endChildrenOnSignals();
  const folder = mkdtempSync(join(tmpdir(), "newcomer-"));
  try {
    const { setUp } = await import("./lib/setup.mjs");
    const { buildWorker } = await import("./lib/wasm.mjs");
    const { buildPages } = await import("./lib/studio.mjs");
    const { packCli } = await import("./lib/packages.mjs");
    await setUp();
    await Promise.all([buildWorker("local"), buildPages(), packCli()]);
    await walkAll(folder);
  } finally {
    for (const running of [...all]) await running.stop();
    rmSync(folder, { recursive: true, force: true });
  }
  for (const [what, ms] of times) console.log(`prove: ${what}: ${(ms / 1000).toFixed(1)} s`);
  const isSlow = (times[0]?.[1] ?? 0) > LIMIT_MS;
  if (isSlow) console.log(`failed: the first callback took longer than ${LIMIT_MS / 1000} s`);
  console.log(`${times.length - (isSlow ? 1 : 0)} passed, ${isSlow ? 1 : 0} failed`);
  return isSlow ? 1 : 0;
});
