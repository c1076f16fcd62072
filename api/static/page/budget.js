// How much of its seconds an order has used.

import { el, setAttribute, setText } from "./dom.js";
import { seconds } from "./words.js";

const { budgetSeconds } = document.documentElement.dataset;

export const BUDGET_MS = 1000 * Number(budgetSeconds);

export function makeBudget() {
  const fill = el("span", { class: "fill" });
  return el("div", { class: "budget" }, el("span", { class: "age" }), el("span", { class: "bar" }, fill));
}

export function showBudget(budget, milliseconds, isLate) {
  const share = Math.min(1, Math.max(0, milliseconds / BUDGET_MS));
  const [age, bar] = budget.children;
  setText(age, seconds(Math.max(0, milliseconds)));
  bar.firstChild.style.transform = `scaleX(${share.toFixed(3)})`;
  setAttribute(budget, "data-state", isLate || share === 1 ? "over" : share > 0.66 ? "near" : "within");
}
