// The packages of `clients/` as their users have them: packed, and installed into an empty project.

import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { mustRun } from "../../scripts/lib/run.mjs";
import { clientFolder } from "../../scripts/lib/clients.mjs";
import { packClient } from "../../scripts/lib/packages.mjs";

export type ClientModule = typeof import("../../clients/typescript/src/index.ts");

/** An empty project with these packed packages in it; its folder. */
export async function emptyProject(name: string, packed: string[]): Promise<string> {
  const folder = clientFolder(`projects/${name}`);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "package.json"), JSON.stringify({ name, private: true, type: "module" }));
  const quiet = ["--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error", "--prefer-offline"];
  await mustRun("npm", ["install", ...quiet, ...packed], { cwd: folder });
  return folder;
}

/** The TypeScript client in an empty project, and its exports. */
export async function installClient(name: string): Promise<{ folder: string; client: ClientModule }> {
  const folder = await emptyProject(name, [await packClient()]);
  const entry = join(folder, "node_modules/@audatec/client/dist/index.js");
  return { folder, client: (await import(pathToFileURL(entry).href)) as ClientModule };
}
