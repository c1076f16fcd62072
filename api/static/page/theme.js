// Dark or light: the system's choice until a person makes another.

import { byId } from "./dom.js";

const KEPT_AS = "theme";

export function keepTheme() {
  const root = document.documentElement;
  const kept = localStorage.getItem(KEPT_AS);
  if (kept) root.dataset.theme = kept;
  byId("theme").addEventListener("click", () => {
    const isDark = getComputedStyle(root).colorScheme === "dark";
    root.dataset.theme = isDark ? "light" : "dark";
    localStorage.setItem(KEPT_AS, root.dataset.theme);
    document.dispatchEvent(new Event("themechange"));
  });
}
