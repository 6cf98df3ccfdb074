// Messages on a page: remarks, failures, and what a key may not do.

import type { ComponentChildren } from "preact";
import type { ApiError, Role } from "../lib/api.ts";
import { barred } from "../lib/session.ts";
import type { Tone } from "./badge.tsx";
import "./note.css";

/** An API failure in its own words, with what to do next and what to tell support. */
export function Failure({ error, retry }: { error: ApiError | null; retry?: () => void }) {
  if (!error) return null;
  return (
    <div class="note bad" role="alert">
      <p>
        <strong>{error.message}</strong> {error.advice}
      </p>
      {error.requestId && <p class="faint small">Request {error.requestId}</p>}
      {retry && (
        <button type="button" class="button small" onClick={retry}>
          Try again
        </button>
      )}
    </div>
  );
}

export function Note({ tone = "neutral", children }: { tone?: Tone; children: ComponentChildren }) {
  return <div class={`note ${tone}`}>{children}</div>;
}

/** Says why a page, or part of it, is not available to this key. */
export function RoleNote({ needs, what }: { needs: Role; what: string }) {
  const reason = barred(needs);
  return reason === null ? null : (
    <Note tone="warn">
      <strong>{what}:</strong> {reason}.
    </Note>
  );
}
