// An earlier release, built from this repository's history: what a deployment runs beside the current one while that rolls out.

import { existsSync, mkdirSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { say, seconds, UserError } from "./log.mjs";
import { inRoot } from "./paths.mjs";
import { mustRun, run } from "./run.mjs";

/** Its build, done by that release's own scripts. */
const BUILD = `
  const { ensureBindgen, ensureRust } = await import("./scripts/lib/setup.mjs");
  await ensureRust();
  await ensureBindgen();
  const { buildWorker } = await import("./scripts/lib/wasm.mjs");
  await buildWorker("local");
`;

/**
 * Builds the Worker of a commit with its local profile, once.
 * @param {string} commit
 * @returns {Promise<string>} the folder with that release's files: the Worker is in `build/local`
 */
export async function buildOlder(commit) {
  const startedAt = performance.now();
  const { code } = await run("git", ["cat-file", "-e", `${commit}^{commit}`], { cwd: inRoot() });
  if (code !== 0) throw new UserError(`The release ${commit} is not in this clone, whose history is not whole: \`git fetch --unshallow\`.`);
  const folder = inRoot("build/older", commit);
  if (existsSync(join(folder, "build/local/stamp"))) return folder;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  await mustRun("sh", ["-c", `git archive ${commit} | tar -x -C ${JSON.stringify(folder)}`], { cwd: inRoot() });
  // Tools that search for their configuration must find only the project's.
  rmSync(join(folder, "biome.json"), { force: true });
  // The parts of them that the build uses have the same versions.
  symlinkSync(inRoot("node_modules"), join(folder, "node_modules"));
  const env = { CARGO_TARGET_DIR: inRoot("build/older/target") };
  await mustRun(process.execPath, ["--input-type=module", "-e", BUILD], { cwd: folder, env });
  say("build", `the Worker of ${commit}, ${seconds(startedAt)}`);
  return folder;
}
