// Code to copy: JSON, and requests in three dialects.

import { useId, useState } from "preact/hooks";
import { type Sample, samples } from "../lib/samples.ts";
import { Copy } from "./copy.tsx";
import "./code.css";

/** `copy`: the text to copy, if it differs from the one shown. */
export function Code({ text, label, copy = text }: { text: string; label: string; copy?: string }) {
  return (
    <div class="code">
      <div class="code-head">
        <span>{label}</span>
        <Copy text={copy} />
      </div>
      <pre tabIndex={0} role="region" aria-label={label}>
        <code>{text}</code>
      </pre>
    </div>
  );
}

/** The request that a form makes, as an integrator's program would make it. */
export function Request({ method, path, body }: { method: string; path: string; body?: unknown }) {
  const all = samples(method, path, body);
  const [at, setAt] = useState(0);
  const id = useId();
  const shown = all[at] as Sample;
  const move = (event: KeyboardEvent) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const next = (at + step + all.length) % all.length;
    setAt(next);
    document.getElementById(`${id}-${next}`)?.focus();
  };
  return (
    <div class="code">
      <div class="code-head">
        <div role="tablist" aria-label="The same request as code" class="tabs" onKeyDown={move}>
          {all.map(({ name }, index) => (
            <button
              key={name}
              type="button"
              role="tab"
              id={`${id}-${index}`}
              aria-selected={index === at}
              aria-controls={`${id}-panel`}
              tabIndex={index === at ? 0 : -1}
              onClick={() => setAt(index)}
            >
              {name}
            </button>
          ))}
        </div>
        <Copy text={shown.code} />
      </div>
      <pre tabIndex={0} role="tabpanel" id={`${id}-panel`} aria-labelledby={`${id}-${at}`}>
        <code>{shown.code}</code>
      </pre>
    </div>
  );
}
