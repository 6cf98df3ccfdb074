// The Python package of `clients/python`: the build writes what its document determines, and packs everything as a wheel.

import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { basename, join } from "node:path";
import { step } from "./log.mjs";
import { createsOf, DOCUMENT, PACKED } from "./packages.mjs";
import { inRoot, readIfThere, sha256, writeWhole } from "./paths.mjs";
import { ensurePython } from "./python.mjs";
import { mustRun } from "./run.mjs";

const CLIENT = inRoot("clients/python");
const GENERATED = join(CLIENT, "src/audatec/generated");
/** Pins the packages with which it is made and tested. */
export const REQUIREMENTS = "clients/python/requirements-build.txt";

/** The programs with which it is made. */
export const ensurePythonTools = () => ensurePython("clients/openapi-python-client", REQUIREMENTS);

/** None of it is committed, so none of it can be out of date. @returns {Promise<boolean>} whether it changed */
async function writeGenerated() {
  const document = readFileSync(DOCUMENT, "utf8");
  const hash = sha256(document + readFileSync(inRoot(REQUIREMENTS)));
  const stamp = join(GENERATED, "stamp");
  if (readIfThere(stamp) === hash) return false;
  const bin = await ensurePythonTools();
  const made = inRoot("build/clients/python-generated");
  rmSync(made, { recursive: true, force: true });
  mkdirSync(inRoot("build/clients"), { recursive: true });
  await mustRun(`${bin}/openapi-python-client`, ["generate", "--path", DOCUMENT, "--output-path", made, "--meta", "none", "--overwrite"], {
    env: { PATH: `${bin}:${process.env["PATH"]}` },
  });
  const paths = createsOf(document).map((path) => `    ${JSON.stringify(path)},\n`);
  writeWhole(join(made, "creates.py"), `"""What is POSTed here is known by its \`Idempotency-Key\`."""\n\nCREATES = (\n${paths.join("")})\n`);
  writeWhole(join(made, "stamp"), hash);
  rmSync(GENERATED, { recursive: true, force: true });
  renameSync(made, GENERATED);
  return true;
}

/** @returns {Promise<string>} the wheel, built unless the existing one is up to date */
export async function packPython() {
  await writeGenerated();
  const sources = readdirSync(join(CLIENT, "src/audatec"), { withFileTypes: true }).filter((entry) => entry.isFile());
  const files = [...sources.map(({ name }) => join(CLIENT, "src/audatec", name)), ...["pyproject.toml", "README.md"].map((name) => join(CLIENT, name))];
  const hash = sha256(files.sort().map((file) => readFileSync(file, "utf8")).join("\0") + readIfThere(join(GENERATED, "stamp")));
  const stamp = join(PACKED, "audatec-python.stamp");
  const [known, wheel] = (readIfThere(stamp) ?? "").split("\n");
  if (known === hash && wheel && existsSync(join(PACKED, wheel))) return join(PACKED, wheel);
  mkdirSync(PACKED, { recursive: true });
  const bin = await ensurePythonTools();
  rmSync(join(CLIENT, "build"), { recursive: true, force: true });
  const { output } = await step("build", "the Python client's wheel", () =>
    mustRun(`${bin}/pip`, ["wheel", "--disable-pip-version-check", "--no-deps", "--no-build-isolation", "--wheel-dir", PACKED, CLIENT]),
  );
  const made = /filename=(\S+\.whl)/.exec(output)?.[1] ?? readdirSync(PACKED).find((name) => /^audatec-.*\.whl$/.test(name)) ?? "";
  writeWhole(stamp, `${hash}\n${basename(made)}`);
  return join(PACKED, basename(made));
}
