// A button.

import type { ComponentChildren } from "preact";
import { useId } from "preact/hooks";
import type { Role } from "../lib/api.ts";
import { barred } from "../lib/session.ts";
import "./button.css";

interface ButtonProps {
  children: ComponentChildren;
  onClick?: () => void | Promise<void>;
  kind?: "primary" | "danger" | "plain" | "quiet";
  type?: "button" | "submit";
  isSmall?: boolean;
  isBusy?: boolean;
  /** The lowest role that may use it. */
  needs?: Role;
  /** Why it can't be used now. */
  disabled?: string | false | null;
  label?: string;
  pressed?: boolean;
}

/** A button that stays reachable when it can't be used, and says why. */
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
