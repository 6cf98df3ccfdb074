// Who is signed in. The API key itself is never stored: the browser holds a cookie that scripts can't read.

import { signal } from "@preact/signals";
import type { components } from "./schema.d.ts";

type Schemas = components["schemas"];
type Role = Schemas["Role"];
export type Session = Schemas["StudioSession"];

/** `undefined` until it is known, `null` if nobody is signed in. */
export const session = signal<Session | null | undefined>(undefined);

/** Why a session ended early; the page stays as it was, behind a dialog that asks for another key. */
export const lapsed = signal<string | null>(null);

const ROLES: readonly Role[] = ["viewer", "member", "admin", "owner"];

/** The API refuses the session's key. */
export function lapse(text: string): void {
  if (session.value) lapsed.value = text;
}

/** Why the signed-in key can't do something that needs this role, in the API's words; null if it can. */
export function barred(needs: Role): string | null {
  const has = session.value?.role ?? "viewer";
  if (ROLES.indexOf(has) >= ROLES.indexOf(needs)) return null;
  return `This API key's role (${has}) can't do this; it needs ${needs}`;
}
