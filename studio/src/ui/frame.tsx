// What surrounds each page: navigation, who is signed in, and how events arrive.

import type { ComponentChildren } from "preact";
import { Connection, ConnectionBar } from "./connection.tsx";
import { Account, Nav } from "./nav.tsx";
import "./frame.css";

export function Frame({ children, over }: { children: ComponentChildren; over: ComponentChildren }) {
  return (
    <div class="frame">
      <a class="skip" href="#main">
        Skip to the page
      </a>
      <header class="side">
        <Nav />
        <div class="side-foot">
          <Connection />
          <Account />
        </div>
      </header>
      <div class="content">
        <ConnectionBar />
        <main id="main" tabIndex={-1}>
          {children}
        </main>
      </div>
      {over}
    </div>
  );
}
