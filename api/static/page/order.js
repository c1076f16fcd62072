// One order's page: its history, its money, and what can be done now.

import { awaitsReview, isOpen, noteReview, spent } from "./orders.js";
import { read } from "./ask.js";
import { makeAttempts, readAttempts, showAttempts } from "./attempts.js";
import { makeBudget, showBudget } from "./budget.js";
import { BY_OPERATION } from "./commands.js";
import { byId, el, setAttribute, setText, whileSeen } from "./dom.js";
import { follow } from "./stream.js";
import { keepTheme } from "./theme.js";
import { makeTrack, showTrack } from "./track.js";
import { clock, deed, effort, money, nameOf, numberOf, plain } from "./words.js";

const id = Number(location.pathname.split("/").at(-1));
const TICK = 200;
const LOOK_EVERY = 800;
const SETTLES_AFTER = 120;

keepTheme();
const track = byId("track").appendChild(makeTrack());
const budget = byId("budget").appendChild(makeBudget());
const attempts = byId("attempts").appendChild(makeAttempts());
let order = null;
let due = null;

follow({
  onStart: show,
  onEvent: (event) => event.order_id === id && soon(),
  onState: (state) => {
    setAttribute(byId("connection"), "data-state", state);
    setText(byId("connection"), state === "live" ? "live" : "reconnecting");
  },
});
whileSeen(TICK, () => order && showBudget(budget, spent(order, Date.now()), order.sla_breached));
whileSeen(LOOK_EVERY, look);

/** Several events at once are one reading. */
function soon() {
  due ??= setTimeout(() => {
    due = null;
    show();
  }, SETTLES_AFTER);
}

async function look() {
  if (!order || !isOpen(order)) return;
  const pending = await readAttempts([id]).catch(() => new Map());
  showAttempts(attempts, awaitsReview(order) ? undefined : pending.get(id), null, awaitsReview(order) ? "in review" : "");
  soon();
}

async function show() {
  try {
    const [whole, timeline, actions] = await Promise.all(
      ["", "/timeline", "/actions"].map((part) => read(`/orders/${id}${part}`)),
    );
    order = {
      ...whole,
      number: numberOf(whole.stage),
      placedAt: Date.parse(whole.created_at),
      endedAt: whole.ended_at && Date.parse(whole.ended_at),
    };
    whole.events.forEach((event) => noteReview(order, event));
    showHead(whole);
    showActions(actions);
    showPayments(whole.payments);
    showTimeline(timeline);
    byId("missing").hidden = true;
    byId("order").hidden = false;
  } catch (problem) {
    if (order) return;
    setText(byId("missing"), problem.message);
    byId("missing").hidden = false;
  }
}

function showHead(whole) {
  setText(byId("status"), awaitsReview(order) ? "in review" : plain(whole.status));
  setAttribute(byId("status"), "data-status", whole.status);
  showTrack(track, order);
  showBudget(budget, spent(order, Date.now()), whole.sla_breached);
  if (!isOpen(order)) showAttempts(attempts, undefined, null, "");
  const { address } = whole;
  const lines = ["recipient", "line1", "line2", "postal_code", "city", "region", "country"];
  setText(byId("address"), lines.map((line) => address[line]).filter(Boolean).join(", "));
  setText(byId("items"), whole.items.map((item) => `${item.quantity} × ${item.sku} at ${money(item.unit_price_cents)}`).join("; ") || "none");
  setText(byId("amount"), money(whole.amount_cents));
  setText(byId("late"), whole.sla_breached ? "no, it took longer" : isOpen(order) ? "so far" : "yes");
  const { temporalUi } = document.documentElement.dataset;
  byId("workflow").replaceChildren(
    temporalUi ? el("a", { href: `${temporalUi}/${whole.workflow_id}` }, whole.workflow_id) : whole.workflow_id,
  );
}

function showActions({ actions }) {
  const focused = document.activeElement?.dataset.command;
  byId("actions").replaceChildren(...actions.map(actionRow));
  if (focused) document.querySelector(`[data-command="${focused}"]`)?.focus();
}

function actionRow(action) {
  const commands = BY_OPERATION[action.operation] ?? [];
  const buttons = commands.map((one) =>
    el("button", { class: action.allowed ? "primary" : "", "data-command": one.name, onclick: () => one.run(id).then(soon) }, one.name),
  );
  return el("li", { "data-allowed": String(action.allowed) }, el("div", { class: "buttons" }, ...buttons), el("p", {}, ...prospects(action)));
}

function prospects(action) {
  const would = action.effect ? plain(action.effect) : "allowed now";
  const refund = action.refund_cents ? `, ${money(action.refund_cents)} goes back` : "";
  const now = action.allowed ? `${would}${refund}` : `${action.code}: ${action.detail}`;
  const turns = [action.opens && `opens when ${turn(action.opens)}`, action.closes && `closes when ${turn(action.closes)}`];
  const until = action.closes_at && `until ${clock(action.closes_at)}`;
  const later = [...turns, until].filter(Boolean).join("; ");
  return [el("strong", {}, now), later ? el("small", {}, ` ${later}`) : ""];
}

const turn = ({ stage, when }) => `${nameOf(stage).toLowerCase()} ${when === "begins" ? "begins" : "is reached"}`;

function showPayments(payments) {
  const rows = payments.map((payment) =>
    el("tr", {}, el("th", { scope: "row" }, payment.kind), el("td", {}, money(payment.amount_cents)),
      el("td", {}, clock(payment.at)), el("td", { class: "soft" }, payment.provider_reference)),
  );
  byId("payments").replaceChildren(...(rows.length ? rows : [el("tr", {}, el("td", { colspan: 4 }, "No money has moved."))]));
}

function showTimeline({ entries, note }) {
  byId("note").hidden = note === null;
  setText(byId("note"), note ?? "");
  const begin = Date.parse(entries[0].at);
  byId("timeline").replaceChildren(...entries.map((entry) => entryRow(entry, begin)));
}

function entryRow(entry, begin) {
  const after = entry.at ? `+${((Date.parse(entry.at) - begin) / 1000).toFixed(3)} s` : "";
  const who = entry.actor && entry.actor !== "system" ? `by ${entry.actor}` : "";
  const details = [effort(entry.effort), who, entry.reason, entry.last_failure].filter(Boolean).join(" · ");
  return el("li", { "data-what": entry.what, "data-status": entry.status },
    el("time", { datetime: entry.at }, after), el("strong", {}, title(entry)), el("span", { class: "soft" }, details));
}

function title(entry) {
  switch (entry.what) {
    case "order_placed": return `Placed for ${money(entry.amount_cents)}`;
    case "stage_reached": return nameOf(entry.stage);
    case "command_accepted": return `${plain(entry.command)}: ${plain(entry.decision)}`;
    case "command_refused": return `${plain(entry.command)} refused: ${entry.decision}`;
    case "charged": return `${money(entry.amount_cents)} charged`;
    case "refunded": return `${money(entry.amount_cents)} paid back`;
    case "compensated": return `Undone: ${nameOf(entry.stage).toLowerCase()}`;
    case "pending": return `${deed(entry.activity)} …`;
    default: return `Ended: ${plain(entry.status)}`;
  }
}
