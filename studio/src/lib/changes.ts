// What a save sends: only what was changed here, so that it does not undo what others changed meanwhile.

/** The fields of a body that differ from what was loaded. */
export function changes<T extends object>(body: T, loaded: T): Partial<T> {
  const differs = (name: keyof T) => JSON.stringify(body[name]) !== JSON.stringify(loaded[name]);
  return Object.fromEntries(Object.entries(body).filter(([name]) => differs(name as keyof T))) as Partial<T>;
}
