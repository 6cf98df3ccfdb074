// Paging by cursor: forward, and back to the beginning.

import type { Filters } from "../lib/filters.ts";
import "./pager.css";

interface Props {
  filters: Filters<string>;
  next: string | null | undefined;
  /** The texts for the first and the next page; by default, those for lists with the newest first. */
  texts?: readonly [first: string, next: string];
}

export function Pager({ filters, next, texts: [first, more] = ["Newest", "Older"] }: Props) {
  if (!filters.cursor && !next) return null;
  return (
    <nav class="pager" aria-label="Pages">
      {filters.cursor ? (
        <a class="button small" href={filters.at(null)}>
          ← {first}
        </a>
      ) : (
        <span />
      )}
      {next ? (
        <a class="button small" href={filters.at(next)}>
          {more} →
        </a>
      ) : (
        <span class="faint small">That is all.</span>
      )}
    </nav>
  );
}
