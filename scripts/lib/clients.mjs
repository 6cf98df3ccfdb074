// Clients generated from openapi.json: the generator, the languages' tools, and the folders of the results.

import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { step } from "./log.mjs";
import { inRoot, readIfThere, sha256, writeWhole } from "./paths.mjs";
import { exists, mustRun, run } from "./run.mjs";
import { hasPython } from "./schemathesis.mjs";
import { npmCi } from "./setup.mjs";

const VENV = inRoot("build/clients/python");
const REQUIREMENTS = inRoot("tests/clients/requirements.txt");

/** The Python that has the packages a generated client needs. */
export const PYTHON = `${VENV}/bin/python`;

/** The folder in which a client of this name is generated. @param {string} name */
export const clientFolder = (name) => inRoot(`build/clients/${name}`);

/** What this machine lacks to run openapi-generator; empty if it has everything. @returns {Promise<string[]>} */
export async function lacking() {
  const has = { "python3 with venv": await hasPython(), java: (await exists("java")) && (await run("java", ["-version"])).code === 0 };
  return Object.entries(has).flatMap(([name, there]) => (there ? [] : [name]));
}

/** Installs the generator, and what its Python clients need, into `build/`, unless they are there. */
export async function ensureGenerator() {
  const hash = sha256(readFileSync(REQUIREMENTS));
  const stamp = `${VENV}/installed`;
  if (readIfThere(stamp) === hash && existsSync(PYTHON)) return;
  mkdirSync(inRoot("build/clients"), { recursive: true });
  await step("setup", "openapi-generator (pip)", async () => {
    await mustRun("python3", ["-m", "venv", VENV]);
    await mustRun(PYTHON, ["-m", "pip", "install", "-q", "--disable-pip-version-check", "--no-deps", "-r", REQUIREMENTS]);
  });
  writeWhole(stamp, hash);
}

/**
 * Generates a client from a document; fails if the generator does, or if it complains about the document.
 * @param {string} generator its name @param {string} document a file @param {string} to the client's folder
 * @param {string[]} [more] options
 */
export async function generate(generator, document, to, more = []) {
  rmSync(to, { recursive: true, force: true });
  const where = "import importlib.util, os; print(os.path.dirname(importlib.util.find_spec('openapi_generator_cli').origin))";
  const { stdout } = await mustRun(PYTHON, ["-c", where]);
  const jar = `${stdout.trim()}/openapi-generator.jar`;
  const java = ["-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-jar", jar];
  return mustRun("java", [...java, "generate", "-i", document, "-g", generator, "-o", to, ...more]);
}

/**
 * Installs the npm packages of a folder of `tests/clients` into `build/`, unless they are there.
 * @param {string} name @returns {Promise<(tool: string) => string>} the path of one of its tools
 */
export async function ensurePackages(name) {
  const from = inRoot(`tests/clients/${name}`);
  const to = clientFolder(`packages/${name}`);
  const lock = readFileSync(`${from}/package-lock.json`, "utf8");
  const stamp = `${to}/installed`;
  if (readIfThere(stamp) !== sha256(lock)) {
    mkdirSync(to, { recursive: true });
    for (const file of ["package.json", "package-lock.json"]) copyFileSync(`${from}/${file}`, `${to}/${file}`);
    await step("setup", `${name} of OpenAPI documents (npm ci)`, () => npmCi(to, ["--ignore-scripts", "--loglevel=error"]));
    writeWhole(stamp, sha256(lock));
  }
  return (tool) => `${to}/node_modules/.bin/${tool}`;
}
