// A plot of the channels in use and their limit, painted by uPlot, which is loaded on demand.

import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { clock } from "../lib/format.ts";
import { isDark } from "../lib/theme.ts";
import type { Series } from "../lib/usage.ts";

const HEIGHT = 220;

export default function Plot({ data, limit }: { data: Series; limit: number }) {
  const ref = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const dark = isDark.value;
  useEffect(() => {
    const { current: place } = ref;
    if (!place) return;
    const style = getComputedStyle(place);
    const color = (name: string) => style.getPropertyValue(name).trim();
    const font = `12px ${style.fontFamily}`;
    const axis = {
      stroke: color("--plot-text"),
      grid: { stroke: color("--plot-grid"), width: 1 },
      ticks: { show: false },
      font,
    };
    const made = new uPlot(
      {
        width: place.clientWidth,
        height: HEIGHT,
        legend: { show: false },
        cursor: { points: { size: 6 } },
        scales: { y: { range: (_, __, top) => [0, Math.max(4, Math.ceil(Math.max(top ?? 0, limit) * 1.15))] } },
        hooks: { draw: [(plot) => drawLimit(plot, limit, color("--plot-limit"), style.fontFamily)] },
        axes: [
          { ...axis, values: (_, seconds) => seconds.map((second) => clock(new Date(second * 1_000).toISOString()).slice(0, 5)) },
          {
            ...axis,
            size: (plot, labels) => roomFor(plot, labels, font),
            incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000],
          },
        ],
        series: [
          {},
          {
            stroke: color("--plot-line"),
            fill: color("--plot-fill"),
            width: 1.5,
            paths: uPlot.paths.stepped?.({ align: -1 }) as uPlot.Series.PathBuilder,
            points: { show: false },
          },
        ],
      },
      [data.at, data.inUse],
      place,
    );
    plot.current = made;
    const watcher = new ResizeObserver(() => made.setSize({ width: place.clientWidth, height: HEIGHT }));
    watcher.observe(place);
    return () => {
      watcher.disconnect();
      made.destroy();
      plot.current = null;
    };
  }, [dark, limit]);
  useEffect(() => plot.current?.setData([data.at, data.inUse]), [data]);
  return <div class="plot" ref={ref} aria-hidden="true" />;
}

/** As wide as the widest label, with a margin on both sides. */
function roomFor({ ctx }: uPlot, labels: string[] | null, font: string): number {
  ctx.save();
  ctx.font = font;
  const widths = (labels ?? []).map((label) => ctx.measureText(label).width);
  ctx.restore();
  return Math.ceil(Math.max(20, ...widths)) + 12;
}

/** A dashed line across the whole width, with its number at the left: the newest values are at the right. */
function drawLimit(plot: uPlot, limit: number, color: string, family: string): void {
  const { ctx, bbox } = plot;
  const y = Math.round(plot.valToPos(limit, "y", true));
  const ratio = devicePixelRatio;
  ctx.save();
  ctx.strokeStyle = color;
  ctx.fillStyle = color;
  ctx.lineWidth = 2 * Math.ceil(ratio / 2 + 0.25); // even: its edges are those of pixels
  ctx.setLineDash([6 * ratio, 4 * ratio]);
  ctx.beginPath();
  ctx.moveTo(bbox.left, y);
  ctx.lineTo(bbox.left + bbox.width, y);
  ctx.stroke();
  ctx.font = `${12 * ratio}px ${family}`;
  ctx.textAlign = "left";
  ctx.textBaseline = "bottom"; // whatever the axes left behind
  ctx.fillText(`limit ${limit.toLocaleString()}`, bbox.left + 4 * ratio, y - ctx.lineWidth / 2 - 3 * ratio);
  ctx.restore();
}
