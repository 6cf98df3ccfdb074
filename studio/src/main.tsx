// Studio's entry point.

import "./tokens.css";
import "./base.css"; // before the parts: what they say of their own goes before what holds for all
import { render } from "preact";
import { App } from "./app.tsx";
import { startTheme } from "./lib/theme.ts";

startTheme();
render(<App />, document.getElementById("app") as HTMLElement);
