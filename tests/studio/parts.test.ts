// Studio's sources: small files, functions that fit a screen, a style sheet beside each component, and no import cycles.

import { readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join, normalize } from "node:path";
import ts from "typescript";
import { expect, test } from "vitest";
import { inRoot } from "../../scripts/lib/paths.mjs";
import { COUNTRIES, countryOf } from "../../studio/src/lib/countries.ts";

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

test("each country has the prefixes that libphonenumber has for it, and a longer one is a part of it", () => {
  // What Studio offers by one name belongs to several countries there, or they have no prefix of their own.
  const shares = new Set(["AX", "BL", "BQ", "CA", "CC", "CX", "GG", "IM", "JE", "KZ", "SJ", "TA", "VA", "YT"]);
  const lines = readFileSync(inRoot("tests/golden/numbering.tsv"), "utf8").split("\n");
  const numbers = lines.map((line) => line.split("\t")).filter(([, , , country]) => /^[A-Z]{2}$/.test(country ?? ""));
  expect(numbers.length).toBeGreaterThan(5_000);
  const wrong = new Set<string>();
  const seen = new Set<string>();
  for (const [given = "", , , country = "", , normal] of numbers) {
    const told = countryOf(`+${normal || given}`);
    seen.add(country);
    if (told?.country !== country && !shares.has(country) && !told?.isShared)
      wrong.add(`+${normal || given}: ${country}, not ${told?.country}`);
  }
  expect([...wrong]).toEqual([]);
  expect(seen.size).toBeGreaterThan(230);
  expect(countryOf("+91900")).toMatchObject({ name: "India", isPart: true });
  expect(countryOf("+91")).toMatchObject({ name: "India", isPart: false });
  expect(countryOf("+883")).toBeNull();
  expect(COUNTRIES.length).toBeGreaterThan(220);
});
