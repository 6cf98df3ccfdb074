// How much of a limit is in use.

import "./gauge.css";

interface Props {
  value: number;
  max: number;
  label: string;
  isSmall?: boolean;
}

export function Gauge({ value, max, label, isSmall = false }: Props) {
  const share = max > 0 ? Math.min(1, value / max) : 0;
  const tone = share >= 1 ? "bad" : share >= 0.8 ? "warn" : "good";
  return (
    <div
      class={`gauge ${tone}${isSmall ? " small" : ""}`}
      role="meter"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={max}
      aria-valuenow={Math.min(value, max)}
      aria-valuetext={`${value} of ${max}`}
    >
      <p class="gauge-text">
        <strong>{value}</strong> <span class="faint">of {max}</span>
      </p>
      <div class="gauge-bar">
        <div style={{ width: `${share * 100}%` }} />
      </div>
    </div>
  );
}
