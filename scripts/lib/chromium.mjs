// The browser that Studio's tests drive: the system's Chromium. Node built-ins only.

import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { step, UserError } from "./log.mjs";
import { exists, mustRun } from "./run.mjs";

const NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/** @returns {string | undefined} CHROMIUM, or the first browser on PATH */
function find() {
  const given = process.env["CHROMIUM"];
  if (given) return given;
  const folders = (process.env["PATH"] ?? "").split(delimiter);
  return NAMES.flatMap((name) => folders.map((folder) => join(folder, name))).find((path) => existsSync(path));
}

/** @returns {string} where it is */
export function chromiumPath() {
  const path = find();
  if (!path) throw new UserError("Chromium was not found. Install it, or set CHROMIUM to a Chrome or Chromium.");
  return path;
}

/** Installs Chromium with apt-get if possible; otherwise says what to do. */
export async function ensureChromium() {
  if (find()) return;
  const isRoot = process.getuid?.() === 0;
  if (!(await exists("apt-get")) || !(isRoot || (await exists("sudo")))) chromiumPath();
  const command = isRoot ? ["apt-get"] : ["sudo", "-n", "apt-get"];
  /** @param {string[]} args */
  const apt = (...args) => mustRun(command[0] ?? "", [...command.slice(1), ...args], { env: { DEBIAN_FRONTEND: "noninteractive" } });
  await step("setup", "Chromium, for Studio's tests (apt-get)", async () => {
    await apt("update", "-qq");
    await apt("install", "-y", "-qq", "--no-install-recommends", "chromium", "fonts-liberation");
  });
}
