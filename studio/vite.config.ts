// Studio's build: static files for `public/`, which the Worker's assets serve. `npx vite studio` serves the sources instead,
// beside a local run (`npm start`) that answers the API.

import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

const api = { target: "http://127.0.0.1:8787", changeOrigin: true };

export default defineConfig({
  root: fileURLToPath(new URL(".", import.meta.url)),
  base: "/studio/",
  build: {
    outDir: "../build/studio/site",
    emptyOutDir: true,
    target: "es2022",
    cssTarget: ["chrome123", "firefox120", "safari17.5"], // they know light-dark()
    cssCodeSplit: false, // one sheet: no page shifts when its styles arrive
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0, // the page's policy allows no data: scripts
    reportCompressedSize: false,
  },
  server: { proxy: { "/integration": api, "/studio/session": api, "/studio/receiver": api } },
});
