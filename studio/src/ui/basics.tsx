// The small parts that every page is made of.

import type { ComponentChildren, JSX } from "preact";
import { useEffect, useId, useRef, useState } from "preact/hooks";
import type { ApiError, CallStatus, Role } from "../lib/api.ts";
import { moment, now, span } from "../lib/format.ts";
import { barred } from "../lib/session.ts";

type Tone = "neutral" | "good" | "bad" | "busy" | "warn";

export function Badge({ tone = "neutral", children }: { tone?: Tone; children: ComponentChildren }) {
  return <span class={`badge ${tone}`}>{children}</span>;
}

const STATUS_TONES: Record<CallStatus, Tone> = {
  Initiating: "neutral",
  Ringing: "busy",
  Answered: "busy",
  Completed: "good",
  Decline: "warn",
  "Rejected — Capacity": "warn",
  "Trigger Failed": "bad",
  "SIP Call Failed": "bad",
};

export function Status({ value, isStalled = false }: { value: CallStatus; isStalled?: boolean }) {
  return (
    <>
      <Badge tone={STATUS_TONES[value]}>{value}</Badge>
      {isStalled && <Badge tone="warn">stalled</Badge>}
    </>
  );
}

/** An API's failure in its own words, what to do next, and what to tell support. */
export function Failure({ error, retry }: { error: ApiError | null; retry?: () => void }) {
  if (!error) return null;
  return (
    <div class="note bad" role="alert">
      <p>
        <strong>{error.message}</strong> {error.advice}
      </p>
      {error.requestId && <p class="faint small">Request {error.requestId}</p>}
      {retry && (
        <button type="button" class="button small" onClick={retry}>
          Try again
        </button>
      )}
    </div>
  );
}

export function Note({ tone = "neutral", children }: { tone?: Tone; children: ComponentChildren }) {
  return <div class={`note ${tone}`}>{children}</div>;
}

/** Says why a page or part of it is out of this key's reach. */
export function RoleNote({ needs, what }: { needs: Role; what: string }) {
  const reason = barred(needs);
  return reason === null ? null : (
    <Note tone="warn">
      <strong>{what}:</strong> {reason}.
    </Note>
  );
}

interface ButtonProps {
  children: ComponentChildren;
  onClick?: () => void | Promise<void>;
  kind?: "primary" | "danger" | "plain" | "quiet";
  type?: "button" | "submit";
  isSmall?: boolean;
  isBusy?: boolean;
  /** The lowest role that may. */
  needs?: Role;
  /** Why it can't be used now. */
  disabled?: string | false | null;
  label?: string;
  pressed?: boolean;
}

/** A button that, when it can't be used, stays reachable and says why. */
export function Button({
  children,
  onClick,
  kind = "plain",
  type = "button",
  isSmall,
  isBusy,
  needs,
  disabled,
  label,
  pressed,
}: ButtonProps) {
  const id = useId();
  const reason = (needs && barred(needs)) || disabled || null;
  const isOff = reason !== null || isBusy;
  const click = (event: Event) => {
    if (isOff) event.preventDefault();
    else void onClick?.();
  };
  return (
    <span class={reason ? "why" : undefined}>
      <button
        type={type}
        class={`button ${kind}${isSmall ? " small" : ""}`}
        aria-disabled={isOff || undefined}
        aria-busy={isBusy || undefined}
        aria-describedby={reason ? id : undefined}
        aria-label={label}
        aria-pressed={pressed}
        onClick={click}
      >
        {children}
      </button>
      {reason && (
        <span class="tip" role="tooltip" id={id}>
          {reason}
        </span>
      )}
    </span>
  );
}

interface FieldProps {
  label: string;
  hint?: ComponentChildren;
  children: (id: { id: string; "aria-describedby"?: string | undefined }) => JSX.Element;
}

export function Field({ label, hint, children }: FieldProps) {
  const id = useId();
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {children({ id, "aria-describedby": hint ? `${id}-hint` : undefined })}
      {hint && (
        <p class="hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
    </div>
  );
}

/** A control that can't be used, and says why where one points at it. */
export const off = (reason: string | null | undefined) => (reason ? { disabled: true, title: reason } : {});

interface TextProps {
  label: string;
  value: string;
  onInput: (value: string) => void;
  hint?: ComponentChildren;
  rows?: number;
  isMono?: boolean;
  required?: boolean;
  type?: "text" | "password" | "number" | "datetime-local";
  placeholder?: string;
  /** Why it can't be changed. */
  disabled?: string | null;
  min?: number;
  max?: number;
  autocomplete?: string;
}

export function TextField({ label, value, onInput, hint, rows, isMono, type = "text", disabled, ...more }: TextProps) {
  const input = (event: Event) => onInput((event.target as HTMLInputElement).value);
  const common = { value, onInput: input, class: isMono ? "mono" : undefined, spellcheck: !isMono, ...off(disabled), ...more };
  return (
    <Field label={label} hint={hint}>
      {(id) => {
        if (rows) return <textarea {...id} {...common} rows={rows} />;
        // The types know one shape for each kind of input; which kind this is, only the caller knows.
        const kind = { type, autocomplete: more.autocomplete ?? "off" } as { type: "text" };
        return <input {...id} {...common} {...kind} />;
      }}
    </Field>
  );
}

interface SelectProps<T extends string> {
  label: string;
  value: T;
  options: readonly (readonly [value: T, text: string])[];
  onChange: (value: T) => void;
  hint?: ComponentChildren;
  /** Why it can't be changed. */
  disabled?: string | null;
}

export function SelectField<T extends string>({ label, value, options, onChange, hint, disabled }: SelectProps<T>) {
  return (
    <Field label={label} hint={hint}>
      {(id) => (
        <select {...id} value={value} {...off(disabled)} onChange={(event) => onChange(event.currentTarget.value as T)}>
          {options.map(([option, text]) => (
            <option key={option} value={option} selected={option === value}>
              {text}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}

/** Copies a text, and says that it did. */
export function Copy({ text, label = "Copy" }: { text: string; label?: string }) {
  const [state, setState] = useState<"" | "Copied" | "Press Ctrl+C">("");
  const timer = useRef(0);
  useEffect(() => () => clearTimeout(timer.current), []);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      setState("Copied");
    } catch {
      setState("Press Ctrl+C");
    }
    clearTimeout(timer.current);
    timer.current = setTimeout(() => setState(""), 2_000);
  };
  return (
    <Button kind="quiet" isSmall onClick={copy}>
      <span aria-live="polite">{state || label}</span>
    </Button>
  );
}

/** A moment, with its age beside it on hover. */
export function Time({ at }: { at: string | null }) {
  if (at === null) return <span class="faint">–</span>;
  return (
    <time dateTime={at} title={`${span(now.peek() - Date.parse(at))} ago`}>
      {moment(at)}
    </time>
  );
}

/** How long ago, kept up to date. */
export function Age({ at }: { at: string }) {
  return (
    <time dateTime={at} title={moment(at)}>
      {span(now.value - Date.parse(at))}
    </time>
  );
}

export function Empty({ title, children }: { title: string; children?: ComponentChildren }) {
  return (
    <div class="empty">
      <p class="empty-title">{title}</p>
      {children}
    </div>
  );
}

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

interface DialogProps {
  title: string;
  onClose: () => void;
  children: ComponentChildren;
  /** Whether only an answer closes it. */
  isFirm?: boolean;
}

/** A modal: the browser keeps the focus in it and gives it back. */
export function Dialog({ title, onClose, children, isFirm }: DialogProps) {
  const ref = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    const before = document.activeElement;
    ref.current?.showModal();
    // Gone from the page, a dialog gives nothing back by itself.
    return () => before instanceof HTMLElement && before.focus();
  }, []);
  // A browser closes a dialog at the second Escape, whatever is said of it: one that is firm is opened again.
  const closed = () => (isFirm ? ref.current?.showModal() : onClose());
  const cancel = (event: Event) => isFirm && event.preventDefault();
  const key = (event: KeyboardEvent) => isFirm && event.key === "Escape" && event.preventDefault();
  return (
    <dialog ref={ref} aria-labelledby={id} onCancel={cancel} onClose={closed} onKeyDown={key}>
      <h2 id={id}>{title}</h2>
      {children}
    </dialog>
  );
}

export function Card({
  title,
  actions,
  children,
}: {
  title?: ComponentChildren;
  actions?: ComponentChildren;
  children: ComponentChildren;
}) {
  return (
    <section class="card">
      {(title || actions) && (
        <header class="card-head">
          {title && <h2>{title}</h2>}
          {actions && <div class="row">{actions}</div>}
        </header>
      )}
      {children}
    </section>
  );
}

/** Names and values, one below the other. */
export function Facts({ items }: { items: [name: string, value: ComponentChildren][] }) {
  return (
    <dl class="facts">
      {items.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

/** A table that scrolls by itself where the page is too narrow, also by keyboard. */
export function Table({
  label,
  head,
  children,
}: {
  label: string;
  head: (string | { text: string; class: string })[];
  children: ComponentChildren;
}) {
  return (
    <div class="table" role="region" aria-label={label} tabIndex={0}>
      <table>
        <thead>
          <tr>
            {head.map((cell) =>
              typeof cell === "string" ? (
                <th key={cell} scope="col">
                  {cell || <span class="hidden">Actions</span>}
                </th>
              ) : (
                <th key={cell.text} scope="col" class={cell.class}>
                  {cell.text}
                </th>
              ),
            )}
          </tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
    </div>
  );
}

/** A fact of a row, and on how wide a page it has a column. */
export type RowFact = [column: "medium" | "wide", name: string, value: ComponentChildren];

/** Their columns. */
export function FactCells({ items }: { items: RowFact[] }) {
  return items.map(([column, name, value]) => (
    <td key={name} class={column}>
      {value}
    </td>
  ));
}

/** In a cell of the row: what the columns would say that a narrow page has no room for. */
export function Folded({ items }: { items: RowFact[] }) {
  return (
    <dl class="folded small">
      {items.map(([column, name, value]) => (
        <div key={name} class={column}>
          <dt class="faint">{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
