import { effect, signal } from "@preact/signals";

/** Light, dark, or as the system has it. The choice is kept in this browser. */

export type Theme = "system" | "light" | "dark";

const storageKey = "concurred-theme";

const readStored = (): Theme => {
  try {
    const stored = localStorage.getItem(storageKey);
    return stored === "light" || stored === "dark" ? stored : "system";
  } catch {
    // Storage may be forbidden: the system's theme serves.
    return "system";
  }
};

export const theme = signal<Theme>(readStored());

effect(() => {
  const chosen = theme.value;
  if (chosen === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = chosen;
  try {
    if (chosen === "system") localStorage.removeItem(storageKey);
    else localStorage.setItem(storageKey, chosen);
  } catch {
    // Not kept, then; it still holds until the page is left.
  }
});
