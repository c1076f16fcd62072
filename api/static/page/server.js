// The processes behind the API: what they are at, and how to start and stop them.

import { command, read } from "./ask.js";
import { ask } from "./dialog.js";
import { byId, el, setAttribute, setText, whileSeen } from "./dom.js";
import { told } from "./notices.js";
import { plain } from "./words.js";

const EVERY = 2000;

export function watchServer() {
  byId("start-server").addEventListener("click", () => act("Start the server", "/server/start"));
  byId("stop-server").addEventListener("click", stop);
  whileSeen(EVERY, async () => show(await read("/server").catch(untold)));
}

const untold = (problem) => ({
  state: problem.code === "INSUFFICIENT_SCOPE" ? "for admins" : "unreachable",
  components: [],
});

async function stop() {
  if ((await ask("Stop Temporal and the workers? Orders wait until they are started again.", [], "Stop")) !== null) {
    await act("Stop the server", "/server/stop");
  }
}

async function act(what, path) {
  const answer = await told(what, () => command("POST", path), (server) => `${plain(server.state)}`);
  if (answer) show(answer);
}

const whereabouts = ({ address, pid }) =>
  address?.replace(/^127\.0\.0\.1:/, ":") ?? (pid ? `pid ${pid}` : "");

function show(server) {
  const state = byId("server-state");
  setText(state, plain(server.state));
  setAttribute(state, "data-state", server.state);
  byId("components").replaceChildren(
    ...server.components.map((part) =>
      el("li", { "data-state": part.state },
        el("span", { class: "name" }, part.name),
        el("span", {}, plain(part.state)),
        el("span", { class: "soft", title: part.address ?? "" }, whereabouts(part)),
      ),
    ),
  );
}
