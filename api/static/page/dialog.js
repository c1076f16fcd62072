// How a person is asked for what is missing.

import { byId, el } from "./dom.js";

/** Ask for the fields in a dialog; returns what was given by name, null if it was dismissed. */
export function ask(title, fields, button = "Send") {
  const dialog = byId("ask");
  const inputs = fields.map((field) =>
    el("input", {
      name: field.name, type: field.type ?? "text", value: field.value, required: Boolean(field.required),
      maxlength: 100, autocomplete: "off",
    }),
  );
  const labels = fields.map((field, index) => el("label", {}, field.label, inputs[index]));
  return new Promise((resolve) => {
    let given = null;
    const send = (event) => {
      event.preventDefault();
      given = Object.fromEntries(inputs.map((input) => [input.name, input.value]));
      dialog.close();
    };
    const leave = el("button", { type: "button", onclick: () => dialog.close() }, "Leave it");
    const buttons = el("div", { class: "buttons" }, leave, el("button", { class: "primary" }, button));
    dialog.replaceChildren(el("form", { onsubmit: send }, el("h2", { id: "ask-title" }, title), ...labels, buttons));
    dialog.addEventListener("close", () => resolve(given), { once: true });
    dialog.showModal();
  });
}
