// The key, where the API asks for one: kept for this tab alone, and sent in a header, never in an address.

import { ask } from "./dialog.js";

const KEPT_AS = "key";
const HEADER = "X-API-Key";

let asking = null;
let isDeclined = false;

export const hasKey = () => sessionStorage.getItem(KEPT_AS) !== null;

/** As fetch, with the key; where it is missing or unknown, a person is asked for it, once for all who wait. */
export async function fetchWithKey(path, request = {}) {
  for (;;) {
    const sent = sessionStorage.getItem(KEPT_AS);
    const headers = { ...request.headers, ...(sent !== null && { [HEADER]: sent }) };
    const answer = await fetch(path, { ...request, headers });
    if (answer.status !== 401 || isDeclined) return answer;
    // While this was under way, another may have been given.
    if (sent === sessionStorage.getItem(KEPT_AS) && !(await askForKey())) return answer;
  }
}

function askForKey() {
  asking ??= askOnce().finally(() => {
    asking = null;
  });
  return asking;
}

async function askOnce() {
  const title = hasKey() ? "That key is not known here" : "This needs a key";
  sessionStorage.removeItem(KEPT_AS);
  const given = await ask(title, [{ name: "key", label: "Key", type: "password", value: "", required: true }], "Use it");
  isDeclined = given === null;
  if (!isDeclined) sessionStorage.setItem(KEPT_AS, given.key.trim());
  return !isDeclined;
}

/** A link that the browser would follow without the key opens what the key fetches. */
export function followWithKey(link) {
  link.addEventListener("click", async (event) => {
    if (!hasKey()) return;
    event.preventDefault();
    const answer = await fetchWithKey(link.getAttribute("href"));
    location.assign(URL.createObjectURL(await answer.blob()));
  });
}
