// The calls of the stage at work, each a mark: running, failed, hung, outrun, won.

import { read } from "./ask.js";
import { el, setAttribute } from "./dom.js";
import { deed, effort } from "./words.js";

const MARKS = { won: "★", failed: "✕", hung: "◔", cancelled: "–", running: "●" };

// More of a kind are a number.
const MARKS_SHOWN = 3;

export const makeAttempts = () => el("div", { class: "attempts" });

/** `pending` is what is being tried now, `last` the event of the stage that was reached last. */
export function showAttempts(box, pending, last, idle) {
  const found = pending ? ofPending(pending) : last ? ofEvent(last) : { marks: [], text: idle };
  const shown = JSON.stringify(found);
  if (box.dataset.shown === shown) return;
  box.dataset.shown = shown;
  const marks = found.marks.filter(([, number]) => number).map(([kind, number]) => {
    const mark = number > MARKS_SHOWN ? `${MARKS[kind]}${number} ` : MARKS[kind].repeat(number);
    return el("i", { class: kind }, mark);
  });
  box.replaceChildren(
    el("span", { class: "marks", "aria-hidden": "true" }, ...marks),
    el("span", { class: "text" }, found.text),
  );
  setAttribute(box, "title", found.full ?? found.text);
}

function ofPending(pending) {
  const { failed = 0, hung = 0, launched = 0 } = pending.figures ?? {};
  const running = pending.running.length;
  const oldest = Math.max(0, ...pending.running.map((attempt) => attempt.age_ms));
  const tries = pending.attempt > 1 ? `, try ${pending.attempt}` : "";
  const parts = [failed && `${failed} failed`, hung && `${hung} hung`, running && `${running} running`];
  return {
    marks: [["failed", failed], ["hung", hung], ["running", running || 1]],
    text: `${running ? `${(oldest / 1000).toFixed(1)} s ` : ""}${deed(pending.activity)}${tries}`,
    full: `${launched} calls: ${parts.filter(Boolean).join(", ")}. ${pending.last_failure ?? ""}`,
  };
}

function ofEvent(event) {
  const { failed, hung, cancelled, won_by: wonBy, milliseconds } = event;
  return {
    marks: [["failed", failed], ["hung", hung], ["cancelled", cancelled], ["won", wonBy ? 1 : 0]],
    text: `${milliseconds} ms`,
    full: effort(event),
  };
}

/** Return what each of these orders is trying, by its id. */
export async function readAttempts(ids) {
  const query = ids.map((id) => `order_id=${id}`).join("&");
  const found = await read(`/attempts?${query}`);
  return new Map(found.map((one) => [one.order_id, one.pending?.find((deed) => deed.running.length) ?? one.pending?.[0]]));
}
