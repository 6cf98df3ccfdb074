#!/usr/bin/env node
// `node scripts/clients.mjs [name ...]`: tries public/openapi.json with generators and readers other than those of `npm test`.
// Each client is compiled. A tool that this machine lacks is skipped, and reported as such. The last line is `N passed, N
// failed`.

import { spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { clientFolder, ensureGenerator, ensurePackages, generate, lacking, PYTHON } from "./lib/clients.mjs";
import { runMain, say } from "./lib/log.mjs";
import { inRoot } from "./lib/paths.mjs";
import { endChildrenOnSignals, exists, mustRun, run } from "./lib/run.mjs";
import { setUp } from "./lib/setup.mjs";

const DOCUMENT = inRoot("public/openapi.json");
const OGEN = "github.com/ogen-go/ogen/cmd/ogen@v1.25.0";
const OAPI_CODEGEN = "github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen@v2.8.2";

/** The options with which TypeScript clients are compiled. */
const COMPILED = { strict: true, target: "es2022", module: "esnext", moduleResolution: "bundler", lib: ["es2022", "dom", "dom.iterable"] };

/** @param {string} folder */
async function compileTypeScript(folder) {
  const compilerOptions = { ...COMPILED, skipLibCheck: true, types: [], noEmit: true };
  writeFileSync(`${folder}/tsconfig.json`, JSON.stringify({ compilerOptions, include: ["**/*.ts"] }));
  await mustRun(process.execPath, [inRoot("node_modules/typescript-native/bin/tsc"), "-p", folder]);
}

/** An npm generator of TypeScript clients. @param {string} tool @param {(folder: string) => string[]} args */
const ofNpm = (tool, args) => async (/** @type {string} */ folder) => {
  const toolOf = await ensurePackages("more");
  await mustRun(process.execPath, [toolOf(tool), ...args(folder)]);
  await compileTypeScript(folder);
};

/** A generator written in Go, whose client is compiled in a module of its own. @param {string} tool @param {(folder: string) => string[]} args */
const ofGo = (tool, args) => async (/** @type {string} */ folder) => {
  await mustRun("go", ["mod", "init", "example.com/client"], { cwd: folder });
  await mustRun("go", ["run", tool, ...args(folder)], { cwd: folder });
  await mustRun("go", ["mod", "tidy"], { cwd: folder });
  await mustRun("go", ["build", "./..."], { cwd: folder });
};

/** A mock server made from the document answers with the document's examples. */
async function askPrism() {
  const toolOf = await ensurePackages("more");
  const prism = spawn(process.execPath, [toolOf("prism"), "mock", "-p", "4477", DOCUMENT], { stdio: ["ignore", "pipe", "inherit"] });
  try {
    await new Promise((resolve, reject) => {
      prism.on("exit", (code) => reject(new Error(`prism ended with ${code}`)));
      prism.stdout.on("data", (text) => String(text).includes("is listening") && resolve(null));
    });
    const headers = { authorization: "Bearer audtk_x", "content-type": "application/json", prefer: "code=201" };
    const ids = { agent_id: "830f767a-397e-4b39-82ff-235cd344e2f9", sip_trunk_id: "d5f3a1c0-8b2e-4f9a-b7d1-1e2c3a4b5c6d" };
    const body = JSON.stringify({ phone_number: "+919876543210", ...ids });
    const answer = await fetch("http://127.0.0.1:4477/integration/v1/calls", { method: "POST", headers, body });
    const { call_id } = /** @type {{ call_id?: string }} */ (await answer.json());
    if (answer.status !== 201 || !call_id) throw new Error(`prism answered ${answer.status} without a call_id`);
  } finally {
    prism.removeAllListeners("exit");
    prism.kill();
  }
}

/** @type {Record<string, { needs: string[], prove: (folder: string) => Promise<void> }>} */
const TOOLS = {
  "openapi-generator java": {
    needs: ["java", "mvn", "javac"],
    async prove(folder) {
      await ensureGenerator();
      await generate("java", DOCUMENT, folder);
      await mustRun("mvn", ["-q", "-B", "-Dmaven.test.skip=true", "compile"], { cwd: folder });
    },
  },
  "openapi-generator rust": {
    needs: ["java", "cargo"],
    async prove(folder) {
      await ensureGenerator();
      await generate("rust", DOCUMENT, folder, ["--additional-properties=packageName=client"]);
      writeFileSync(`${folder}/Cargo.toml`, "\n[workspace]\n", { flag: "a" });
      await mustRun("cargo", ["check", "-q", "--no-default-features"], { cwd: folder });
    },
  },
  ogen: { needs: ["go"], prove: ofGo(OGEN, (folder) => ["--target", `${folder}/client`, "--package", "client", DOCUMENT]) },
  "oapi-codegen": {
    needs: ["go"],
    prove: ofGo(OAPI_CODEGEN, (folder) => ["-generate", "types,client", "-package", "client", "-o", `${folder}/client.go`, DOCUMENT]),
  },
  "openapi-python-client": {
    needs: ["python3"],
    async prove(folder) {
      await ensureGenerator();
      const venv = clientFolder("openapi-python-client-venv");
      await mustRun("python3", ["-m", "venv", venv]);
      await mustRun(`${venv}/bin/pip`, ["install", "-q", "--disable-pip-version-check", "openapi-python-client==0.29.1"]);
      const to = ["--output-path", `${folder}/client`, "--meta", "none", "--overwrite"];
      await mustRun(`${venv}/bin/openapi-python-client`, ["generate", "--path", DOCUMENT, ...to]);
      await mustRun(PYTHON, ["-m", "compileall", "-q", folder]);
      await mustRun(`${venv}/bin/python`, ["-c", "import client.client, client.models, client.api.calls.trigger_call"], { cwd: folder });
    },
  },
  "hey-api": { needs: [], prove: ofNpm("openapi-ts", (folder) => ["-i", DOCUMENT, "-o", `${folder}/client`]) },
  orval: { needs: [], prove: ofNpm("orval", (folder) => ["--client", "fetch", "--input", DOCUMENT, "--output", `${folder}/client.ts`]) },
  "openapi-typescript": { needs: [], prove: ofNpm("openapi-typescript", (folder) => [DOCUMENT, "-o", `${folder}/schema.ts`]) },
  prism: { needs: [], prove: askPrism },
  postman: {
    needs: [],
    async prove(folder) {
      const toolOf = await ensurePackages("more");
      await mustRun(process.execPath, [toolOf("openapi2postmanv2"), "-s", DOCUMENT, "-o", `${folder}/collection.json`]);
    },
  },
};

await runMain(async () => {
  endChildrenOnSignals();
  await setUp();
  const counts = { passed: 0, failed: 0 };
  const noGenerator = await lacking();
  const only = process.argv.slice(2);
  for (const [name, { needs, prove }] of Object.entries(TOOLS)) {
    if (only.length > 0 && !only.includes(name)) continue;
    const here = await Promise.all(needs.map(async (tool) => (tool === "java" ? !noGenerator.includes("java") : await exists(tool))));
    const missing = needs.filter((_, at) => !here[at]);
    if (missing.length > 0) {
      say("clients", `${name}: LEFT OUT, this machine lacks ${missing.join(", ")}`);
      continue;
    }
    const folder = clientFolder(`made/${name.replaceAll(" ", "-")}`);
    await run("rm", ["-rf", folder]);
    mkdirSync(folder, { recursive: true });
    const failure = await prove(folder).then(() => null, (/** @type {Error} */ error) => error);
    counts[failure ? "failed" : "passed"] += 1;
    say("clients", failure ? `${name}: FAILED, ${failure.message}` : `${name}: holds`);
  }
  console.log(`prove: generators and readers that take the document: ${counts.passed} of ${counts.passed + counts.failed}`);
  console.log(`${counts.passed} passed, ${counts.failed} failed`);
  return counts.failed > 0 ? 1 : 0;
});
