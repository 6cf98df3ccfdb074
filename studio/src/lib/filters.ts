// Filters live in the URL, so that a page can be shared as shown, and Back undoes a change.

import { useLocation } from "preact-iso";

export interface Filters<Name extends string> {
  get(name: Name): string;
  /** Replaces values, and returns to the first page. */
  set(values: Partial<Record<Name, string>>): void;
  cursor: string | undefined;
  /** The URL of the page that begins at a cursor. */
  at(cursor: string | null): string;
  /** Whether any filter is set. */
  isAny: boolean;
  /** A text that changes whenever any of this does. */
  key: string;
}

export function useFilters<Name extends string>(names: readonly Name[]): Filters<Name> {
  const { path, query, route } = useLocation();
  const url = (values: Record<string, string | undefined>) => {
    const kept = Object.entries(values).filter((entry): entry is [string, string] => !!entry[1]);
    const search = new URLSearchParams(kept).toString();
    return search ? `${path}?${search}` : path;
  };
  const present = (from: Record<string, string>) => Object.fromEntries(names.map((name) => [name, from[name]]));
  // The URL's values at this moment, not when the page was last rendered: the caller may have waited.
  const current = () => present(Object.fromEntries(new URLSearchParams(location.search)));
  return {
    get: (name) => query[name] ?? "",
    set: (values) => route(url({ ...current(), ...values })),
    cursor: query["cursor"],
    at: (cursor) => url({ ...present(query), cursor: cursor ?? undefined }),
    isAny: names.some((name) => !!query[name]),
    key: JSON.stringify([path, query]),
  };
}
