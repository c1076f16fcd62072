// The orders' events as they happen. After a break the stream goes on after the last event that was seen.

const TRY_AGAIN_AFTER = 2000;

// What happened just before is told as well.
const BEFORE = 300;

/**
 * Follow the events for as long as the page is open.
 *
 * `onStart({ tag })` is called when a stream begins that does not go on where the last one ended: what is
 * known must be read anew. `onEvent(event)` then gets every event, `onState("live" | "away")` the connection.
 */
export function follow({ onStart, onEvent, onState }) {
  let lastSeen = null;
  let tag = null;

  function open() {
    const source = new EventSource(`/events/stream?${lastSeen === null ? `last=${BEFORE}` : `after=${lastSeen}`}`);
    source.addEventListener("hello", (message) => {
      const hello = JSON.parse(message.data);
      const goesOn = hello.resumes && hello.tag === tag;
      [tag, lastSeen] = [hello.tag, message.lastEventId];
      onState("live");
      if (!goesOn) onStart(hello);
    });
    source.addEventListener("message", (message) => {
      lastSeen = message.lastEventId;
      onEvent(JSON.parse(message.data));
    });
    source.addEventListener("error", () => {
      onState("away");
      // The browser comes back by itself unless it was answered with an error.
      if (source.readyState === EventSource.CLOSED) setTimeout(open, TRY_AGAIN_AFTER);
    });
  }

  open();
}
