// A built Worker under Miniflare, in a separate process, so that its processor time is that of its process tree and nothing else.
// Started by `servers.mjs`, which talks to it over IPC.

import { startLocal } from "../../scripts/lib/local.mjs";
import { fill, sql } from "../rows.mjs";

const options = JSON.parse(process.argv[2] ?? "{}");
const local = await startLocal({ cron: false, onLog: () => {}, ...options });

/** @type {Record<string, (...given: any[]) => Promise<unknown>>} */
const COMMANDS = {
  sql: (trunk, statement) => sql(local, trunk, statement),
  fill: (trunk, template, wish) => fill(local, trunk, template, wish),
  /** The counters of a trunk's object since it was loaded. */
  work: async (trunk) => {
    const trunks = await local.mf.getDurableObjectNamespace("TRUNKS");
    const answer = await trunks.get(trunks.idFromName(trunk.slice(0, 8))).fetch("http://object/", { method: "POST", body: '"Work"' });
    return /** @type {any} */ (await answer.json()).Work;
  },
  stop: async () => {
    await local.stop();
    process.disconnect();
  },
};

process.on("message", async (/** @type {{ id: number, name: string, given: unknown[] }} */ { id, name, given }) => {
  try {
    process.send?.({ id, value: await COMMANDS[name]?.(...given) });
  } catch (error) {
    process.send?.({ id, error: String(error) });
  }
});
process.on("disconnect", () => process.exit());
process.send?.({ ready: { url: local.url, platformToken: local.secrets.PLATFORM_TOKEN } });
