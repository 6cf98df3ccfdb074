// ARCHITECTURE.md is the map: each file of `src` is on it, and everything on it exists.

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

const isWord = (text: string) => /^[\w.]+$/.test(text);

/** The names of a section: what stands alone between commas, and what stands alone in parentheses behind an explanation. */
function names(text: string): string[] {
  const found: string[] = [];
  let bare = text;
  for (let before = ""; before !== bare; ) {
    before = bare;
    bare = bare.replace(/([^,;:()]*)\(([^()]*)\)/g, (_, behind: string, inside: string) => {
      if (!isWord(behind.trim())) found.push(inside);
      return behind;
    });
  }
  const parts = bare.split(/[,;:]|\.\s|\band\b/).map((part) => part.trim().replace(/\.$/, ""));
  return [...found, ...parts].filter(isWord);
}

/** What stands as names do, and is none. */
const PROSE = new Set([
  "src/domain/decisions",
  "src/domain/ids/call",
  "src/domain/call/statuses",
  "src/domain/call/failures",
  "src/domain/trunk/answered",
  "src/domain/trunk/claims",
  "src/domain/trunk/pace",
  "src/domain/trunk/breakers",
  "src/domain/calling_hours/dates",
  "src/domain/zones/days",
  "src/domain/zones/dates",
  "src/app/manage/suppressions/fields",
  "src/app/manage/agents/agents",
  "src/app/manage/trunks/trunks",
  "src/app/trunk/TrunkActor",
  "src/app/contacts/answer",
  "src/app/directory/DirectoryActor",
]);

test("each file that the map names is there, in its folder", () => {
  const known = new Set(files.map((path) => `${dirname(path)}/${nameOf(path)}`));
  const isThere = (path: string) => known.has(path) || PROSE.has(path);
  const sources = [...sections()].filter(([folder]) => folder.startsWith("src/"));
  const named = sources.flatMap(([folder, text]) => names(text).map((name) => `${folder}${name}`));
  expect(named.length).toBeGreaterThan(250);
  expect(named.filter((path) => !isThere(path))).toEqual([]);
  expect([...PROSE].filter((path) => known.has(path) || !named.includes(path))).toEqual([]);
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
