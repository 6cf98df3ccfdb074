// How busy trunks are, and which of them fail: each is asked separately, and again when events concern it.

import { signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { api, ask, type Schemas, type Trunk } from "./api.ts";
import { feed } from "./connection.ts";
import { trunkIdOf, useEvents } from "./live.ts";
import { readTrunkStates } from "./resources.ts";

export type Use = Pick<Schemas["LiveCalls"], "in_use" | "waiting" | "agent_breakers">;

/** The known use of each trunk, by id. */
export const uses = signal<ReadonlyMap<string, Use>>(new Map());
/** Each trunk's breaker as last reported; closed if nothing was. */
export const breakers = signal<ReadonlyMap<string, string>>(new Map());

const ASK_AGAIN_MS = 10_000;
/** The feed has no event for an agent that is let in again. */
const HELD_BACK_MS = 3_000;

/** The trunks that can be busy. Only an owner sees any others. */
export const active = (trunks: readonly Trunk[]): Trunk[] => trunks.filter(({ status }) => status === "active");

/** Keeps the use of these trunks up to date. Several events of a trunk within `gatherMs` cause one read. */
export function useTrunkUse(trunks: readonly Trunk[] | undefined, gatherMs: number): void {
  const changed = useRef(new Set<string>());
  useEvents((signal) => {
    if (typeof signal === "string") return;
    for (const { data } of signal) {
      if ("breaker" in data) breakers.value = new Map([...breakers.value, [data.sip_trunk_id, data.breaker]]);
    }
    for (const id of signal.map(trunkIdOf)) if (id !== null) changed.current.add(id);
  });
  const ids = trunks?.map(({ id }) => id);
  useEffect(() => {
    if (!ids) return;
    const readBreakers = async () => {
      const states = [...(await readTrunkStates())];
      breakers.value = new Map([...breakers.value, ...states.map(([id, { breaker }]) => [id, breaker] as const)]);
    };
    readBreakers().catch(() => {}); // the page's own reading says what is wrong
    const read = () => ids.forEach((id) => void readUse(id));
    const readChanged = () => {
      for (const id of ids) if (changed.current.has(id)) void readUse(id);
      changed.current.clear();
    };
    const readHeldBack = () => ids.filter(holdsBack).forEach((id) => void readUse(id));
    read();
    const timers = [
      setInterval(() => feed.value === "polling" && !document.hidden && read(), ASK_AGAIN_MS),
      setInterval(readChanged, gatherMs),
      setInterval(() => !document.hidden && readHeldBack(), HELD_BACK_MS),
    ];
    return () => timers.forEach(clearInterval);
  }, [ids?.join()]);
}

const holdsBack = (id: string): boolean => (uses.peek().get(id)?.agent_breakers.length ?? 0) > 0;

async function readUse(id: string): Promise<void> {
  try {
    const { in_use, waiting, agent_breakers } = await ask(api.GET("/integration/v1/sip-trunks/{id}/live", { params: { path: { id } } }));
    uses.value = new Map([...uses.value, [id, { in_use, waiting, agent_breakers }]]);
  } catch {
    // Shown as unknown; the page's own read shows the error.
  }
}
