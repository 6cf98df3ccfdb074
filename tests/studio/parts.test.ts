// Studio's sources: small files, functions that fit a screen, a sheet beside each part, and no circle among them.

import { readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join, normalize } from "node:path";
import ts from "typescript";
import { expect, test } from "vitest";
import { inRoot } from "../../scripts/lib/paths.mjs";

const MOST_LINES = 400;
const MOST_LINES_OF_A_FUNCTION = 70;
const ROOT = inRoot("studio/src");

const files = readdirSync(ROOT, { recursive: true, encoding: "utf8" }).filter(
  (path) => /\.(tsx?|css)$/.test(path) && !path.endsWith(".d.ts"),
);
const texts = new Map(files.map((path) => [path, readFileSync(join(ROOT, path), "utf8")]));

/** What a file imports of the others. */
function importsOf(path: string): string[] {
  const found = [...(texts.get(path) ?? "").matchAll(/^import [^;]*?"(\.[^"]+)";/gm)].filter(([text]) => !text.startsWith("import type"));
  return found.map(([, to]) => normalize(join(dirname(path), to ?? "")));
}

test("no file is long, and no function is longer than a screen", () => {
  const long = [...texts].filter(([, text]) => text.split("\n").length > MOST_LINES).map(([path]) => path);
  for (const [path, text] of texts) {
    if (path.endsWith(".css")) continue;
    const source = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
    const lineAt = (place: number) => source.getLineAndCharacterOfPosition(place).line;
    const walk = (node: ts.Node): void => {
      const lines = lineAt(node.end) - lineAt(node.getStart()) + 1;
      if (ts.isFunctionLike(node) && lines > MOST_LINES_OF_A_FUNCTION) long.push(`${path}:${lineAt(node.getStart()) + 1}, ${lines} lines`);
      ts.forEachChild(node, walk);
    };
    walk(source);
  }
  expect(texts.size).toBeGreaterThan(60);
  expect(long).toEqual([]);
});

test("each sheet stands beside the part that it is of", () => {
  const sheets = files.filter((path) => path.endsWith(".css"));
  const importers = (sheet: string) => files.filter((path) => importsOf(path).includes(sheet));
  const nowhere = sheets.filter((sheet) => {
    const name = basename(sheet, ".css");
    const isOfAll = dirname(sheet) === "." && importers(sheet).includes("main.tsx");
    return !isOfAll && !importers(sheet).some((path) => dirname(path) === dirname(sheet) && [`${name}.tsx`].includes(basename(path)));
  });
  expect(sheets.length).toBeGreaterThan(20);
  expect(nowhere).toEqual([]);
});

test("no file imports, by way of others, itself", () => {
  const circles: string[] = [];
  const done = new Set<string>();
  const walk = (path: string, way: string[]): void => {
    if (way.includes(path)) return void circles.push([...way.slice(way.indexOf(path)), path].join(" → "));
    if (done.has(path)) return;
    for (const next of importsOf(path)) walk(next, [...way, path]);
    done.add(path);
  };
  for (const path of files) walk(path, []);
  expect(circles).toEqual([]);
});
