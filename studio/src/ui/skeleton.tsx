// A placeholder for something about to be shown.

import "./skeleton.css";

/** Grey rows in place of those being read, so that nothing moves when they arrive. */
export function Skeleton({ rows = 6 }: { rows?: number }) {
  return (
    <div class="skeleton" role="status" aria-label="Loading">
      {Array.from({ length: rows }, (_, at) => (
        <div key={at} />
      ))}
    </div>
  );
}
