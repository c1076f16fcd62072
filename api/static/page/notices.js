// What became of what a person asked for, said once and read out.

import { byId, el } from "./dom.js";

const SHOWN_FOR = 9000;
const AT_MOST = 5;

/** `kind` is "good", "refused" or "broken". */
export function notice(kind, title, detail = "") {
  const box = byId("notices");
  const shown = el("div", { class: `notice ${kind}` }, el("strong", {}, title), el("span", {}, detail));
  const close = el("button", { class: "bare", "aria-label": "Dismiss", onclick: () => shown.remove() }, "✕");
  shown.append(close);
  box.append(shown);
  while (box.children.length > AT_MOST) box.firstChild.remove();
  setTimeout(() => shown.remove(), SHOWN_FOR);
}

/** Do what was asked for and say what came of it; a refusal is shown with its reason. */
export async function told(what, work, sentence = () => "") {
  try {
    const answer = await work();
    notice("good", what, sentence(answer));
    return answer;
  } catch (problem) {
    const isRefusal = problem.code && problem.code !== "UNREACHABLE";
    const fields = (problem.errors ?? []).map((error) => `${error.field}: ${error.message}`).join("; ");
    const reason = fields || problem.message;
    notice(isRefusal ? "refused" : "broken", isRefusal ? `${what} — ${problem.code}` : what, reason);
    return null;
  }
}
