// Signing in and out. The result is kept in `session.ts`, which imports nothing of the API, because the API's client reads it
// too.

import { ApiError, api, ask } from "./api.ts";
import { healed } from "./connection.ts";
import { lapsed, session } from "./session.ts";

/** Asks who is signed in. */
export async function whoAmI(): Promise<void> {
  try {
    session.value = await ask(api.GET("/studio/session"));
  } catch (error) {
    if (error instanceof ApiError && error.status !== 401) throw error;
    session.value = null;
  }
}

export async function signIn(key: string): Promise<void> {
  const before = session.value;
  const next = await ask(api.POST("/studio/session", { body: { key: key.trim() } }));
  // Another organisation's data must not stay on the page.
  if (before && before.org_id !== next.org_id) return location.reload();
  session.value = next;
  lapsed.value = null;
  healed.value += 1; // what was refused meanwhile is read again
  others.postMessage(next.org_id);
}

/** A browser has one session for all its tabs: the other tabs follow the one that changed it. */
const others = new BroadcastChannel("studio-session");
others.onmessage = async ({ data: org }: MessageEvent<string | null>) => {
  if (session.value === undefined) return;
  if (session.value?.org_id !== org) return location.reload();
  await whoAmI().catch(() => {}); // another key of the same organisation
  if (session.value) lapsed.value = null;
};

export async function signOut(): Promise<void> {
  await ask(api.DELETE("/studio/session"));
  others.postMessage(null);
}
