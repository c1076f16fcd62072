// The orders the page knows: read from the API, then kept up to date by the stream of events.

import { read } from "./ask.js";
import { OPEN, numberOf } from "./words.js";

const AT_FIRST = 1000;
const LARGEST_READ = 500;
const NEWEST = 100;

// Orders that come in together are looked up together.
const LOOK_UP_AFTER = 150;

const WAITS_FOR_A_PERSON = document.documentElement.dataset.reviewMode === "manual";

export class Orders {
  #byId = new Map();
  #ascending = [];
  #changed;
  #lookUp = null;
  #nextCursor = null;
  #early = new Map();

  /** `changed()` is called whenever anything is different. */
  constructor(changed) {
    this.#changed = changed;
  }

  get size() {
    return this.#byId.size;
  }

  get hasOlder() {
    return this.#nextCursor !== null;
  }

  find(id) {
    return this.#byId.get(id);
  }

  /** The newest first. */
  matching(isWanted) {
    const found = [];
    for (let at = this.#ascending.length - 1; at >= 0; at -= 1) {
      const order = this.#byId.get(this.#ascending[at]);
      if (isWanted(order)) found.push(order);
    }
    return found;
  }

  /** Forget everything and read the newest orders. */
  async begin() {
    this.#byId.clear();
    this.#early.clear();
    this.#ascending = [];
    this.#nextCursor = null;
    this.#changed();
    await this.readOlder();
    while (this.hasOlder && this.size < AT_FIRST) await this.readOlder();
  }

  async readOlder() {
    const cursor = this.#nextCursor === null ? "" : `&cursor=${this.#nextCursor}`;
    this.#nextCursor = await this.#readPage(`limit=${LARGEST_READ}${cursor}`);
  }

  /** Read the newest orders again: some changes, and orders that have not begun, come without an event. */
  async refresh() {
    await this.#readPage(`limit=${NEWEST}`);
  }

  apply(event) {
    const order = this.#byId.get(event.order_id);
    if (order) {
      this.#advance(order, event);
      this.#changed();
    } else {
      this.#early.set(event.order_id, [...(this.#early.get(event.order_id) ?? []), event]);
      this.#lookUp ??= setTimeout(() => {
        this.#lookUp = null;
        this.refresh().catch(() => {});
      }, LOOK_UP_AFTER);
    }
  }

  async #readPage(query) {
    const askedAt = performance.now();
    const page = await read(`/orders?${query}`);
    for (const row of page.orders) this.#take(row, askedAt);
    this.#changed();
    return page.next_cursor;
  }

  #take(row, askedAt) {
    const known = this.#byId.get(row.id);
    // What an event told since the question was asked is newer than the answer.
    if (known && known.toldAt > askedAt) return;
    const fresh = {
      ...row,
      number: numberOf(row.stage),
      placedAt: Date.parse(row.created_at),
      endedAt: row.ended_at === null ? null : Date.parse(row.ended_at),
    };
    if (known) {
      Object.assign(known, fresh);
    } else {
      this.#byId.set(row.id, { ...fresh, toldAt: 0, last: null, movedAt: fresh.placedAt });
      this.#insert(row.id);
      this.#catchUp(row.id);
    }
  }

  /** What was told of an order before it was read. */
  #catchUp(id) {
    for (const event of this.#early.get(id) ?? []) this.#advance(this.#byId.get(id), event);
    this.#early.delete(id);
  }

  #insert(id) {
    let at = this.#ascending.length;
    while (at > 0 && this.#ascending[at - 1] > id) at -= 1;
    this.#ascending.splice(at, 0, id);
  }

  #advance(order, event) {
    order.toldAt = performance.now();
    noteReview(order, event);
    if (event.launched) order.last = event;
    if (event.type === "stage_reached" && numberOf(event.stage) > order.number) {
      order.stage = event.stage;
      order.number = numberOf(event.stage);
      order.movedAt = Date.now();
    } else if (event.type === "ended") {
      order.status = event.status;
      order.endedAt = Date.parse(event.at);
    } else if (event.type === "command_accepted") {
      order.status = STATUS_AFTER[event.command] ?? order.status;
    }
  }
}

const STATUS_AFTER = { cancel: "cancelling", return: "returning" };

export const isOpen = (order) => OPEN.has(order.status);

export const awaitsReview = (order) => order.status === "in_progress" && order.stage === "order_validated";

/** When the wait for a reviewer began and ended, as far as events tell. */
export function noteReview(order, event) {
  if (event.type !== "stage_reached") return;
  if (event.stage === "order_validated") order.waitsSince = Date.parse(event.at);
  if (event.stage === "order_reviewed") order.waitedUntil = Date.parse(event.at);
}

/** Of its budget, in milliseconds: the time spent waiting for a person does not count. */
export function spent(order, now) {
  const until = isOpen(order) ? now : (order.endedAt ?? now);
  const waited = WAITS_FOR_A_PERSON && order.waitsSince ? (order.waitedUntil ?? until) - order.waitsSince : 0;
  return until - order.placedAt - waited;
}
