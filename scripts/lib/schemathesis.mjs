// Schemathesis, which reads openapi.json and sends the server everything that it describes, and everything that it forbids.

import { inRoot } from "./paths.mjs";
import { ensurePython, hasPython } from "./python.mjs";
import { run } from "./run.mjs";

export { hasPython };

const CONFIG = inRoot("tests/schemathesis/schemathesis.toml");
const SERIALIZERS = { PYTHONPATH: inRoot("tests/schemathesis"), SCHEMATHESIS_HOOKS: "serializers" };

/** Installs it into `build/`, unless it is there. @returns {Promise<string>} the folder with its program */
export const ensureSchemathesis = () => ensurePython("schemathesis", "tests/schemathesis/requirements.txt");

/**
 * Runs it against a Worker of its own, whose callbacks never leave the machine.
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
      `${inRoot("build/schemathesis/bin")}/schemathesis`,
      [`--config-file=${CONFIG}`, "run", `${local.url}/openapi.json`, `--url=${local.url}`, ...bounds],
      { cwd: inRoot("build"), passThrough: true, env: { ...demo, ...SERIALIZERS, OTHER_OWNER_KEY: other.OWNER_KEY, NO_COLOR: "1" } },
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

/** A phone network whose calls end quickly. */
const FAST = { SIM_RING_MS: "20", SIM_TALK_MS: "50", RING_TIMEOUT_SECONDS: "0.5", MAX_CALL_SECONDS: "1", STALLED_AFTER_SECONDS: "0.5" };
