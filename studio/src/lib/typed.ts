// What is typed to find calls: what it means to the API, and when it takes effect.

import { useEffect, useRef, useState } from "preact/hooks";

/** How the API is asked for a number, or for numbers by their last digits. */
export type ByNumber = { phone_number: string } | { phone_suffix: string };

/** A number as people write it, complete with its `+` or `00`, or its last digits; null if it is neither, or not yet. */
export function byNumber(typed: string): ByNumber | null {
  const compact = typed.replace(/[\s().\-\u2010-\u2015/]/g, "").replace(/^00(?=[1-9]\d{6,14}$)/, "+");
  if (/^\+[1-9]\d{6,14}$/.test(compact)) return { phone_number: compact };
  return /^\d{4,15}$/.test(compact) ? { phone_suffix: compact } : null;
}

/** A number as people write it, in E.164; null if it is not one, or not yet. */
export function wholeNumber(typed: string): string | null {
  const found = byNumber(typed);
  return found && "phone_number" in found ? found.phone_number : null;
}

/** A `datetime-local` value as an instant, or an empty string; null for one that the API would reject, such as the year 202. */
export function instant(typed: string): string | null {
  if (!typed) return "";
  const at = new Date(typed).getTime();
  return at >= 0 && at < Date.UTC(10_000, 0) ? new Date(at).toISOString() : null;
}

/** The same for sending: what is not an instant is sent as it is, so that the API reports it. */
export function instantOf(typed: string): string {
  const at = new Date(typed);
  return Number.isNaN(at.getTime()) ? typed : at.toISOString();
}

/** An instant as a `datetime-local` value; empty stays empty. */
export function localOf(iso: string): string {
  const at = new Date(iso);
  if (!iso || Number.isNaN(at.getTime())) return "";
  return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

/** After this pause, typing counts as finished. */
const PAUSE_MS = 400;

interface Options {
  /** The value in effect. */
  known: string;
  /** What a text means; null while it means nothing. */
  read: (typed: string) => string | null;
  settle: (value: string) => void;
}

export interface Typed {
  /** The text being typed, or null. */
  text: string | null;
  type(text: string): void;
  drop(): void;
}

/** A text that takes effect once typing has paused and it means something. Until then it is kept here, where no re-render loses
 * it, and nothing replaces it. */
export function useTyped({ known, read, settle }: Options): Typed {
  const [text, setText] = useState<string | null>(null);
  const settled = useRef(known);
  const latest = useRef({ known, read, settle });
  latest.current = { known, read, settle };
  const timer = useRef(0);
  const drop = () => {
    clearTimeout(timer.current);
    setText(null);
  };
  useEffect(() => () => clearTimeout(timer.current), []);
  // The value was changed elsewhere, as by Back: it replaces the text.
  useEffect(() => {
    if (known === settled.current) return;
    settled.current = known;
    drop();
  }, [known]);
  const type = (next: string) => {
    clearTimeout(timer.current);
    setText(next);
    timer.current = window.setTimeout(() => {
      const { known, read, settle } = latest.current;
      const value = read(next);
      settled.current = value ?? "";
      if (settled.current !== known) settle(settled.current);
      if (value !== null) setText(null);
    }, PAUSE_MS);
  };
  return { text, type, drop };
}

/** A value, once it has not changed for a while. */
export function useSettled<T>(value: T): T {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), PAUSE_MS);
    return () => clearTimeout(timer);
  }, [value]);
  return settled;
}
