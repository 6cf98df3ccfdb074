// Light, dark, or following the system.

import { signal } from "@preact/signals";

export type Theme = "system" | "light" | "dark";

const KEY = "studio-theme";

export const theme = signal<Theme>("system");

/** Which of the two is in use. Plots, being painted, follow it. */
export const isDark = signal(false);

const system = matchMedia("(prefers-color-scheme: dark)");

function apply(): void {
  const { value } = theme;
  if (value === "system") delete document.documentElement.dataset["theme"];
  else document.documentElement.dataset["theme"] = value;
  isDark.value = value === "dark" || (value === "system" && system.matches);
}

export function startTheme(): void {
  const kept = localStorage.getItem(KEY);
  if (kept === "light" || kept === "dark") theme.value = kept;
  system.addEventListener("change", apply);
  apply();
}

export function setTheme(next: Theme): void {
  theme.value = next;
  if (next === "system") localStorage.removeItem(KEY);
  else localStorage.setItem(KEY, next);
  apply();
}
