// Paging by cursor: onward, and back to where it begins.

import type { Filters } from "../lib/filters.ts";
import "./pager.css";

export function Pager({ filters, next }: { filters: Filters<string>; next: string | null | undefined }) {
  if (!filters.cursor && !next) return null;
  return (
    <nav class="pager" aria-label="Pages">
      {filters.cursor ? (
        <a class="button small" href={filters.at(null)}>
          ← Newest
        </a>
      ) : (
        <span />
      )}
      {next ? (
        <a class="button small" href={filters.at(next)}>
          Older →
        </a>
      ) : (
        <span class="faint small">That is all.</span>
      )}
    </nav>
  );
}
