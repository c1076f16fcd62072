// How the orders fare in numbers: outcomes, times, what stages cost, what hedging brings.

import { read } from "./ask.js";
import { Charts, colourOf } from "./charts.js";
import { byId, el, setAttribute, setText, whileSeen } from "./dom.js";
import { nameOf, percent, plain } from "./words.js";

const EVERY = 2000;
const STATUSES = [
  "in_progress", "completed", "cancelling", "cancelled", "failing", "failed",
  "returning", "returned", "rejected", "expired",
];
const ALWAYS_SHOWN = new Set(["in_progress", "completed", "cancelled", "failed", "returned"]);

export function showFigures() {
  const charts = new Charts();
  let shown = "";
  whileSeen(EVERY, async () => {
    const figures = await read("/figures").catch(() => null);
    const fresh = JSON.stringify(figures);
    if (figures === null || fresh === shown) return;
    shown = fresh;
    showOutcomes(figures.by_status);
    showTimes(figures.times);
    showRuns(figures.by_weather);
    showStages(figures.stages);
    charts.show(figures);
  });
}

function showOutcomes(byStatus) {
  const wanted = STATUSES.filter((status) => byStatus[status] || ALWAYS_SHOWN.has(status));
  byId("outcomes").replaceChildren(
    ...wanted.map((status) =>
      el("div", { class: "counter", "data-status": status },
        el("dd", {}, (byStatus[status] ?? 0).toLocaleString("en")), el("dt", {}, plain(status))),
    ),
  );
}

function showTimes(times) {
  for (const name of ["p50", "p95", "p99"]) setText(byId(name), inSeconds(times[name]));
  const share = times.orders ? times.within_budget / times.orders : null;
  setText(byId("within"), share === null ? "–" : percent(share));
  setAttribute(byId("within"), "data-state", share === null || share === 1 ? "within" : share > 0.95 ? "near" : "over");
}

const inSeconds = (number) => (number === null ? "–" : `${number.toFixed(number < 100 ? 2 : 0)} s`);

/** The table says what the plot draws, and is its legend. */
function showRuns(runs) {
  byId("runs").replaceChildren(
    ...runs.map((run, index) => {
      const key = el("i", { class: "key" });
      key.style.backgroundColor = colourOf(index);
      const texts = [
        run.orders, inSeconds(run.p50), inSeconds(run.p95), inSeconds(run.p99), percent(run.within_budget / run.orders),
      ];
      return el("tr", {}, el("th", { scope: "row" }, key, nameOfRun(run)), ...texts.map((text) => el("td", {}, `${text}`)));
    }),
  );
  byId("no-runs").hidden = runs.length > 0;
}

export function nameOfRun(run) {
  const hedges = run.hedges === null ? "hedged" : run.hedges === 1 ? "plain" : `${run.hedges} hedges`;
  const slow = run.latency_seconds ? `, ${run.latency_seconds} s each` : "";
  return `${hedges}, ${percent(run.fail)} fail, ${percent(run.hang)} hang${slow}`;
}

function showStages(stages) {
  const most = Math.max(1, ...stages.map((stage) => stage.launched / stage.orders));
  byId("stages").replaceChildren(...stages.map((stage) => stageRow(stage, most)));
}

function stageRow(stage, most) {
  const calls = stage.launched / stage.orders;
  const fill = el("span", { class: "fill" });
  fill.style.transform = `scaleX(${calls / most})`;
  const texts = [
    percent(stage.failed / stage.launched), percent(stage.hung / stage.launched),
    `${Math.round(stage.milliseconds / stage.orders)} ms`, `${stage.slowest_milliseconds} ms`,
  ];
  return el("tr", {},
    el("th", { scope: "row" }, nameOf(stage.stage)),
    el("td", { class: "calls" }, el("span", {}, calls.toFixed(2)), el("span", { class: "bar" }, fill)),
    ...texts.map((text) => el("td", {}, text)),
  );
}
