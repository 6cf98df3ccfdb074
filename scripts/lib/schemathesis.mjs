// Schemathesis, which reads openapi.json and asks the server all that it describes, and all that it forbids.

import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { step, UserError } from "./log.mjs";
import { inRoot, readIfThere, sha256, writeWhole } from "./paths.mjs";
import { exists, mustRun, run } from "./run.mjs";

const VENV = inRoot("build/schemathesis");
const REQUIREMENTS = inRoot("tests/schemathesis/requirements.txt");
const CONFIG = inRoot("tests/schemathesis/schemathesis.toml");

/** Whether this machine has what installs it. */
export async function hasPython() {
  return (await exists("python3")) && (await run("python3", ["-c", "import venv, ensurepip"])).code === 0;
}

/** Installs it into `build/`, unless it is there. */
export async function ensureSchemathesis() {
  const hash = sha256(readFileSync(REQUIREMENTS));
  const stamp = inRoot("build/schemathesis/installed");
  if (readIfThere(stamp) === hash && existsSync(`${VENV}/bin/schemathesis`)) return;
  if (!(await hasPython())) throw new UserError("python3 with venv was not found on PATH: schemathesis needs it.");
  mkdirSync(inRoot("build"), { recursive: true });
  await step("setup", "schemathesis (pip)", async () => {
    await mustRun("python3", ["-m", "venv", VENV]);
    await mustRun(`${VENV}/bin/pip`, ["install", "-q", "--disable-pip-version-check", "--no-deps", "-r", REQUIREMENTS]);
  });
  writeWhole(stamp, hash);
}

/**
 * Runs it against a Worker of its own, whose callbacks leave the machine nowhere.
 * @param {{ seconds: number, seed: number }} options
 * @returns {Promise<{ cases: number, failed: boolean }>}
 */
export async function schemathesis({ seconds, seed }) {
  const { startLocal, tellsOfBreakage } = await import("./local.mjs");
  const { Response } = await import("miniflare");
  const { makeDemo } = await import("./seed.mjs");
  /** @type {string[]} */
  const broken = [];
  const onLog = (/** @type {string} */ _level, /** @type {string} */ message) => void (tellsOfBreakage(message) && broken.push(message));
  const local = await startLocal({ vars: FAST, cron: false, onLog, outboundService: () => new Response(null, { status: 204 }) });
  try {
    const demo = await makeDemo(local.url, local.secrets.PLATFORM_TOKEN);
    const other = await makeDemo(local.url, local.secrets.PLATFORM_TOKEN);
    const bounds = [`--max-time=${seconds}`, `--seed=${seed}`];
    const { code, output } = await run(
      `${VENV}/bin/schemathesis`,
      [`--config-file=${CONFIG}`, "run", `${local.url}/openapi.json`, `--url=${local.url}`, ...bounds],
      { cwd: inRoot("build"), passThrough: true, env: { ...demo, OTHER_OWNER_KEY: other.OWNER_KEY, NO_COLOR: "1" } },
    );
    const [, generated = "0"] = /(\d[\d,]*) generated/.exec(output) ?? [];
    const cases = Number(generated.replaceAll(",", ""));
    const alive = await fetch(`${local.url}/integration/v1/agents`, { headers: { authorization: `Bearer ${demo.OWNER_KEY}` } });
    if (alive.status !== 200) console.error(`the owner's key was lost on the way: ${alive.status}`);
    for (const line of broken) console.error(`nobody caught: ${line}`);
    return { cases, failed: code !== 0 || cases === 0 || alive.status !== 200 || broken.length > 0 };
  } finally {
    await local.stop();
  }
}

/** A phone network that is quick to end. */
const FAST = { SIM_RING_MS: "20", SIM_TALK_MS: "50", RING_TIMEOUT_SECONDS: "0.5", MAX_CALL_SECONDS: "1", STALLED_AFTER_SECONDS: "0.5" };
