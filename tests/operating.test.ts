// docs/operating.md names all alerts, metrics and limits that there are, and its sums are right.

import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { inRoot } from "../scripts/lib/paths.mjs";

const read = (path: string) => readFileSync(inRoot(path), "utf8");
const PAGE = read("docs/operating.md");
const section = (title: string) => PAGE.split(/^## /m).find((part) => part.startsWith(`${title}\n`)) ?? "";
const rows = (text: string) => text.split("\n").filter((line) => /^\| (?!---)/.test(line)).map((line) => line.split("|").slice(1, -1).map((cell) => cell.trim()));

test("each alert has a row, and each row is an alert", () => {
  const enumeration = /pub enum AlertKind \{([^}]*)\}/.exec(read("src/domain/alerts.rs"))?.[1] ?? "";
  const kinds = [...enumeration.matchAll(/^\s+([A-Z]\w+),/gm)].map(([, name = ""]) => name.replace(/(?!^)[A-Z]/g, (letter) => `_${letter}`).toLowerCase());
  expect(kinds.length).toBeGreaterThan(4);
  expect(rows(section("What to alert on")).slice(1).map(([name]) => name)).toEqual(kinds.map((kind) => `\`${kind}\``));
});

test("each family of the metrics has a row, of its kind", () => {
  const code = read("src/app/operate/metrics.rs").split("mod describe")[0] ?? "";
  const families = [...code.matchAll(/text\.(counter|gauge)\(\s*"(\w+)"/g)].map(([, kind, name]) => `${name} ${kind}`);
  const told = rows(section("Metrics")).slice(1).flatMap(([names = "", kind]) => [...names.matchAll(/`(\w+)`/g)].map(([, name]) => `${name} ${kind}`));
  expect(families.length).toBeGreaterThan(15);
  expect(told.sort()).toEqual(families.sort());
});

test("a million calls cost what is counted, at the prices that the bench reckons with", () => {
  const dollars = (text = "") => Number(text.replace("$", ""));
  const costs = rows(section("What a million calls cost")).slice(1);
  const all = costs.pop();
  for (const [what, count, price, sum] of costs) expect(dollars(sum), what).toBeCloseTo(Number(count) * dollars(price), 5);
  expect(dollars(all?.[3])).toBeCloseTo(costs.reduce((sum, row) => sum + dollars(row[3]), 0), 5);

  const counted = read("bench/parts/counted.mjs");
  const price = (name: string) => Number(new RegExp(`${name}: ([\\d.]+)`).exec(counted)?.[1]);
  expect(costs.map(([, , price]) => dollars(price))).toEqual([Number(/WORKER_REQUEST = ([\d.]+)/.exec(counted)?.[1]), price("requests"), price("rows_written"), 1.2]);
  expect(counted).toContain("queue_messages: 3 * 0.4");
  const [, requests, rowsWritten, messages] = /crossings: \d+, requests: (\d+), rows: (\d+), queue_messages: (\d+) \}\);\n\s+const dollars/.exec(counted) ?? [];
  expect(costs.slice(1).map(([, count]) => count)).toEqual([requests, rowsWritten, messages]);
});

test("the limits are those of the code", () => {
  const limits = section("Limits");
  const number = (path: string, name: string) => (new RegExp(`const ${name}: \\w+ = ([\\d_]+);`).exec(read(path))?.[1] ?? "").replaceAll("_", "");
  const grouped = (digits: string) => Number(digits).toLocaleString("en");
  expect(limits).toContain(`| ${grouped(number("src/app/operate/metrics.rs", "MOST"))} trunks per metrics response |`);
  expect(limits).toContain(`| ${number("src/app/operate/sweep.rs", "POKES")} objects a minute for the cron |`);
  expect(limits).toContain(`| ${number("src/app/page.rs", "MAX_LIMIT")} trunks per health response |`);
  expect(limits).toContain(`| ${grouped(number("src/domain/alerts.rs", "MOST"))} alerts open or on their way |`);
  const most = grouped(number("src/domain/directory/mod.rs", "MOST"));
  expect(limits).toContain(`| ${most} trunks, ${most} agents and ${most} keys per organisation |`);
  expect(limits).toContain(`| ${number("src/domain/trunk/callbacks.rs", "ATTEMPTS")} callback attempts at once per trunk; ${number("src/domain/trunk/callbacks.rs", "ATTEMPTS_OF_HOST")} to one host |`);
});
