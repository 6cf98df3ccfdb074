// The guide's program for the client that openapi-generator makes for Java: compiled with it by Maven, and run against the built
// Worker.

import { copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import { stripVTControlCharacters } from "node:util";
import { expect, test } from "vitest";
import { clientFolder, ensureGenerator, generate, lacking } from "../../scripts/lib/clients.mjs";
import { inRoot } from "../../scripts/lib/paths.mjs";
import { exists, mustRun } from "../../scripts/lib/run.mjs";
import { Org, useServer } from "../edge/harness.ts";

const server = useServer();
const missing = [...(await lacking()), ...((await exists("mvn")) ? [] : ["mvn"])];
if (missing.length > 0) console.warn(`LEFT OUT: Java's generated client needs what is not on this machine: ${missing.join(", ")}`);

test.skipIf(missing.length > 0)("the guide's Java program places a call with the generated client", { timeout: 900_000 }, async () => {
  await ensureGenerator();
  const folder = clientFolder("java-sample");
  mkdirSync(clientFolder("."), { recursive: true });
  writeFileSync(`${folder}.json`, await (await fetch(`${server.url}/openapi.json`)).text());
  await generate("java", `${folder}.json`, folder);
  const sample = inRoot("docs/samples/java/Generated.java");
  copyFileSync(sample, `${folder}/src/main/java/Generated.java`);
  const org = await Org.create(server);
  const env = { BASE_URL: server.url, API_KEY: String(org.owner.key), AGENT_ID: org.agent.id, TRUNK_ID: org.trunk.id };
  const plugin = "org.codehaus.mojo:exec-maven-plugin:3.5.0:java";
  const startedAt = performance.now();
  const { stdout: colored } = await mustRun("mvn", ["-q", "-B", "-Dmaven.test.skip=true", "compile", plugin, "-Dexec.mainClass=Generated"], { cwd: folder, env });
  const stdout = stripVTControlCharacters(colored);

  const [, callId = ""] = /^accepted (\S+)$/m.exec(stdout) ?? [];
  expect((await org.status(callId)).call_status, stdout).toBe("Completed");
  expect(stdout).toMatch(/^Completed interested$/m);
  console.log(`prove: the guide's Java program, compiled and run: ${((performance.now() - startedAt) / 1000).toFixed(1)} s`);
});
