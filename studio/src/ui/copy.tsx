// Things to be copied.

import { useEffect, useRef, useState } from "preact/hooks";
import { Button } from "./button.tsx";
import "./copy.css";

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

/** A secret, ready to be pasted, or dots in its place. */
export function SecretText({ children }: { children: string }) {
  return <p class="secret mono break">{children}</p>;
}
