// The logo.

import "./brand.css";

export function Brand({ size }: { size: number }) {
  return (
    <svg viewBox="0 0 32 32" width={size} height={size} aria-hidden="true" class="brand-sign">
      <rect width="32" height="32" rx="8" />
      <path d="M8 14v4M13 10v12M18 7v18M23 12v8" />
    </svg>
  );
}
