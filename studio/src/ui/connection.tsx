// How events arrive, or that they don't.

import { feed, isOnline } from "../lib/connection.ts";
import { lapsed } from "../lib/session.ts";
import "./connection.css";

const TEXTS = {
  connecting: ["Connecting", "Waiting for the first event."],
  live: ["Live", "Changes show as they happen."],
  polling: ["Polling", "Changes show within two seconds."],
  ended: ["Session ended", "Sign in again to see changes."],
  offline: ["Offline", "The API can't be reached. Trying again."],
} as const;

export function Connection() {
  const state = !isOnline.value ? "offline" : lapsed.value !== null ? "ended" : feed.value;
  const [name, text] = TEXTS[state];
  return (
    <p class={`connection ${state}`} title={text} aria-live="polite">
      <span class="dot" aria-hidden="true" />
      {name}
    </p>
  );
}

/** Shown above the page while its data may be out of date. */
export function ConnectionBar() {
  return (
    <div role="status">
      {!isOnline.value && (
        <p class="bar">
          <strong>No connection.</strong> What you see may be out of date. Studio tries again by itself, and nothing you entered is lost.
        </p>
      )}
    </div>
  );
}
