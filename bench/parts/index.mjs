// The parts of `npm run bench`. The quick ones are enough to check that it runs, and run no SQL on objects.

import { accept, status } from "./accept.mjs";
import { backlog, delays, whole } from "./calls.mjs";
import { counted } from "./counted.mjs";
import { flood, overload } from "./crowd.mjs";
import { listeners } from "./feed.mjs";
import { cold, growth, lists, memory } from "./large.mjs";

/** @type {Record<string, { measure: (context: import("../lib/figures.mjs").Context) => Promise<void>, quick?: boolean }>} */
export const PARTS = {
  counted: { measure: counted, quick: true },
  accept: { measure: accept, quick: true },
  status: { measure: status },
  whole: { measure: whole, quick: true },
  backlog: { measure: backlog },
  delays: { measure: delays },
  memory: { measure: memory },
  cold: { measure: cold },
  growth: { measure: growth },
  lists: { measure: lists },
  listeners: { measure: listeners, quick: true },
  overload: { measure: overload },
  flood: { measure: flood },
};
