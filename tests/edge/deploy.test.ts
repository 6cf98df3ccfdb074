import { mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { inRoot } from "../../scripts/lib/paths.mjs";
import { run } from "../../scripts/lib/run.mjs";

const LIMIT_BYTES = 300_000;

test("wrangler accepts the release build for deployment, and it is small", { timeout: 900_000 }, async () => {
  const outDir = mkdtempSync(join(tmpdir(), "deploy-"));
  try {
    const { code, output } = await run("npx", ["wrangler", "deploy", "--dry-run", "--outdir", outDir], {
      env: { WRANGLER_SEND_METRICS: "false", WRANGLER_LOG_PATH: outDir, CI: "true" },
    });
    expect(code, output).toBe(0);
    for (const binding of ["TRUNKS", "DIRECTORIES", "RECORDS", "DISPATCH", "CALLBACKS", "ASSETS"]) {
      expect(output).toContain(`env.${binding}`);
    }

    const files = readdirSync(outDir).filter((name) => /\.(js|wasm)$/.test(name));
    const sizes = files.map((name) => gzipSync(readFileSync(join(outDir, name))).length);
    const total = sizes.reduce((sum, size) => sum + size, 0);
    console.log(`release bundle: ${total} bytes gzip (${files.map((f, i) => `${f} ${sizes[i]}`).join(", ")})`);
    expect(files.some((name) => name.endsWith(".wasm"))).toBe(true);
    expect(total).toBeLessThanOrEqual(LIMIT_BYTES);
    const contents = files.map((name) => readFileSync(join(outDir, name), "latin1"));
    expect(contents.filter((text) => text.includes("/local/faults"))).toEqual([]);
  } finally {
    rmSync(outDir, { recursive: true });
  }
});

test("nothing that holds on a laptop alone is in the deployed configuration", () => {
  expect(readFileSync(inRoot("wrangler.toml"), "utf8")).not.toContain("CALLBACK_ALLOW_LOOPBACK");
});
