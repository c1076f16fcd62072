// Elements, made and changed with as little work for the browser as the change needs.

/** Return a new element; `on…` attributes are listeners, `null` and `false` leave an attribute out. */
export function el(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (value !== null && value !== false) made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.filter((child) => child !== null));
  return made;
}

export const byId = (id) => document.getElementById(id);

/** Writing what stands there already would still cost a layout. */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

export function setAttribute(element, name, value) {
  if (element.getAttribute(name) !== value) element.setAttribute(name, value);
}

/** Return a function that runs `work` once before the next frame, however often it is called. */
export function oncePerFrame(work) {
  let isDue = false;
  return () => {
    if (isDue) return;
    isDue = true;
    requestAnimationFrame(() => {
      isDue = false;
      work();
    });
  };
}

/** Run `work` now and at this pace, but only while somebody can see the page. */
export function whileSeen(milliseconds, work) {
  const tick = () => document.hidden || work();
  setInterval(tick, milliseconds);
  document.addEventListener("visibilitychange", tick);
  tick();
}
