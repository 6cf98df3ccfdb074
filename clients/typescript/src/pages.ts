// Lists of any length, page by page, as one iterator.

import type { paths } from "./types.ts";

type JsonOf<P extends keyof paths> = paths[P] extends { get: { responses: { 200: { content: { "application/json": infer Body } } } } }
  ? Body
  : never;

/** The routes that answer in pages. */
export type ListPath = {
  [P in keyof paths]: JsonOf<P> extends { next_cursor?: infer Next } ? (null extends Next ? P : never) : never;
}[keyof paths];

type Items<Body> = { [K in keyof Body]: Body[K] extends readonly (infer Item)[] ? Item : never }[keyof Body];

/** The items of a list. */
export type ItemOf<P extends ListPath> = Items<JsonOf<P>>;

type Parameters<P extends ListPath> = paths[P] extends { get: { parameters: infer Given } } ? Given : never;

/** A list's filters, without the cursor, which the iterator manages. `limit` is the number of items per page (100). */
export type QueryOf<P extends ListPath> =
  Parameters<P> extends { query?: infer Query } ? Omit<NonNullable<Query>, "cursor"> : Record<string, never>;

/** The ids in its path. */
export type PathOf<P extends ListPath> = Parameters<P> extends { path: infer Path } ? Path : undefined;

/** Requests one page. */
export type AskPage = (path: string, query: Record<string, unknown>) => Promise<Record<string, unknown>>;

export async function* items(ask: AskPage, path: string, query: Record<string, unknown>): AsyncGenerator<unknown, void, undefined> {
  let cursor: unknown;
  do {
    const page = await ask(path, { limit: 100, ...query, ...(cursor !== undefined && { cursor }) });
    const list = Object.values(page).find(Array.isArray) ?? [];
    yield* list as unknown[];
    cursor = page["next_cursor"] ?? undefined;
  } while (cursor !== undefined);
}
