// Loads the plot's code once there is something to plot, and reserves its space until then.

import { useEffect, useState } from "preact/hooks";
import type { Series } from "../lib/usage.ts";
import "./lazy-plot.css";

type Plot = typeof import("./plot.tsx").default;

let loaded: Plot | undefined;

export function LazyPlot({ data, limit }: { data: Series | undefined; limit: number }) {
  const [, update] = useState(0);
  useEffect(() => {
    if (loaded) return;
    import("./plot.tsx").then(
      (module) => {
        loaded = module.default;
        update(1);
      },
      () => {}, // the caption says the same in words
    );
  }, []);
  const Loaded = loaded;
  return Loaded && data ? <Loaded data={data} limit={limit} /> : <div class="plot" />;
}
