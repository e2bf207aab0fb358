/** The element with this id. */
export const byId = (id) => document.getElementById(id);

/**
 * A new element. Properties are set, those that begin with `data-` or `aria-` as attributes; children are elements or
 * text, and text stays text: nothing that was received is ever read as HTML.
 */
export function element(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (/^(data|aria)-/.test(name)) made.setAttribute(name, value);
    else made[name] = value;
  }
  made.append(...children);
  return made;
}

/** A button that calls back. */
export function button(text, onclick, properties = {}) {
  return element('button', { type: 'button', className: 'quiet', onclick, ...properties }, text);
}
