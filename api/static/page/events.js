// What happens, the newest first.

import { byId, el, oncePerFrame } from "./dom.js";
import { clock, effort, eventLine } from "./words.js";

const KEPT = 80;

export class EventLog {
  #waiting = [];
  #draw = oncePerFrame(() => this.#write());

  add(event) {
    this.#waiting.push(event);
    if (this.#waiting.length > KEPT) this.#waiting.shift();
    if (!byId("pause").checked) this.#draw();
  }

  constructor() {
    byId("pause").addEventListener("change", () => this.#draw());
  }

  #write() {
    const list = byId("events");
    if (byId("pause").checked) return;
    list.prepend(...this.#waiting.reverse().map(line));
    this.#waiting = [];
    while (list.children.length > KEPT) list.lastChild.remove();
  }
}

function line(event) {
  const cost = event.launched ? `×${event.launched}, ${event.milliseconds} ms` : "";
  return el(
    "li",
    { "data-type": event.type, "data-status": event.status, title: effort(event) || null },
    el("time", { datetime: event.at }, clock(event.at)),
    el("a", { href: `/pages/orders/${event.order_id}` }, `#${event.order_id}`),
    el("span", {}, eventLine(event), " ", el("small", {}, cost)),
  );
}
