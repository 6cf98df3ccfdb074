// The most widely used generator, openapi-generator, and the clients that it makes from the served document: each compiles, and
// each makes the same round trip. Skipped, and reported as such, if a tool is missing.

import { copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import { beforeAll, expect, test } from "vitest";
import { clientFolder, ensureGenerator, generate, lacking, PYTHON } from "../../scripts/lib/clients.mjs";
import { inRoot } from "../../scripts/lib/paths.mjs";
import { exists, mustRun } from "../../scripts/lib/run.mjs";
import { METADATA, Org, useServer } from "../edge/harness.ts";

const server = useServer();
const missing = await lacking();
const hasGo = await exists("go");
const left = [...missing, ...(hasGo ? [] : ["go"])];
if (left.length > 0) console.warn(`LEFT OUT: generated clients need what is not on this machine: ${left.join(", ")}`);

const DOCUMENT = inRoot("build/clients/openapi.json");
let env: Record<string, string>;

beforeAll(async () => {
  if (missing.length > 0) return;
  await ensureGenerator();
  const text = await (await fetch(`${server.url}/openapi.json`)).text();
  mkdirSync(clientFolder("."), { recursive: true });
  writeFileSync(DOCUMENT, text);
  const org = await Org.create(server);
  const full = await org.newTrunk({ max_cps: 1 });
  await org.trigger({ sip_trunk_id: full.id });
  const rejected = await org.trigger<{ call_id: string }>({ sip_trunk_id: full.id });
  expect(rejected.status).toBe(429);
  env = {
    BASE_URL: server.url,
    API_KEY: String(org.owner.key),
    AGENT_ID: org.agent.id,
    TRUNK_ID: org.trunk.id,
    REJECTED_ID: rejected.body.call_id,
    METADATA: JSON.stringify(METADATA),
  };
}, 400_000);

const tool = (name: string) => inRoot(`node_modules/${name}`);

/** Makes the client, compiles it together with the round trip, and runs that. */
const LANGUAGES: Record<string, (folder: string) => Promise<{ stdout: string }>> = {
  async python(folder) {
    await generate("python", DOCUMENT, folder);
    await mustRun(PYTHON, ["-m", "compileall", "-q", folder]);
    return mustRun(PYTHON, [inRoot("tests/clients/round_trip.py")], { env: { ...env, PYTHONPATH: folder } });
  },
  async typescript(folder) {
    await generate("typescript-fetch", DOCUMENT, `${folder}/client`);
    copyFileSync(inRoot("tests/clients/round-trip.ts"), `${folder}/round-trip.ts`);
    const options = { strict: true, target: "es2022", module: "esnext", moduleResolution: "bundler", lib: ["es2022", "dom"], types: [], noEmit: true };
    writeFileSync(`${folder}/tsconfig.json`, JSON.stringify({ compilerOptions: options, include: ["."] }));
    await mustRun(process.execPath, [tool("typescript-native/bin/tsc"), "-p", folder]);
    const bundle = `${folder}/round-trip.mjs`;
    await mustRun(tool(".bin/esbuild"), [`${folder}/round-trip.ts`, "--bundle", "--format=esm", "--platform=node", `--outfile=${bundle}`]);
    return mustRun(process.execPath, [bundle], { env });
  },
  async go(folder) {
    await generate("go", DOCUMENT, `${folder}/client`, ["--additional-properties=withGoMod=false"]);
    copyFileSync(inRoot("tests/clients/round_trip.go"), `${folder}/main.go`);
    for (const name of ["go.mod", "go.sum"]) copyFileSync(inRoot(`tests/clients/${name}`), `${folder}/${name}`);
    mkdirSync(`${folder}/sample`);
    copyFileSync(inRoot("docs/samples/go/generated/generated.go"), `${folder}/sample/main.go`);
    await mustRun("go", ["vet", "./client"], { cwd: folder });
    // The guide's program.
    expect((await mustRun("go", ["run", "./sample"], { cwd: folder, env })).stdout).toMatch(/^accepted \S+\nCompleted interested\n$/);
    return mustRun("go", ["run", "."], { cwd: folder, env });
  },
};

for (const [language, roundTrip] of Object.entries(LANGUAGES)) {
  const isLeftOut = missing.length > 0 || (language === "go" && !hasGo);
  test.skipIf(isLeftOut)(`openapi-generator's ${language} client compiles and makes a round trip`, { timeout: 240_000 }, async () => {
    const { stdout } = await roundTrip(clientFolder(language === "python" ? "openapi-generator-python" : language));
    const seen = JSON.parse(stdout.trim().split("\n").at(-1) ?? "") as unknown;

    expect(seen).toEqual({
      agents: ["EMI Reminder Agent"],
      accepted: [201, "triggered", true],
      replayed: [201, true, "true"],
      dry: [200, true, "trigger", null],
      status: [true, "Completed", expect.any(String)],
      rejected: ["Rejected — Capacity", "rate_exceeded", null],
      error: [404, "call_not_found", "Call not found"],
      listed: expect.arrayContaining(["Completed", "Rejected — Capacity"]),
      carrier: "simulator",
      event: ["call.completed", "Completed"],
    });
  });
}
