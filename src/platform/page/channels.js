import { byId, element } from './dom.js';

/** Figures that come every few seconds: nobody wants them unasked. */
const NOT_AT_FIRST = new Set(['system:health', 'system:metrics']);

/** The channels that one may use, group by group, each with a switch; a group has one for all of it. */
export class Channels {
  #boxes = new Map(); // channel → its checkbox
  #groups = []; // { all, channels }

  /** @param client is told `subscribe(names)` and `unsubscribe(names)` */
  constructor(client) {
    this.client = client;
  }

  /** Shows the channels. @returns those to subscribe to at first: all but the noisy ones */
  show(names) {
    if (names.length === this.#boxes.size && names.every((name) => this.#boxes.has(name))) return [];
    this.#boxes.clear();
    this.#groups = [];
    const groups = groupBy(names, groupOf);
    byId('channels').replaceChildren(...[...groups].map(([group, channels]) => this.#group(group, channels)));
    return names.filter((name) => !NOT_AT_FIRST.has(name));
  }

  /** Sets every switch to how things stand. */
  mark(subscribed) {
    const names = new Set(subscribed);
    for (const [channel, box] of this.#boxes) box.checked = names.has(channel);
    for (const { all, channels } of this.#groups) {
      const count = channels.filter((channel) => names.has(channel)).length;
      all.checked = count === channels.length;
      all.indeterminate = count > 0 && count < channels.length;
    }
  }

  #group(group, channels) {
    const boxes = channels.map((channel) => {
      const box = this.#box(() => [channel]);
      this.#boxes.set(channel, box);
      return element('label', { className: 'check' }, box, channel);
    });
    if (channels.length === 1) return element('fieldset', {}, element('legend', {}, group), ...boxes);
    const all = this.#box(() => channels);
    this.#groups.push({ all, channels });
    const label = element('label', { className: 'check all' }, all, `all of ${group}`);
    return element('fieldset', {}, element('legend', {}, group), label, ...boxes);
  }

  #box(channels) {
    const box = element('input', { type: 'checkbox' });
    box.onchange = () => (box.checked ? this.client.subscribe(channels()) : this.client.unsubscribe(channels()));
    return box;
  }
}

function groupOf(channel) {
  return channel.split(':', 1)[0];
}

function groupBy(values, keyOf) {
  const groups = new Map();
  for (const value of values) groups.set(keyOf(value), [...(groups.get(keyOf(value)) ?? []), value]);
  return groups;
}
