import { byId, element } from './dom.js';

const MAX_EVENTS = 200;

/** The list of what arrived, newest first. */
export class Feed {
  constructor() {
    this.list = byId('feed');
    byId('clear').onclick = () => this.clear();
  }

  add({ channel, timestamp, data, id }) {
    this.#prepend(channel, timestamp, about(channel, data), JSON.stringify({ id, data }, null, 2));
  }

  /** Says that events are missing here. */
  gap(channel, reason) {
    const text = `Events were missed (${reason ?? 'reloaded'}); the lists were loaded again.`;
    this.#prepend(channel, new Date().toISOString(), text, null).classList.add('gap');
  }

  clear() {
    this.list.replaceChildren();
    byId('feed-empty').hidden = false;
  }

  #prepend(channel, timestamp, text, details) {
    const head = [
      element('time', { dateTime: timestamp }, new Date(timestamp).toLocaleTimeString()),
      element('span', { className: 'channel' }, channel),
      element('span', { className: 'about' }, text),
    ];
    const item = element('li', { className: 'event', 'data-channel': channel });
    const summary = element('summary', {}, ...head);
    item.append(element('details', {}, summary, ...(details === null ? [] : [element('pre', {}, details)])));
    this.list.prepend(item);
    while (this.list.children.length > MAX_EVENTS) this.list.lastElementChild.remove();
    byId('feed-empty').hidden = true;
    return item;
  }
}

/** What an event is about, in one line. */
function about(channel, data) {
  if (typeof data !== 'object' || data === null) return String(data);
  switch (channel) {
    case 'database:row_updated':
      return `${data.table}: row ${data.action}, ${JSON.stringify(data.row?.values)}`;
    case 'system:metrics':
      return `${Math.round((data.cpu ?? 0) * 100)} % of a processor, ${Math.round((data.memoryBytes ?? 0) / 2 ** 20)} MiB, ${data.connections} connections`;
    default: {
      const parts = [data.message, data.name, data.appName, data.email, data.table, data.status, data.reason];
      const text = parts.filter((part) => typeof part === 'string' && part !== '').join(', ');
      return text === '' ? JSON.stringify(data) : text;
    }
  }
}
