#!/usr/bin/env node
// `npm run numbering`: makes the table of phone numbers, and the sample that the tests check it against, from the metadata that
// scripts/numbering pins.

import { runMain } from "./lib/log.mjs";
import { FEW, makeSample, makeTable, SAMPLE, TABLE } from "./lib/numbering.mjs";
import { inRoot } from "./lib/paths.mjs";

await runMain(async () => {
  await makeTable(inRoot(TABLE));
  await makeSample(inRoot(SAMPLE), FEW);
  return 0;
});
