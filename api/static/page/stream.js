// The orders' events as they happen. After a break the stream goes on after the last event that was seen.

import { fetchWithKey } from "./key.js";

// What happened just before is told as well.
const BEFORE = 300;

// A stream shows a sign of life every 10 s; one that is silent for longer is broken.
const PATIENCE = 25_000;

/**
 * Follow the events for as long as the page is open. An EventSource would do the same, but sends no key.
 *
 * `onStart({ tag })` is called when a stream begins that does not go on where the last one ended: what is
 * known must be read anew. `onEvent(event)` then gets every event, `onState("live" | "away")` the connection.
 */
export async function follow({ onStart, onEvent, onState }) {
  let lastSeen = null;
  let tag = null;
  let comeBackAfter = 2000;

  const hear = (message) => {
    if (message.retry) comeBackAfter = Number(message.retry);
    if (message.id) lastSeen = message.id;
    if (message.event !== "hello") return message.data && onEvent(JSON.parse(message.data));
    const hello = JSON.parse(message.data);
    const goesOn = hello.resumes && hello.tag === tag;
    tag = hello.tag;
    onState("live");
    return goesOn || onStart(hello);
  };

  for (;;) {
    const since = lastSeen === null ? `last=${BEFORE}` : `after=${lastSeen}`;
    await readAlong(`/events/stream?${since}`, hear).catch(() => {});
    onState("away");
    await new Promise((resolve) => setTimeout(resolve, comeBackAfter));
  }
}

/** Hear every message of one stream; returns when it ends, raises when it breaks. */
async function readAlong(path, hear) {
  const silence = new AbortController();
  let timer = setTimeout(() => silence.abort(), PATIENCE);
  try {
    const answer = await fetchWithKey(path, { headers: { Accept: "text/event-stream" }, signal: silence.signal });
    if (!answer.ok) return;
    let rest = "";
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
      clearTimeout(timer);
      timer = setTimeout(() => silence.abort(), PATIENCE);
      const blocks = (rest + piece.value).split("\n\n");
      rest = blocks.pop();
      for (const block of blocks) aloud(() => hear(fieldsOf(block)));
    }
  } finally {
    clearTimeout(timer);
  }
}

/** A mistake of ours in hearing is no break of the stream. */
function aloud(work) {
  try {
    work();
  } catch (mistake) {
    reportError(mistake);
  }
}

/** The fields of one message; ours have each at most once. A comment is a field without a name. */
function fieldsOf(block) {
  return Object.fromEntries(
    block.split("\n").map((line) => {
      const at = line.indexOf(":");
      return [line.slice(0, at), line.slice(at + 1).trimStart()];
    }),
  );
}
