// Python programs in virtual environments of their own, with the packages pinned by a file.

import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { step, UserError } from "./log.mjs";
import { inRoot, readIfThere, sha256, writeWhole } from "./paths.mjs";
import { exists, mustRun, run } from "./run.mjs";

/** Whether this machine can create one. */
export async function hasPython() {
  return (await exists("python3")) && (await run("python3", ["-c", "import venv, ensurepip"])).code === 0;
}

/**
 * Creates one in `build/`, unless it exists.
 * @param {string} name its folder's
 * @param {string} requirements the file, relative to the project's folder
 * @returns {Promise<string>} where its programs are
 */
export async function ensurePython(name, requirements) {
  const venv = inRoot("build", name);
  const file = inRoot(requirements);
  const hash = sha256(readFileSync(file));
  const stamp = inRoot("build", name, "installed");
  if (readIfThere(stamp) === hash && existsSync(`${venv}/bin/python3`)) return `${venv}/bin`;
  if (!(await hasPython())) throw new UserError(`python3 with venv was not found on PATH: ${name} needs it.`);
  mkdirSync(inRoot("build"), { recursive: true });
  await step("setup", `${name} (pip)`, async () => {
    await mustRun("python3", ["-m", "venv", venv]);
    await mustRun(`${venv}/bin/pip`, ["install", "-q", "--disable-pip-version-check", "--no-deps", "-r", file]);
  });
  writeWhole(stamp, hash);
  return `${venv}/bin`;
}
