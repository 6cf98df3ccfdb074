// The docs at `/docs`: from `docs/`, CHANGELOG.md and the OpenAPI document to static pages in `public/`. Called together with
// Studio's build.

import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { say, seconds } from "./log.mjs";
import { inRoot, readIfThere, sha256, writeWhole } from "./paths.mjs";

const STAMP = inRoot("build/docs/stamp");

/** What the build puts into `public/`; none of it is committed. */
const FOLDER = inRoot("public/docs");
const BESIDE = ["docs.html", "docs.md", "llms.txt", "llms-full.txt"].map((name) => inRoot("public", name));

/** Builds all pages, unless they are up to date. */
export async function buildDocs() {
  const startedAt = performance.now();
  const key = sourcesHash();
  if (readIfThere(STAMP) === key && existsSync(FOLDER) && BESIDE.every((file) => existsSync(file))) {
    say("build", `the docs are up to date, ${seconds(startedAt)}`);
    return;
  }
  rmSync(STAMP, { force: true });
  const { site } = await import("../docs/site.mjs"); // loads a parser of Markdown
  const files = site(JSON.parse(readFileSync(inRoot("public/openapi.json"), "utf8")));
  for (const [path, text] of files) {
    const file = join(inRoot("public"), path);
    mkdirSync(dirname(file), { recursive: true });
    writeWhole(file, text);
  }
  for (const path of filesIn(FOLDER)) if (!files.has(`docs/${path}`)) rmSync(join(FOLDER, path));
  mkdirSync(dirname(STAMP), { recursive: true });
  writeWhole(STAMP, key);
  say("build", `the docs, ${files.size} files, ${seconds(startedAt)}`);
}

/** @param {string} folder */
const filesIn = (folder) =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort();

/** The hash of everything that affects the result. */
function sourcesHash() {
  const within = ["docs", "scripts/docs"].flatMap((folder) => filesIn(inRoot(folder)).map((path) => inRoot(folder, path)));
  const lib = ["docs", "html", "reference", "schemas"].map((name) => inRoot(`scripts/lib/${name}.mjs`));
  const clients = ["cli", "python", "typescript"].map((name) => inRoot("clients", name, "README.md")).filter((path) => existsSync(path));
  const all = [...within, ...lib, ...clients, inRoot("CHANGELOG.md"), inRoot("public/openapi.json"), inRoot("package-lock.json")];
  return sha256(all.map((path) => `${path} ${sha256(readFileSync(path))}`).join("\n"));
}
