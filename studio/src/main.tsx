// Where Studio begins.

import { render } from "preact";
import { App } from "./app.tsx";
import { startTheme } from "./lib/theme.ts";
import "./styles.css";

startTheme();
render(<App />, document.getElementById("app") as HTMLElement);
