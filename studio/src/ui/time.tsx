// Moments and ages.

import { moment, now, span } from "../lib/format.ts";

/** A moment, with its age on hover. */
export function Time({ at }: { at: string | null }) {
  if (at === null) return <span class="faint">–</span>;
  return (
    <time dateTime={at} title={`${span(now.peek() - Date.parse(at))} ago`}>
      {moment(at)}
    </time>
  );
}

/** How long ago, kept up to date. */
export function Age({ at }: { at: string }) {
  return (
    <time dateTime={at} title={moment(at)}>
      {span(now.value - Date.parse(at))}
    </time>
  );
}
