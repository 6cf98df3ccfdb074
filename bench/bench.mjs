#!/usr/bin/env node
// `npm run bench [-- --quick] [--only PART,…] [--rounds N] [--json FILE] [--worker FOLDER] [--against FOLDER]`: what the Worker
// costs and how fast it is, compared in turns with a floor of plain JavaScript that does the same I/O (floor/); medians of the
// rounds, with their spread. Another build may take the floor's place, to see what a change does. Times can be trusted only on a
// quiet machine. Counts are the same everywhere: only they can fail a run. Unless a built Worker is named, one is built first:
// the release, with the SQL that some parts run on objects; for a quick run the plain release. Linux only: processor time is read
// from /proc.

import { writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { parseArgs } from "node:util";
import { runMain, say, seconds, UserError } from "../scripts/lib/log.mjs";
import { endChildrenOnSignals } from "../scripts/lib/run.mjs";
import { setUp } from "../scripts/lib/setup.mjs";
import { Client } from "./lib/client.mjs";
import { judged, meets } from "./lib/figures.mjs";
import { FLOOR } from "./lib/servers.mjs";
import { PARTS } from "./parts/index.mjs";

const { values: options } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    only: { type: "string" },
    rounds: { type: "string" },
    json: { type: "string" },
    worker: { type: "string" },
    against: { type: "string", default: FLOOR },
  },
});

await runMain(async () => {
  endChildrenOnSignals();
  const wanted = options.only?.split(",") ?? Object.keys(PARTS).filter((name) => !options.quick || PARTS[name]?.quick);
  const unknown = wanted.filter((name) => !PARTS[name]);
  if (unknown.length > 0) throw new UserError(`no such part: ${unknown.join(", ")}; there are ${Object.keys(PARTS).join(", ")}`);
  const workerDir = options.worker ?? (await build());
  /** @type {import("./lib/figures.mjs").Context} */
  const context = {
    workerDir,
    against: options.against,
    quick: options.quick,
    rounds: Number(options.rounds ?? (options.quick ? 1 : 5)),
    ms: options.quick ? 1_000 : 2_000,
    client: new Client(),
    figures: [],
  };
  const startedAt = performance.now();
  try {
    for (const name of wanted) {
      say("bench", `${name} ... (${seconds(startedAt)})`);
      await PARTS[name]?.measure(context);
    }
  } finally {
    context.client.stop();
  }
  const figures = context.figures.map((figure) => ({ ...figure, judged: judged(figure), met: meets(figure) }));
  if (options.json) writeFileSync(options.json, `${JSON.stringify({ at: new Date().toISOString(), cores: cpus().length, figures }, null, 2)}\n`);
  const missed = figures.filter(({ met }) => met === false);
  const wrong = missed.filter(({ counted }) => counted);
  say("bench", `${figures.length} figures in ${seconds(startedAt)}; ${missed.length} miss their target, ${wrong.length} of them counted`);
  for (const { name } of wrong) console.error(`error: ${name} misses its target`);
  return wrong.length > 0 ? 1 : 0;
});

/** @returns {Promise<string>} the folder of the build to measure */
async function build() {
  await setUp();
  const { buildWorker, outDirs } = await import("../scripts/lib/wasm.mjs");
  const profile = options.quick ? "release" : "bench";
  await buildWorker(profile);
  return outDirs[profile];
}
