// What the local build reports about itself, and SQL on a directory's rows.

import { again } from "../../bench/rows.mjs";
import type { Org, Server } from "./harness.ts";

export interface Vitals {
  /** The memory of the one WebAssembly instance that the edge and all objects share here. It never shrinks. */
  memory_bytes: number;
  /** How many requests were sent to objects. */
  object_requests: number;
  /** The most that one invocation sent, since this was asked last. */
  most_of_one_invocation: number;
  /** How many rows the objects read that know of numbers. */
  rows_of_numbers_read: number;
}

export const MIB = 1_048_576;

export async function vitals(server: Server): Promise<Vitals> {
  // Of a connection of its own, as all of the harness's: an idle one may be closed by the time that it is used again.
  return (await (await fetch(`${server.url}/local/vitals`, { headers: { connection: "close" } })).json()) as Vitals;
}

/** Runs a statement on the rows of an organisation's directory. */
export async function directorySql(org: Org, statement: string): Promise<(string | number | null)[][]> {
  const answer = await again(async () => {
    const directories = await org.server.local.mf.getDurableObjectNamespace("DIRECTORIES");
    const object = directories.get(directories.idFromName(org.id));
    return (await object.fetch("http://object/local/sql", { method: "POST", body: statement })).text();
  });
  try {
    return JSON.parse(answer) as (string | number | null)[][];
  } catch {
    throw new Error(`SQL failed: ${answer}`);
  }
}
