// What the built-in receiver accepted, each item marked with whether its signatures are valid.

import type { Schemas } from "../lib/api.ts";
import { clock, pretty } from "../lib/format.ts";
import { Badge } from "./badge.tsx";
import { Code } from "./code.tsx";
import "./received.css";

type Notification = Schemas["ReceivedNotification"];

export function Received({ items }: { items: Notification[] }) {
  return (
    <ul class="received">
      {items.map((item) => (
        <li key={`${item.at} ${headerOf(item, "webhook-id")}`}>
          <details>
            <summary>
              <Verified isValid={item.verified} />
              <span class="mono">{eventOf(item)}</span>
              <time dateTime={item.at} class="faint number">
                {clock(item.at)}
              </time>
            </summary>
            <Code label="Headers" text={headersOf(item)} />
            <Code label="Body" text={formatted(item.body)} copy={item.body} />
          </details>
        </li>
      ))}
    </ul>
  );
}

function Verified({ isValid }: { isValid: boolean }) {
  return <Badge tone={isValid ? "good" : "bad"}>{isValid ? "✓ signature valid" : "✕ signature not valid"}</Badge>;
}

const headerOf = (item: Notification, name: string): string => String((item.headers as Record<string, unknown>)[name] ?? "");

const headersOf = (item: Notification): string =>
  Object.entries(item.headers as Record<string, string>)
    .map(([name, value]) => `${name}: ${value}`)
    .join("\n");

/** The call that a notification is about. */
export function callOf(item: Notification): string | null {
  return String((parsed(item.body) as { call_id?: unknown } | null)?.call_id ?? "") || null;
}

const eventOf = (item: Notification): string => String((parsed(item.body) as { event?: unknown } | null)?.event ?? "not a notification");

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function formatted(text: string): string {
  const value = parsed(text);
  return value === null ? text : pretty(value);
}
