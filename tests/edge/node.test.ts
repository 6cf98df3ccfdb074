// `npm start` and `npm test` go through scripts/node: on a machine whose Node is too old for the tools, it installs one.

import { spawnSync } from "node:child_process";
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { inRoot } from "../../scripts/lib/paths.mjs";

// A checkout as far as scripts/node sees one, without what it installs.
const checkout = mkdtempSync(join(tmpdir(), "node-"));
for (const path of ["scripts/node", "tools/node/package.json", "tools/node/package-lock.json"]) cpSync(inRoot(path), join(checkout, path));
cpSync(inRoot(".npmrc"), join(checkout, "tools/node/.npmrc"));
afterAll(() => rmSync(checkout, { recursive: true }));

/** Runs scripts/node where `node` on PATH is the one that runs this test, and says that it is another version. */
function onMachineWith(version: string): { binary: string; version: string; said: string } {
  const bin = join(checkout, `bin-${version}`);
  mkdirSync(bin, { recursive: true });
  writeFileSync(
    join(bin, "claim.cjs"),
    `Object.defineProperty(process, "versions", { value: { ...process.versions, node: "${version}" } });`,
  );
  writeFileSync(join(bin, "node"), `#!/bin/sh\n[ "$1" = --version ] && echo v${version} && exit\nexec "${process.execPath}" -r "${bin}/claim.cjs" "$@"\n`);
  chmodSync(join(bin, "node"), 0o755);
  const script = 'console.log("ran", process.execPath, process.versions.node)';
  const { stdout, stderr, status } = spawnSync("sh", [join(checkout, "scripts/node"), "-e", script], {
    env: { ...process.env, PATH: `${bin}:${process.env["PATH"]}` },
    encoding: "utf8",
  });
  expect(status, stderr).toBe(0);
  const lines = stdout.trimEnd().split("\n");
  const [, binary = "", ran = ""] = lines.pop()?.split(" ") ?? [];
  return { binary, version: ran, said: lines.join("\n") };
}

test.each(["20.18.0", "22.11.0"])("Node %s gets Node 24 as an npm package of the project, and is told so", (own) => {
  const { binary, version, said } = onMachineWith(own);

  expect(binary).toContain(join(checkout, "tools/node/node_modules"));
  expect(version).toMatch(/^24\./);
  expect(said).toContain(`this machine's own is v${own}`);
}, 120_000);

test.each(["22.12.0", "24.4.1", "26.0.0"])("Node %s is used as it is, without a word", (own) => {
  expect(onMachineWith(own)).toEqual({ binary: process.execPath, version: own, said: "" });
});

test("every command of package.json that runs Node goes by scripts/node", () => {
  const { scripts } = JSON.parse(readFileSync(inRoot("package.json"), "utf8")) as { scripts: Record<string, string> };
  const commands = Object.values(scripts).flatMap((script) => script.split("&&"));

  expect(commands.filter((command) => /\bnode\b/.test(command) && !/^\s*(exec )?sh scripts\/node /.test(command))).toEqual([]);
});

test("of what npm warns on an older Node, by EBADENGINE, README says why it runs there", () => {
  const { packages } = JSON.parse(readFileSync(inRoot("package-lock.json"), "utf8")) as {
    packages: Record<string, { engines?: { node?: string }; devDependencies?: Record<string, string> }>;
  };
  const warnedOf = Object.keys(packages[""]?.devDependencies ?? {}).filter((name) => {
    const range = packages[`node_modules/${name}`]?.engines?.node ?? "*";
    return !/(^|[^\d.])(>=\s*|\^|~)?(1\d|20)\.|\*|>=\s*(\d|1\d|20)(\.|$|\s)/.test(range);
  });
  const [, told = ""] = /the tools that need a newer one: (.*)\. `npm ci` warns about these with `EBADENGINE`/.exec(readFileSync(inRoot("README.md"), "utf8")) ?? [];

  expect(told.split(/, | and /).sort()).toEqual(warnedOf.sort());
});
