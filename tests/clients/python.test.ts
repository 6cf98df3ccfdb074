// The Python package as its users get it: packed, installed into an empty environment, and used against the built Worker.
// Skipped, and reported as such, if there is no Python.

import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { inRoot } from "../../scripts/lib/paths.mjs";
import { hasPython } from "../../scripts/lib/python.mjs";
import { ensurePythonTools, packPython, REQUIREMENTS } from "../../scripts/lib/python-client.mjs";
import { mustRun, run } from "../../scripts/lib/run.mjs";
import { METADATA, Org, useServer } from "../edge/harness.ts";

const isLeftOut = !(await hasNewEnough());
if (isLeftOut) console.warn("LEFT OUT: the Python client needs Python 3.11 with venv");
const server = useServer();
const folder = mkdtempSync(join(tmpdir(), "python-client-"));
const python = join(folder, "bin/python3");
let env: Record<string, string>;

async function hasNewEnough(): Promise<boolean> {
  return (await hasPython()) && (await run("python3", ["-c", "import sys; sys.exit(sys.version_info < (3, 11))"])).code === 0;
}

beforeAll(async () => {
  if (isLeftOut) return;
  const wheel = await packPython();
  await mustRun("python3", ["-m", "venv", folder]);
  await mustRun(python, ["-m", "pip", "install", "-q", "--disable-pip-version-check", "-c", inRoot(REQUIREMENTS), wheel]);
  const org = await Org.create(server);
  const secret = await org.owner.get<{ secret: string }>("/webhooks/secret");
  env = {
    AUDATEC_BASE_URL: server.url,
    AUDATEC_API_KEY: String(org.owner.key),
    AGENT_ID: org.agent.id,
    TRUNK_ID: org.trunk.id,
    WEBHOOK_SECRET: secret.body.secret,
    METADATA: JSON.stringify(METADATA),
  };
}, 400_000);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** From an empty folder, so that nothing but what is installed is found. */
const program = (script: string) => run(python, ["-I", script], { cwd: folder, env });

test.skipIf(isLeftOut)("installed into an empty project, it makes a round trip", { timeout: 90_000 }, async () => {
  const { code, output, stdout } = await program(inRoot("tests/clients/python/round_trip.py"));
  expect(code, output).toBe(0);
  expect(JSON.parse(stdout.trim().split("\n").at(-1) ?? "")).toEqual({
    agents: ["EMI Reminder Agent"],
    replayed: true,
    ended: ["Completed", expect.any(String)],
    error: [404, "call_not_found", "Call not found"],
    signatures: [true, false, true],
    event: ["call.completed", "Completed"],
    declined: "Decline",
    listed: expect.any(Number),
    added: 3,
    recipients: ["row-0", "row-1", "row-2"],
  });
});

test.skipIf(isLeftOut)("retries by the API's table, events over broken connections, pages, batches and signatures", { timeout: 60_000 }, async () => {
  const { code, output } = await program(inRoot("tests/clients/python/test_client.py"));
  expect(code, output).toBe(0);
  expect(output).toMatch(/^Ran 1\d tests/m);
});

test.skipIf(isLeftOut)("the samples of its README run", { timeout: 90_000 }, async () => {
  const samples = [...readFileSync(inRoot("clients/python/README.md"), "utf8").matchAll(/^```python\n(.*?)^```$/gms)].map(([, code]) => code);
  expect(samples.length).toBeGreaterThanOrEqual(6);
  writeFileSync(join(folder, "samples.py"), samples.join("\n"));
  const { code, output } = await program(join(folder, "samples.py"));
  expect(code, output).toBe(0);
  expect(output).toContain("404 call_not_found Call not found");
  expect(output).toContain("added 2, running");
});

test.skipIf(isLeftOut)("it is typed, also by what the document says at present", { timeout: 90_000 }, async () => {
  const bin = await ensurePythonTools();
  const { code, output } = await run(`${bin}/mypy`, ["--no-error-summary", "--cache-dir", inRoot("build/clients/mypy")], { cwd: inRoot("clients/python") });
  expect(code, output).toBe(0);
  expect(existsSync(join(folder, "lib", await site(), "audatec/py.typed"))).toBe(true);
});

async function site(): Promise<string> {
  const { stdout } = await run(python, ["-c", "import sys; print(f'python{sys.version_info[0]}.{sys.version_info[1]}/site-packages')"]);
  return stdout.trim();
}
