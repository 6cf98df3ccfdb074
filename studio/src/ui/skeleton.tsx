// What stands where something is about to be shown.

import "./skeleton.css";

/** Grey rows in place of those that are being read, so that nothing moves when they come. */
export function Skeleton({ rows = 6 }: { rows?: number }) {
  return (
    <div class="skeleton" role="status" aria-label="Loading">
      {Array.from({ length: rows }, (_, at) => (
        <div key={at} />
      ))}
    </div>
  );
}
