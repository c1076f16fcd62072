// Two plots: how long orders took, and how soon orders are done in each weather.

import uPlot from "/static/uplot/uPlot.esm.js";
import { BUDGET_MS } from "./budget.js";
import { byId } from "./dom.js";

const BUCKET_SECONDS = 0.5;
const BUDGET_SECONDS = BUDGET_MS / 1000;
const HEIGHT = 190;
const COLOURS = ["--plot-1", "--plot-2", "--plot-3", "--plot-4", "--plot-5", "--plot-6"];

const styleOf = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

export const colourOf = (index) => styleOf(COLOURS[index % COLOURS.length]);

export class Charts {
  #figures = null;
  #plots = [];

  constructor() {
    new ResizeObserver(() => this.#fit()).observe(byId("plots"));
    document.addEventListener("themechange", () => this.#draw());
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.#draw());
  }

  show(figures) {
    this.#figures = figures;
    this.#draw();
  }

  #draw() {
    if (this.#figures === null) return;
    for (const plot of this.#plots) plot.destroy();
    this.#plots = [
      drawn(byId("histogram"), histogram(this.#figures.times.seconds), bars()),
      drawn(byId("progress"), progress(this.#figures.by_weather), lines(this.#figures.by_weather.length)),
    ];
    this.#fit();
  }

  #fit() {
    for (const plot of this.#plots) plot.setSize({ width: plot.root.parentElement.clientWidth, height: HEIGHT });
  }
}

function drawn(box, points, series) {
  const line = { stroke: styleOf("--ink-soft"), grid: { stroke: styleOf("--line"), width: 1 }, ticks: { show: false } };
  const options = {
    width: box.clientWidth || 300,
    height: HEIGHT,
    legend: { show: false },
    cursor: { drag: { x: false, y: false }, points: { size: 6 } },
    scales: { x: { time: false, range: [0, Math.max(BUDGET_SECONDS + 1, points[0].at(-1) ?? 0)] }, y: { range: upTo } },
    axes: [
      { ...line, values: (_, marks) => marks.map((mark) => `${mark} s`) },
      { ...line, size: 46, values: series.unit },
    ],
    series: [{}, ...series.each],
    hooks: { draw: [drawBudget] },
  };
  return new uPlot(options, points, box);
}

const upTo = (_, __, highest) => [0, Math.max(1, highest * 1.05)];

function drawBudget(plot) {
  const at = plot.valToPos(BUDGET_SECONDS, "x", true);
  const { top, height } = plot.bbox;
  plot.ctx.save();
  plot.ctx.strokeStyle = styleOf("--bad");
  plot.ctx.setLineDash([5, 5]);
  plot.ctx.beginPath();
  plot.ctx.moveTo(at, top);
  plot.ctx.lineTo(at, top + height);
  plot.ctx.stroke();
  plot.ctx.restore();
}

/** Orders by time, in buckets; the last takes in whatever took longer. */
function histogram(times) {
  const longest = Math.min(4 * BUDGET_SECONDS, Math.max(BUDGET_SECONDS, times.at(-1) ?? 0));
  const counts = new Array(Math.ceil(longest / BUCKET_SECONDS) + 1).fill(0);
  for (const time of times) counts[Math.min(counts.length - 1, Math.floor(time / BUCKET_SECONDS))] += 1;
  return [counts.map((_, index) => (index + 0.5) * BUCKET_SECONDS), counts.map((count) => count || null)];
}

const bars = () => ({
  unit: (_, marks) => marks.map((mark) => (Number.isInteger(mark) ? `${mark}` : "")),
  each: [{ fill: colourOf(0), stroke: colourOf(0), paths: uPlot.paths.bars({ size: [0.9] }), points: { show: false } }],
});

/** The share of a weather's orders that was done by each moment. */
function progress(runs) {
  const longest = Math.max(BUDGET_SECONDS, ...runs.map((run) => run.seconds.at(-1)));
  const steps = Math.ceil(Math.min(4 * BUDGET_SECONDS, longest) / 0.1) + 1;
  const moments = Array.from({ length: steps }, (_, index) => index * 0.1);
  return [moments, ...runs.map((run) => sharesDone(run.seconds, moments))];
}

function sharesDone(ascending, moments) {
  let done = 0;
  return moments.map((moment) => {
    while (done < ascending.length && ascending[done] <= moment) done += 1;
    return (100 * done) / ascending.length;
  });
}

const lines = (number) => ({
  unit: (_, marks) => marks.map((mark) => (mark <= 100 ? `${mark} %` : "")),
  each: Array.from({ length: number }, (_, index) => ({ stroke: colourOf(index), width: 2, points: { show: false } })),
});
