// Who is signed in. The API key itself is never kept: the browser holds a cookie that no script can read.

import { signal } from "@preact/signals";
import { ApiError, type Role, type Schemas, api, ask } from "./api.ts";
import { healed } from "./connection.ts";

export type Session = Schemas["StudioSession"];

/** `undefined` until it is known, `null` when nobody is. */
export const session = signal<Session | null | undefined>(undefined);

/** Why a session ended before its time; what was being done stays on the page behind the question for another key. */
export const lapsed = signal<string | null>(null);

const ROLES: readonly Role[] = ["viewer", "member", "admin", "owner"];

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
  // Another organisation's things must not stay on the page.
  if (before && before.org_id !== next.org_id) return location.reload();
  session.value = next;
  lapsed.value = null;
  healed.value += 1; // what was refused meanwhile is read again
  others.postMessage(next.org_id);
}

/** A browser has one session for all its tabs: the others follow the one that changed it. */
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

/** The API refuses the session's key. */
export function lapse(text: string): void {
  if (session.value) lapsed.value = text;
}

/** Why the signed-in key can't do what needs this role, in the API's words; null when it can. */
export function barred(needs: Role): string | null {
  const has = session.value?.role ?? "viewer";
  if (ROLES.indexOf(has) >= ROLES.indexOf(needs)) return null;
  return `This API key's role (${has}) can't do this; it needs ${needs}`;
}
