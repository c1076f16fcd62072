// The live page: wires its parts together.

import { Board } from "./board.js";
import { command } from "./ask.js";
import { startOrder } from "./commands.js";
import { byId, setAttribute, setText, whileSeen } from "./dom.js";
import { EventLog } from "./events.js";
import { showFigures } from "./figures.js";
import { followWithKey } from "./key.js";
import { notice, told } from "./notices.js";
import { Orders } from "./orders.js";
import { watchServer } from "./server.js";
import { follow } from "./stream.js";
import { keepTheme } from "./theme.js";
import { watchWeather } from "./weather.js";
import { plain } from "./words.js";

const AT_ONCE = 6;
const REFRESH_EVERY = 5000;

keepTheme();
followWithKey(byId("database"));
const orders = new Orders(() => board.changed());
const board = new Board(orders);
const log = new EventLog();

follow({
  onStart: () => orders.begin().catch((problem) => notice("broken", "The orders cannot be read", problem.message)),
  onEvent: (event) => {
    orders.apply(event);
    log.add(event);
  },
  onState: (state) => {
    setAttribute(byId("connection"), "data-state", state);
    setText(byId("connection"), state === "live" ? "live" : "reconnecting");
  },
});
whileSeen(REFRESH_EVERY, () => orders.refresh().catch(() => {}));
showFigures();
watchServer();
watchWeather();

for (const button of document.querySelectorAll("[data-orders]")) {
  button.addEventListener("click", () => startMany(button, Number(button.dataset.orders)));
}
for (const button of document.querySelectorAll("[data-trial]")) {
  button.addEventListener("click", () => tryOut(button));
}

/** A few at a time: the API would turn away a hundred at once. */
async function startMany(button, wanted) {
  button.disabled = true;
  let begun = 0;
  const starter = async () => {
    while (begun < wanted) {
      begun += 1;
      setText(byId("starting"), wanted > 1 ? `${begun} of ${wanted}` : "");
      await startOrder();
    }
  };
  const what = wanted === 1 ? "Start an order" : `Start ${wanted} orders`;
  await told(what, () => Promise.all(Array.from({ length: Math.min(AT_ONCE, wanted) }, starter)), () => "placed");
  setText(byId("starting"), "");
  button.disabled = false;
  orders.refresh().catch(() => {});
}

async function tryOut(button) {
  button.disabled = true;
  await told(button.textContent, () => command("POST", `/trials/${button.dataset.trial}`), (trial) => {
    const decision = trial.decision === "accepted" ? "accepted" : `refused ${trial.code}`;
    const end = trial.end ? `; the order ended ${plain(trial.end.status)}` : "";
    return `order ${trial.order_id}, after ${trial.moment_seconds} s: ${decision}${end}`;
  });
  button.disabled = false;
}
