// How bad it is out there, and how many calls are raced against it.

import { command, read } from "./ask.js";
import { byId, setText, whileSeen } from "./dom.js";
import { told } from "./notices.js";
import { percent } from "./words.js";

const EVERY = 3000;

const WEATHERS = {
  settings: {},
  fair: { fail: 0, hang: 0 },
  thirds: { fail: 0.3333, hang: 0.3333 },
  storm: { fail: 0.5, hang: 0.4 },
};

let inForce = null;

export function watchWeather() {
  const form = byId("weather");
  form.addEventListener("change", () => change(form));
  form.addEventListener("submit", (event) => event.preventDefault());
  whileSeen(EVERY, async () => {
    const weather = await read("/weather").catch(() => null);
    if (weather !== null && !form.contains(document.activeElement)) show(form, weather);
    if (weather !== null) describe(weather);
  });
}

async function change(form) {
  const hedges = form.elements.hedges.value;
  // Weather that none of the choices describes stays as it is.
  const sky = WEATHERS[form.elements.sky.value] ?? { fail: inForce.fail, hang: inForce.hang };
  const wanted = { ...sky, ...(hedges && { hedges: Number(hedges) }) };
  const weather = await told("Weather", () => command("PUT", "/weather", wanted), sentence);
  if (weather) describe(weather);
}

const sentence = (weather) =>
  `${percent(weather.fail)} of calls fail, ${percent(weather.hang)} hang; ${ofHedges(weather.hedges)}`;

function ofHedges(hedges) {
  if (hedges === null) return "hedges as in hedge_state.py";
  return hedges === 1 ? "one call at a time, no hedging" : `up to ${hedges} calls at once`;
}

function describe(weather) {
  inForce = weather;
  setText(byId("weather-now"), sentence(weather));
}

function show(form, weather) {
  const sky = Object.keys(WEATHERS).find((name) => isSky(WEATHERS[name], weather)) ?? "";
  choose(form.elements.sky, weather.is_set ? sky : "settings");
  choose(form.elements.hedges, weather.is_set && weather.hedges !== null ? String(weather.hedges) : "");
}

/** None is chosen where none says what is in force. */
function choose(radios, value) {
  for (const radio of radios) radio.checked = radio.value === value;
}

const isSky = (sky, weather) => sky.fail === weather.fail && sky.hang === weather.hang;
