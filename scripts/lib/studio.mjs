// Studio, the web console: from `studio/` to static files in `public/`. Called by `scripts/build.mjs`, the local run and the
// tests.

import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { buildDocs } from "./docs.mjs";
import { say, seconds, UserError } from "./log.mjs";
import { schemaOf } from "./packages.mjs";
import { inRoot, readIfThere, sha256, writeWhole } from "./paths.mjs";
import { run } from "./run.mjs";

const DOCUMENT = inRoot("public/openapi.json");
const TYPES = inRoot("studio/src/lib/schema.d.ts");
const SITE = inRoot("build/studio/site");
const STAMP = inRoot("build/studio/stamp");

/** What the build puts into `public/`; none of it is committed. The page is beside its folder of files, so that /studio needs no redirect. */
const PAGE = inRoot("public/studio.html");
const FILES = inRoot("public/studio");

/** Builds everything that `public/` serves: the docs, and Studio. */
export async function buildPages() {
  await buildDocs();
  await buildStudio();
}

/** Builds Studio, unless the existing build is up to date. */
async function buildStudio() {
  const startedAt = performance.now();
  const key = sourcesHash();
  if (readIfThere(STAMP) === key && existsSync(PAGE) && existsSync(FILES)) {
    say("build", `Studio is up to date, ${seconds(startedAt)}`);
    return;
  }
  rmSync(STAMP, { force: true });
  await writeTypes();
  await typecheck();
  await bundle();
  publish();
  mkdirSync(inRoot("build/studio"), { recursive: true });
  writeWhole(STAMP, key);
  say("build", `Studio, ${seconds(startedAt)}`);
}

/** The API's types, generated from the document itself: a field that changed there breaks the build here. */
export async function writeTypes() {
  const document = readFileSync(DOCUMENT, "utf8");
  const head = `// Written by the build from public/openapi.json, ${sha256(document)}.\n`;
  if (readIfThere(TYPES)?.startsWith(head)) return;
  writeWhole(TYPES, `${head}\n${await schemaOf(document)}`);
}

async function typecheck() {
  const tsc = inRoot("node_modules/typescript-native/bin/tsc");
  const { code, output } = await run(process.execPath, [tsc, "-p", inRoot("studio")]);
  if (code !== 0) throw new UserError(`Studio does not fit its types (of public/openapi.json, above all):\n${output.trim()}`);
}

async function bundle() {
  const { build } = await import("vite");
  await build({ configFile: inRoot("studio/vite.config.ts"), logLevel: "warn" });
}

/** First new files, then the page that names them, and only then are old files removed: a page of a running Worker always finds its files. */
function publish() {
  const built = readdirSync(join(SITE, "assets"));
  mkdirSync(join(FILES, "assets"), { recursive: true });
  cpSync(SITE, FILES, { recursive: true });
  renameSync(join(FILES, "index.html"), PAGE);
  for (const name of readdirSync(join(FILES, "assets"))) {
    if (!built.includes(name)) rmSync(join(FILES, "assets", name));
  }
}

/** The hash of everything that affects the result. */
function sourcesHash() {
  const sources = readdirSync(inRoot("studio"), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => path !== TYPES)
    .sort();
  const all = [...sources, DOCUMENT, inRoot("package-lock.json"), inRoot("scripts/lib/studio.mjs")];
  return sha256(all.map((path) => `${path} ${sha256(readFileSync(path))}`).join("\n"));
}
