// docs/scale.md uses what was counted, the settings of wrangler.toml and the constants in the code, and its sums are right.

import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { inRoot } from "../scripts/lib/paths.mjs";

const read = (file: string) => readFileSync(inRoot(file), "utf8");
const PAGE = read("docs/scale.md");
const number = (text: string | undefined) => Number(text?.replaceAll(",", ""));

/** The cells of the rows of the table below a heading. */
function table(heading: string): string[][] {
  const [, below = ""] = PAGE.split(`## ${heading}\n`);
  const [section = ""] = below.split("\n## ");
  const rows = section.split("\n").filter((line) => line.startsWith("| "));
  return rows.slice(1).map((line) => line.split("|").map((cell) => cell.trim()).slice(1, -1));
}

/** A sum such as `250 * 4 / 2`, from left to right. */
function reckon(sum: string): number {
  const [first = "", ...rest] = sum.split(/\s+/);
  let result = number(first);
  for (let at = 0; at < rest.length; at += 2) result = rest[at] === "*" ? result * number(rest[at + 1]) : result / number(rest[at + 1]);
  return result;
}

test("each sum of the page comes to what the page says", () => {
  const rows = table("The ceilings, and what raises them");
  expect(rows.length).toBeGreaterThan(10);
  for (const [part = "", sum = ""] of rows) {
    const [left = "", right = ""] = sum.split(" = ");
    if (!right) continue; // in words
    const off = Math.abs(reckon(left) - number(right));
    expect(off, `${part}: ${sum}`).toBeLessThan(Math.max(1, number(right) * 0.01));
  }
});

test("what the page calls counted is what the bench counts", () => {
  const [, requests, rows, messages] = /"whole call with its callback".*requests: (\d+), rows: (\d+), queue_messages: (\d+)/.exec(read("bench/parts/counted.mjs")) ?? [];
  const [, bytes] = /a finished call of 1 KB", value, unit: "bytes", limit: ([\d_]+)/.exec(read("bench/bounds.mjs")) ?? [];
  const counted = table("What is counted").map(([, figure]) => number(figure));

  expect(counted).toEqual([requests, rows, messages, bytes?.replaceAll("_", "")].map(Number));
});

test("the page's limits of our own are the code's", () => {
  const sums = table("The ceilings, and what raises them").map(([part, sum]) => [part, reckon((sum ?? "").split(" ").slice(0, 1).join(" "))]);
  const of = (part: string) => sums.find(([name]) => name === part)?.[1];
  const constant = (file: string, name: string) => number(new RegExp(`const ${name}: \\w+ = ([\\d_]+);`).exec(read(file))?.[1]?.replaceAll("_", ""));

  expect(of("a trunk's callbacks")).toBe(constant("src/domain/trunk/callbacks.rs", "ATTEMPTS"));
  expect(of("one receiver's host, per trunk")).toBe(constant("src/domain/trunk/callbacks.rs", "ATTEMPTS_OF_HOST"));
  expect(PAGE).toContain(`| the cron | 1,004 / ${constant("src/app/operate/sweep.rs", "POKES")} = `);
  const [, batch] = /queue = "audatec-dispatch"\nmax_batch_size = (\d+)/.exec(read("wrangler.toml")) ?? [];
  expect(PAGE).toContain(`250 * ${batch} = `);
});
