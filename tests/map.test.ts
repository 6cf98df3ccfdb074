// ARCHITECTURE.md is the map: each file of `src` is on it, and what is on it is there.

import { readdirSync, readFileSync } from "node:fs";
import { basename, dirname } from "node:path";
import { expect, test } from "vitest";
import { inRoot } from "../scripts/lib/paths.mjs";

const page = readFileSync(inRoot("ARCHITECTURE.md"), "utf8");

/** What the map says of each folder, by its path with a slash at its end. */
function sections(): Map<string, string> {
  const map = /## Code map[^]*?```\n([^]*?)```/.exec(page)?.[1] ?? "";
  const found = new Map<string, string>();
  let folder = "";
  for (const line of map.split("\n")) {
    const [, next, text = line] = /^(\S+\/)\s+(.*)$/.exec(line) ?? [];
    folder = next ?? folder;
    found.set(folder, `${found.get(folder) ?? ""} ${text}`);
  }
  return found;
}

const files = readdirSync(inRoot("src"), { recursive: true, encoding: "utf8" })
  .map((path) => `src/${path}`)
  .filter((path) => /\.(rs|js|ts)$/.test(path));
/** Rust's modules by their names, all else by its file's. */
const nameOf = (path: string) => basename(path).replace(/\.rs$/, "");
const words = (text: string) => new Set(text.match(/[\w.]+/g)?.map((word) => word.replace(/\.$/, "")));

test("the map names each file of src, in its folder", () => {
  const map = sections();
  const missing = files.filter((path) => !words(map.get(`${dirname(path)}/`) ?? "").has(nameOf(path)));
  expect(files.length).toBeGreaterThan(150);
  expect(missing).toEqual([]);
});

test("each folder of src that the map names is there", () => {
  const folders = new Set(files.map((path) => `${dirname(path)}/`));
  const named = [...sections().keys()].filter((folder) => folder.startsWith("src/"));
  expect(named.filter((folder) => !folders.has(folder))).toEqual([]);
});

test("each file of src, tests, scripts and studio that the page names by its path is there", () => {
  const paths = page.match(/`((?:src|tests|scripts|studio|docs|fuzz|public)\/[\w./-]+?)\/?`/g) ?? [];
  const gone = paths.map((path) => path.slice(1, -1)).filter((path) => !isThere(path));
  expect(paths.length).toBeGreaterThan(20);
  expect(gone).toEqual([]);
});

function isThere(path: string): boolean {
  try {
    return readdirSync(inRoot(dirname(path))).includes(basename(path));
  } catch {
    return false;
  }
}
