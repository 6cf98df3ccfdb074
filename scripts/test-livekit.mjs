#!/usr/bin/env node
// `npm run test:livekit`: installs a real LiveKit server, redis, SIPp and the agent if they are missing, and runs the tests that
// place real calls, all on loopback. Needs Go and Python 3.10; apt-get, as root, for Debian's packages. LIVEKIT_SIP may name a
// livekit-sip binary; otherwise the tests' own SIP node takes its place. With --where-possible a machine that can't install all
// this is left alone; the output says so. With --set-up it only installs; .ci/run does that early, while something else computes.
// The last line is `N passed, N failed`.

import { existsSync, mkdirSync } from "node:fs";
import { runMain, say, step, UserError } from "./lib/log.mjs";
import { inRoot } from "./lib/paths.mjs";
import { endChildrenOnSignals, exists, mustRun, run } from "./lib/run.mjs";
import { setUp } from "./lib/setup.mjs";
import { vitest } from "./lib/vitest.mjs";

const LIVEKIT_SERVER = "github.com/livekit/livekit-server/cmd/server@v1.13.5";
const bin = inRoot("build/livekit/bin");
const venv = inRoot("build/livekit/venv");

await runMain(async () => {
  endChildrenOnSignals();
  mkdirSync(bin, { recursive: true });
  if (process.argv.includes("--set-up")) {
    await debianPackages();
    await Promise.all([goPrograms(), agent()]);
    return 0;
  }
  await setUp();
  try {
    await debianPackages();
    await Promise.all([goPrograms(), agent()]); // one computes, the other loads
  } catch (error) {
    if (!process.argv.includes("--where-possible")) throw error;
    say("livekit", `left out, since it could not be installed here: ${error instanceof Error ? error.message : error}`);
    console.log("0 passed, 0 failed");
    return 0;
  }
  await agentTests();
  const { buildWorker } = await import("./lib/wasm.mjs");
  await buildWorker("local");
  return calls();
});

async function debianPackages() {
  /** @type {string[]} */
  const missing = [];
  if (!(await exists("redis-server"))) missing.push("redis-server");
  if (!(await exists("sipp"))) missing.push("sip-tester");
  if (missing.length === 0) return;
  if (!(await exists("apt-get"))) throw new UserError(`Missing: ${missing.join(", ")}. Install them and run this again.`);
  const env = { DEBIAN_FRONTEND: "noninteractive" };
  await step("livekit", `apt-get install ${missing.join(" ")}`, async () => {
    await mustRun("apt-get", ["update", "-qq"], { env });
    await mustRun("apt-get", ["install", "-y", "-qq", "--no-install-recommends", ...missing], { env });
  });
}

async function goPrograms() {
  const isGoThere = (await run("go", ["version"]).catch(() => ({ code: 1 }))).code === 0;
  if (!isGoThere) throw new UserError("Go is needed: https://go.dev/doc/install");
  if (!existsSync(`${bin}/server`)) {
    await step("livekit", `go install ${LIVEKIT_SERVER} (some minutes, once)`, () =>
      mustRun("go", ["install", LIVEKIT_SERVER], { env: { GOBIN: bin } }),
    );
  }
  const sip = process.env["LIVEKIT_SIP"];
  if (sip && !existsSync(sip)) throw new UserError(`LIVEKIT_SIP: there is no ${sip}`);
  if (sip) return;
  await step("livekit", "go build, the tests' SIP node", () =>
    mustRun("go", ["build", "-o", `${bin}/sipnode`, "."], { cwd: inRoot("tests/livekit/sipnode") }),
  );
}

async function agent() {
  if (!existsSync(`${venv}/bin/pip`)) await mustRun("python3", ["-m", "venv", venv]);
  await step("livekit", "pip install ./agent", () =>
    mustRun(`${venv}/bin/pip`, ["install", "-q", "--disable-pip-version-check", inRoot("agent")]),
  );
}

async function agentTests() {
  await step("livekit", "the agent's own tests", () =>
    mustRun(`${venv}/bin/python`, ["-m", "unittest", "discover", "-q", "-s", "tests"], { cwd: inRoot("agent") }),
  );
}

async function calls() {
  say("livekit", "vitest ...");
  const { passed, failed, names = [] } = await vitest("vitest-livekit.json", ["--config", "vitest.livekit.config.ts"]);
  for (const name of names) console.log(`failed: ${name}`);
  console.log(`${passed} passed, ${failed} failed`);
  return failed > 0 ? 1 : 0;
}
