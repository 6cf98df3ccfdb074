// A page: its title, in the window and at the top, which receives the focus when the page opens.

import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import "./page.css";

interface Props {
  title: string;
  /** Shown instead of the title, which remains the window's. */
  heading?: ComponentChildren;
  about?: ComponentChildren;
  back?: readonly [href: string, text: string];
  actions?: ComponentChildren;
  children: ComponentChildren;
}

let isFirst = true;

export function Page({ title, heading, about, back, actions, children }: Props) {
  const ref = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = `${title} · Studio`;
  }, [title]);
  // Also when the page stays but shows something else: whatever had the focus is then gone.
  useEffect(() => {
    if (!isFirst && document.activeElement === document.body) ref.current?.focus({ preventScroll: true });
  }, [title]);
  useEffect(() => {
    if (!isFirst) {
      ref.current?.focus({ preventScroll: true });
      scrollTo(0, 0);
    }
    isFirst = false;
  }, []);
  return (
    <div class="page">
      {back && (
        <a class="back" href={back[0]}>
          ← {back[1]}
        </a>
      )}
      <div class="page-head">
        <div>
          <h1 ref={ref} tabIndex={-1}>
            {heading ?? title}
          </h1>
          {about && <p class="about">{about}</p>}
        </div>
        {actions && <div class="row">{actions}</div>}
      </div>
      {children}
    </div>
  );
}
