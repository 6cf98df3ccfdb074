// The trunk of "Full capacity": it has one channel, which a first call takes. It is identified by the id under which this browser
// created it; another of the same name may be somebody else's.

import { api, ask, type Trunk } from "./api.ts";
import { barred, session } from "./session.ts";
import { readTrunks } from "./resources.ts";

export const ONE_CHANNEL = "Full capacity (simulated)";

export interface FullTrunk {
  trunk: Trunk;
  /** Whether this browser created it, and so may delete it. */
  isOwn: boolean;
}

const key = (): string => `studio-full-trunk ${session.value?.org_id}`;

/** Whether it is still the one: renamed, or with more channels, it has become something else. */
const isFit = ({ name, status, max_channels }: Trunk): boolean => name === ONE_CHANNEL && status === "active" && max_channels === 1;

/** The one that this browser created. Users who can't create one use any that exists. */
export async function findFull(): Promise<FullTrunk | null> {
  const fit = (await readTrunks()).filter(isFit);
  const id = localStorage.getItem(key());
  const own = fit.find((trunk) => trunk.id === id);
  if (own) return { trunk: own, isOwn: true };
  const other = barred("owner") === null ? undefined : fit[0];
  return other ? { trunk: other, isOwn: false } : null;
}

export async function makeFull(): Promise<FullTrunk> {
  const body = { name: ONE_CHANNEL, trunk_phone: "+918069000000", max_cps: 5, max_channels: 1, carrier: { type: "simulator" as const } };
  const trunk = await ask(api.POST("/integration/v1/sip-trunks", { body }));
  localStorage.setItem(key(), trunk.id);
  return { trunk, isOwn: true };
}

export async function deleteFull({ trunk }: FullTrunk): Promise<void> {
  await ask(api.DELETE("/integration/v1/sip-trunks/{id}", { params: { path: { id: trunk.id } } }));
  localStorage.removeItem(key());
}
