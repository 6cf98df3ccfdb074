// The packages of `clients/`: the build writes them from public/openapi.json and their sources, and packs them as npm would
// publish them.

import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { basename, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { lock } from "./lock.mjs";
import { step, UserError } from "./log.mjs";
import { inRoot, readIfThere, sha256, writeWhole } from "./paths.mjs";
import { mustRun, run } from "./run.mjs";
import { npmCi } from "./setup.mjs";

export const DOCUMENT = inRoot("public/openapi.json");
const CLIENT = inRoot("clients/typescript");
const CLI = inRoot("clients/cli");
const GENERATED = join(CLIENT, "src/generated");
const TSC = inRoot("node_modules/typescript-native/bin/tsc");

/** Where packages are put. */
export const PACKED = inRoot("build/clients/packed");

/** `npm ci` for what the packages are built from, if the installed modules differ from their lock file. */
export async function ensureClientModules() {
  const folder = inRoot("clients");
  const locked = sha256(readFileSync(join(folder, "package-lock.json")));
  const stamp = join(folder, "node_modules/.installed-lock");
  if (readIfThere(stamp) === locked) return;
  await step("setup", "modules of the clients (npm ci)", () => npmCi(folder, ["--ignore-scripts", "--loglevel=error"]));
  writeWhole(stamp, locked);
}

/** The types of a document, as the client contains them. @param {string} document JSON */
export async function schemaOf(document) {
  const { default: openapiTS, astToString } = await import("openapi-typescript"); // loads a compiler: slow
  return astToString(await openapiTS(JSON.parse(document), { silent: true, emptyObjectsUnknown: true }));
}

/** The parts of the client that its document determines. None of it is committed, so none of it can be out of date. */
export async function writeGenerated() {
  const document = readFileSync(DOCUMENT, "utf8");
  const head = `// Written by the build from public/openapi.json, ${sha256(document)}.\n\n`;
  if (readIfThere(join(GENERATED, "schema.ts"))?.startsWith(head)) return;
  mkdirSync(GENERATED, { recursive: true });
  const creates = `new Set(${JSON.stringify(createsOf(document), null, 2)})`;
  const told = "/** What is POSTed here is known by its `Idempotency-Key`. */";
  writeWhole(join(GENERATED, "creates.ts"), `${head}${told}\nexport const CREATES: ReadonlySet<string> = ${creates};\n`);
  writeWhole(join(GENERATED, "schema.ts"), `${head}${await schemaOf(document)}`);
}

/** The paths where a POST is recognised by its `Idempotency-Key`. @param {string} document */
export function createsOf(document) {
  /** @type {{ paths: Record<string, { post?: { parameters?: { name: string }[] } }> }} */
  const { paths } = JSON.parse(document);
  return Object.keys(paths).filter((path) => paths[path]?.post?.parameters?.some(({ name }) => name === "Idempotency-Key"));
}

/** Builds and packs the TypeScript client. Returns its file. */
export const packClient = () =>
  packed(CLIENT, [CLIENT], async () => {
    rmSync(join(CLIENT, "dist"), { recursive: true, force: true });
    await compile(CLIENT);
  });

/** @param {string} folder */
async function compile(folder) {
  const { code, output } = await run(process.execPath, [TSC, "-p", folder]);
  if (code !== 0) throw new UserError(`${folder} does not compile:\n${output.trim()}`);
}

/** Bundles the command line with everything it needs, and packs it. Returns its file. */
export async function packCli() {
  await packClient(); // whose dist it is bundled with
  return packed(CLI, [CLI, CLIENT], async () => {
    await compile(CLI);
    rmSync(join(CLI, "dist"), { recursive: true, force: true });
    await bundle();
  });
}

async function bundle() {
  const { build } = await import("esbuild");
  const { version } = JSON.parse(readFileSync(join(CLI, "package.json"), "utf8"));
  const { metafile } = await build({
    absWorkingDir: CLI,
    entryPoints: { audatec: "src/main.ts" },
    outdir: "dist",
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "node",
    target: "node20",
    chunkNames: "chunks/[name]-[hash]",
    define: { __VERSION__: JSON.stringify(version) },
    // Bundled CommonJS packages load Node's modules with `require`, which ES modules lack.
    banner: { js: 'import { createRequire as requireFrom } from "node:module";\nconst require = requireFrom(import.meta.url);' },
    legalComments: "none",
    metafile: true,
  });
  writeWhole(join(CLI, "dist/LICENSES.txt"), licensesOf(Object.keys(metafile.inputs)));
}

/** The licences of bundled packages, which must be distributed with them. @param {string[]} inputs paths from the package's folder */
function licensesOf(inputs) {
  const folders = new Set(inputs.flatMap((input) => /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(input)?.[1] ?? []));
  const texts = [...folders].sort().map((folder) => {
    const { name, version, license } = JSON.parse(readFileSync(join(CLI, folder, "package.json"), "utf8"));
    const file = readdirSync(join(CLI, folder)).find((entry) => /^licen[cs]e(\.\w+)?$/i.test(entry));
    return `${name} ${version} (${license})\n\n${file ? readFileSync(join(CLI, folder, file), "utf8").trim() : ""}\n`;
  });
  return texts.join("\n----\n\n");
}

/**
 * A package as npm would publish it, built unless the existing one is up to date.
 * @param {string} folder @param {string[]} from the folders with its sources @param {() => Promise<void>} build
 * @returns {Promise<string>} the file
 */
async function packed(folder, from, build) {
  mkdirSync(PACKED, { recursive: true });
  return alone(async () => {
    await ensureClientModules();
    await writeGenerated();
    const hash = sha256(
      from
        .flatMap(sources)
        .map((file) => `${file}\n${readFileSync(file, "utf8")}`)
        .join("\n"),
    );
    const stamp = join(PACKED, `${basename(folder)}.stamp`);
    const [made, file = ""] = (readIfThere(stamp) ?? "").split("\n");
    if (made === hash && existsSync(file) && existsSync(join(folder, "dist"))) return file;
    await build();
    const { stdout } = await mustRun("npm", ["pack", "--json", "--ignore-scripts", "--pack-destination", PACKED], { cwd: folder });
    const to = join(PACKED, JSON.parse(stdout)[0].filename);
    writeWhole(stamp, `${hash}\n${to}`);
    return to;
  });
}

/** Two test files that pack simultaneously take turns. @template T @param {() => Promise<T>} work @returns {Promise<T>} */
async function alone(work) {
  for (;;) {
    const turn = lock(join(PACKED, "lock"));
    if ("heldBy" in turn) {
      await delay(100);
      continue;
    }
    try {
      return await work();
    } finally {
      turn.release();
    }
  }
}

/** @param {string} folder */
function sources(folder) {
  const inside = readdirSync(folder, { recursive: true, encoding: "utf8" });
  return inside
    .filter((name) => /^(src\/.+\.ts|[\w.-]+\.(json|md|mjs))$/.test(name))
    .sort()
    .map((name) => join(folder, name));
}
