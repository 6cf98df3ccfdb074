// A dialog.

import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef } from "preact/hooks";
import "./dialog.css";

interface DialogProps {
  title: string;
  onClose: () => void;
  children: ComponentChildren;
  /** Whether it can only be closed by answering. */
  isFirm?: boolean;
}

/** A modal: the browser keeps the focus inside it, and gives it back. */
export function Dialog({ title, onClose, children, isFirm }: DialogProps) {
  const ref = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    const before = document.activeElement;
    ref.current?.showModal();
    // A dialog that is removed from the page does not give the focus back by itself.
    return () => before instanceof HTMLElement && before.focus();
  }, []);
  // A browser closes a dialog at the second Escape, whatever the handler says: a firm one is opened again.
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
