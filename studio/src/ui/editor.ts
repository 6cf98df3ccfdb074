// Editing by comparison: a form for something that is stored, or is to be created. Saving sends only what was changed here, so
// that it does not undo what others changed meanwhile.

import { useLocation } from "preact-iso";
import { useLayoutEffect, useState } from "preact/hooks";
import { ApiError, type Role } from "../lib/api.ts";
import { barred } from "../lib/session.ts";
import { useGuard } from "./guard.ts";

interface Options<Kept, Form, Body extends object> {
  /** What is stored; null if it is to be created. */
  kept: Kept | null;
  empty: () => Form;
  formOf: (kept: Kept) => Form;
  bodyOf: (form: Form) => Body;
  /** Creates it, and returns the page to go to. */
  create?: (body: Body) => Promise<string>;
  /** Sends the changes, and returns what is stored now. */
  change?: (changes: Partial<Body>) => Promise<Kept>;
  /** Tells the page what is stored now. */
  onChange?: (kept: Kept) => void;
  /** Deletes it, and returns the page to go to. */
  remove?: () => Promise<string>;
  /** The lowest role that may do so; owner by default. */
  needs?: Role;
}

export interface Editor<Form> {
  form: Form;
  setForm: (form: Form) => void;
  error: ApiError | null;
  isChanged: boolean;
  isBusy: boolean;
  /** Whether the last save succeeded, and nothing has been entered since. */
  isDone: boolean;
  /** For `onSubmit`. */
  save: (event: Event) => void;
  remove: () => Promise<void>;
}

/** Whether two values are the same JSON. */
export const same = (one: unknown, other: unknown): boolean => JSON.stringify(one) === JSON.stringify(other);

/** The fields of a body that differ from what was loaded. */
function changesOf<Body extends object>(body: Body, loaded: Body): Partial<Body> {
  const differs = ([name, value]: [string, unknown]) => !same(value, loaded[name as keyof Body]);
  return Object.fromEntries(Object.entries(body).filter(differs)) as Partial<Body>;
}

export function useEditor<Kept, Form, Body extends object>(options: Options<Kept, Form, Body>): Editor<Form> {
  const { kept, empty, formOf, bodyOf, create, change, onChange, remove, needs = "owner" } = options;
  const { route } = useLocation();
  const [form, setForm] = useState(() => (kept === null ? empty() : formOf(kept)));
  const [saved, setSaved] = useState(form);
  const [isDone, setDone] = useState(false);
  const { error, isBusy, attempt } = useAttempt();
  const isChanged = !same(form, saved);
  useGuard(isChanged);
  const settle = (next: Form) => {
    setForm((current) => (current === form ? next : current)); // what was typed during a save stays
    setSaved(next);
  };
  // An untouched form shows what others save; once touched, it belongs to its editor until it is saved. Before painting:
  // otherwise a quick user might touch it first, and lose the input.
  useLayoutEffect(() => {
    if (kept !== null && !isChanged) settle(formOf(kept));
  }, [kept, isChanged]);
  const leave = (page: string) => {
    setSaved(form); // there is nothing left to be asked about
    route(page);
  };
  const save = async () => {
    if (kept === null) return create && leave(await create(bodyOf(form)));
    if (!change) return;
    const next = await change(changesOf(bodyOf(form), bodyOf(saved)));
    onChange?.(next);
    settle(formOf(next));
    setDone(true);
  };
  return {
    form,
    setForm: (next) => {
      setForm(next);
      setDone(false);
    },
    error,
    isChanged,
    isBusy,
    isDone,
    save: (event) => {
      event.preventDefault();
      if (barred(needs) === null) void attempt(save);
    },
    remove: () => attempt(async () => remove && leave(await remove())),
  };
}

interface Attempt {
  error: ApiError | null;
  isBusy: boolean;
  /** Does the work, and keeps the API's objection to it. */
  attempt: (work: () => Promise<unknown>) => Promise<void>;
}

function useAttempt(): Attempt {
  const [error, setError] = useState<ApiError | null>(null);
  const [isBusy, setBusy] = useState(false);
  const attempt = async (work: () => Promise<unknown>) => {
    setBusy(true);
    setError(null);
    try {
      await work();
    } catch (failure) {
      if (failure instanceof ApiError) setError(failure);
    }
    setBusy(false);
  };
  return { error, isBusy, attempt };
}
