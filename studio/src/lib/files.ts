// A file that is sent as soon as it is chosen: what is being sent, and the result.

import { useState } from "preact/hooks";
import { type ApiError, trying } from "./api.ts";

/** How a file goes to the API: its bytes unchanged, so that the API can report invalid UTF-8; the format follows from its name. */
export function bodyOf(file: File) {
  const headers = { "Content-Type": /json|jsonl$/i.test(file.name) ? "application/x-ndjson" : "text/csv" };
  return { body: "", bodySerializer: () => file, headers };
}

export function useUpload<T>(send: (file: File) => Promise<T>, onDone: () => void) {
  const [reading, setReading] = useState<string | null>(null);
  const [done, setDone] = useState<T | null>(null);
  const [error, setError] = useState<ApiError | null>(null);
  const take = async (event: Event) => {
    const input = event.currentTarget as HTMLInputElement;
    const file = input.files?.[0];
    if (!file) return;
    setReading(file.name);
    setDone(null);
    setDone(await trying(setError, () => send(file)));
    input.value = ""; // the same file can be chosen again
    setReading(null);
    onDone();
  };
  return { reading, done, error, take };
}
