// An order's eight stages as a row of eight lights.

import { el, setAttribute } from "./dom.js";
import { OPEN, STAGES, nameOf, plain } from "./words.js";

export function makeTrack() {
  const lights = STAGES.map((stage) => el("span", { class: "light", title: stage.name }));
  return el("div", { class: "track", role: "img" }, ...lights);
}

/** Reached stages are filled; the one at work is lit. */
export function showTrack(track, { status, number }) {
  const isOpen = OPEN.has(status);
  const lit = status === "in_progress" ? number : number - 1;
  [...track.children].forEach((light, index) => {
    const reached = index < number ? "reached" : "ahead";
    setAttribute(light, "data-state", isOpen && index === lit ? "lit" : reached);
  });
  setAttribute(track, "data-status", status);
  const reached = number ? `${number} of 8, ${nameOf(STAGES[number - 1].id)}` : "no stage yet";
  setAttribute(track, "aria-label", `${reached}; ${plain(status)}`);
}
