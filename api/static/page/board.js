// The orders as rows, a page of them at a time; only what changed is written.

import { awaitsReview, isOpen, spent } from "./orders.js";
import { makeAttempts, readAttempts, showAttempts } from "./attempts.js";
import { makeBudget, showBudget } from "./budget.js";
import { COMMANDS } from "./commands.js";
import { byId, el, oncePerFrame, setAttribute, setText, whileSeen } from "./dom.js";
import { makeTrack, showTrack } from "./track.js";
import { STAGES, plain } from "./words.js";

const ROWS = 20;
const TICK = 250;

// A stage that has been at work for less is usually done before anybody could look.
const LOOK_AFTER = 500;
const LOOK_EVERY = 700;

const FILTERS = {
  all: () => true,
  open: isOpen,
  late: (order) => order.sla_breached,
  completed: (order) => order.status === "completed",
  undone: (order) => !isOpen(order) && order.status !== "completed",
};

export class Board {
  #orders;
  #rows = new Map();
  #page = 0;
  #filter = "all";
  #pages = 1;

  constructor(orders) {
    this.#orders = orders;
    this.changed = oncePerFrame(() => this.#draw());
    byId("stage-names").replaceChildren(...STAGES.map((stage) => el("span", {}, stage.short ?? stage.name)));
    this.#listen();
    whileSeen(TICK, () => this.#tick());
    whileSeen(LOOK_EVERY, () => this.#look());
  }

  #listen() {
    byId("filter").addEventListener("change", (event) => this.#show(event.target.value, 0));
    byId("newer").addEventListener("click", () => this.#show(this.#filter, this.#page - 1));
    byId("older").addEventListener("click", () => this.#turn());
    byId("rows").addEventListener("keydown", (event) => this.#step(event));
  }

  #show(filter, page) {
    [this.#filter, this.#page] = [filter, Math.max(0, page)];
    this.changed();
  }

  async #turn() {
    if (this.#page + 1 >= this.#pages && this.#orders.hasOlder) await this.#orders.readOlder();
    this.#show(this.#filter, this.#page + 1);
  }

  /** Up and down lead from order to order. */
  #step(event) {
    const way = { ArrowDown: "nextElementSibling", ArrowUp: "previousElementSibling" }[event.key];
    const row = event.target.closest("tr");
    if (!way || !row?.[way]) return;
    event.preventDefault();
    row[way].querySelector("a").focus();
  }

  #draw() {
    const found = this.#orders.matching(FILTERS[this.#filter]);
    this.#pages = Math.max(1, Math.ceil(found.length / ROWS));
    this.#page = Math.min(this.#page, this.#pages - 1);
    const shown = found.slice(this.#page * ROWS, (this.#page + 1) * ROWS);
    this.#place(shown);
    setText(byId("page"), `${found.length === 1 ? "1 order" : `${found.length} orders`} · page ${this.#page + 1} of ${this.#pages}`);
    byId("newer").disabled = this.#page === 0;
    byId("older").disabled = this.#page + 1 >= this.#pages && !this.#orders.hasOlder;
    byId("empty").hidden = found.length > 0;
  }

  /** Rows that stay are not touched, so that what is focused stays focused. */
  #place(shown) {
    const body = byId("rows");
    const wanted = new Set(shown.map((order) => order.id));
    for (const [id, row] of this.#rows) {
      if (wanted.has(id)) continue;
      row.element.remove();
      this.#rows.delete(id);
    }
    const now = Date.now();
    let before = body.firstElementChild;
    for (const order of shown) {
      const row = this.#rows.get(order.id) ?? this.#add(order);
      if (row.element === before) before = before.nextElementSibling;
      else body.insertBefore(row.element, before);
      row.show(now);
    }
  }

  #add(order) {
    const row = new Row(order);
    this.#rows.set(order.id, row);
    return row;
  }

  #tick() {
    const now = Date.now();
    for (const row of this.#rows.values()) if (isOpen(row.order)) row.show(now);
  }

  async #look() {
    const now = Date.now();
    const rows = [...this.#rows.values()].filter((row) => row.mayBeTrying(now));
    if (rows.length === 0) return;
    const found = await readAttempts(rows.map((row) => row.order.id)).catch(() => new Map());
    for (const row of rows) row.pending = found.get(row.order.id);
  }
}

class Row {
  pending;
  #pendingSince = -1;

  constructor(order) {
    this.order = order;
    this.status = el("span", { class: "status" });
    this.track = makeTrack();
    this.budget = makeBudget();
    this.attempts = makeAttempts();
    this.buttons = COMMANDS.map((one) =>
      el("button", { onclick: () => one.run(order.id), "aria-label": `${one.name} order ${order.id}` }, one.name),
    );
    const link = el("a", { href: `/pages/orders/${order.id}` }, `#${order.id}`);
    const cells = [link, this.status, this.track, this.budget, this.attempts];
    this.element = el(
      "tr",
      { role: "row", "data-order": order.id },
      ...cells.map((content) => el("td", { role: "cell" }, content)),
      el("td", { role: "cell", class: "actions" }, ...this.buttons),
    );
  }

  mayBeTrying(now) {
    return isOpen(this.order) && now - this.order.movedAt > LOOK_AFTER && !awaitsReview(this.order);
  }

  show(now) {
    const { order } = this;
    if (this.#pendingSince !== order.number) [this.pending, this.#pendingSince] = [undefined, order.number];
    setText(this.status, awaitsReview(order) ? "in review" : plain(order.status));
    setAttribute(this.status, "data-status", order.status);
    showTrack(this.track, order);
    showBudget(this.budget, spent(order, now), order.sla_breached);
    showAttempts(this.attempts, isOpen(order) ? this.pending : undefined, order.last, "");
    COMMANDS.forEach((one, index) => {
      const isHidden = !one.isOffered(order);
      if (this.buttons[index].hidden !== isHidden) this.buttons[index].hidden = isHidden;
    });
  }
}
