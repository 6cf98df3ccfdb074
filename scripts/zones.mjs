#!/usr/bin/env node
// `npm run zones`: makes the time zones' rules, and what the tests check them against, from the release that scripts/zones pins.

import { runMain } from "./lib/log.mjs";
import { root } from "./lib/paths.mjs";
import { makeZones } from "./lib/zones.mjs";

await runMain(async () => {
  await makeZones(root);
  return 0;
});
