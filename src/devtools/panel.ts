import type { AnyClient } from './any-client.js';
import { element, type Element, type Page } from './dom.js';
import { MAX_CHANNELS, MAX_EVENTS, type Arrival, type Happening, type Recorder } from './recorder.js';
import { STYLES } from './styles.js';

/** The panel in the page. */
export interface Panel {
  /** Updates the panel with the next frame of the page. */
  changed(): void;
  remove(): void;
}

/** Name of the element, so that several panels and styles of the page do not mix. */
const TAG = 'nestjs-realtime-devtools';
const EVENT_COLUMNS = ['Arrived', 'Channel', 'Bytes', 'Delay', 'Kind', 'Data'];
const CHANNEL_COLUMNS = ['Channel', 'State', 'Last resume', 'Events', 'Position', 'Bytes'];
const NUMBERS = ['Bytes', 'Delay', 'Events'];

const timeOf = (at: number): string => new Date(at).toISOString().slice(11, 23);
const signed = (ms: number): string => `${ms < 0 ? '−' : '+'}${Math.abs(ms)} ms`;

/** Builds the panel. @param container element that it is added to */
export function createPanel(
  page: Page,
  client: AnyClient,
  recorder: Recorder,
  { isOpen, slowMs, container }: { isOpen: boolean; slowMs: number; container: Pick<Element, 'append'> },
): Panel {
  const create = (tag: string, attributes?: Readonly<Record<string, string>>, ...children: (Element | string)[]) =>
    element(page, tag, attributes, ...children);
  const button = (text: string, act: () => void): Element => {
    const created = create('button', { type: 'button' }, text);
    created.addEventListener('click', act);
    return created;
  };
  /** A heading with a list or table that scrolls, also with the keyboard. */
  const box = (name: string, id: string, content: Element): Element =>
    create(
      'div',
      { class: `box ${id}` },
      create('h3', { id }, name),
      create('div', { class: 'scroll', tabindex: '0', role: 'region', 'aria-labelledby': id }, content),
    );
  const table = (columns: readonly string[], rows: Element): Element => {
    const heads = columns.map((name) =>
      create('th', { scope: 'col', ...(NUMBERS.includes(name) ? { class: 'number' } : {}) }, name),
    );
    return create('table', {}, create('thead', {}, create('tr', {}, ...heads)), rows);
  };
  const row = (columns: readonly string[], texts: readonly string[]): Element => {
    const cells = texts.map((text, index) => {
      const name = columns[index] ?? '';
      const kind = NUMBERS.includes(name) ? 'number' : name.toLowerCase();
      return create('td', { class: kind }, text);
    });
    return create('tr', {}, ...cells);
  };

  const label = create('span');
  const toggle = create(
    'button',
    { type: 'button', class: 'toggle', 'aria-controls': 'panel' },
    create('span', { class: 'dot', 'aria-hidden': 'true' }),
    label,
  );
  const cut = button('Cut connection', () => recorder.cut());
  const slow = button(`Slow network (${slowMs} ms)`, () => recorder.setSlow(!recorder.isSlow));
  const facts = create('dl', { class: 'facts' });
  const note = create('p', { class: 'note' });
  const happenings = create('ol');
  const channelRows = create('tbody');
  const eventRows = create('tbody');
  const panel = create(
    'section',
    { class: 'panel', id: 'panel', 'aria-labelledby': 'title' },
    create(
      'div',
      { class: 'bar' },
      create('h2', { id: 'title' }, 'Realtime devtools'),
      cut,
      slow,
      button('Clear', () => recorder.clear()),
    ),
    create('div', { class: 'facts' }, facts, note),
    box('History', 'history', happenings),
    box('Channels', 'channels', table(CHANNEL_COLUMNS, channelRows)),
    box(`Events (last ${MAX_EVENTS})`, 'events', table(EVENT_COLUMNS, eventRows)),
  );
  const root = create('div', {}, panel, toggle);
  const host = page.document.createElement(TAG);
  const shadow = host.attachShadow({ mode: 'open' });
  const sheet = new page.CSSStyleSheet();
  sheet.replaceSync(STYLES);
  shadow.adoptedStyleSheets = [sheet];
  shadow.append(root);
  container.append(host);

  const eventRow = (one: Arrival): Element =>
    row(EVENT_COLUMNS, [
      ...[timeOf(one.at), one.channel, String(one.bytes), `${Math.max(0, Math.round(one.delayMs))} ms`],
      ...[one.isReplayed ? 'replayed' : 'live', one.data],
    ]);
  const happening = ({ at, text }: Happening): Element => create('li', {}, create('time', {}, timeOf(at)), text);
  const showEvents = createNewestFirst(eventRows, eventRow);
  const showHistory = createNewestFirst(happenings, happening);

  const showChannels = (): void => {
    const rows = [...recorder.channels].map(([name, seen]) => {
      const { state, lastEventId = '' } = client.channel(name);
      const resume = seen.recovery === 'recovered' ? `recovered, ${seen.replayed} replayed` : seen.recovery;
      return row(CHANNEL_COLUMNS, [name, state, resume, String(seen.events), lastEventId, String(seen.bytes)]);
    });
    const more = recorder.unlisted === 0 ? [] : [row(['Channel'], [`only the first ${MAX_CHANNELS} are listed`])];
    channelRows.replaceChildren(...rows, ...more);
  };

  const showFacts = (): void => {
    const { clock } = recorder;
    const { identity, change } = client;
    const all = [
      ['State', change.state],
      ['User', identity === null ? 'none' : (identity.user?.userId ?? 'anonymous')],
      ['Connection', identity?.connectionId ?? 'none'],
      [
        'Server clock',
        clock === undefined ? 'unknown' : `${signed(clock.offsetMs)} (± ${Math.ceil(clock.errorMs)} ms)`,
      ],
    ] as const;
    facts.replaceChildren(
      ...all.map(([name, text]) => create('div', {}, create('dt', {}, name), create('dd', {}, text))),
    );
    note.textContent =
      client.state === 'connected' && !recorder.hasSocket
        ? 'The panel does not see the frames: pass it the option WebSocket of the client.'
        : 'Delay: from emit to arrival, by the clock of the server. It is as exact as the clocks of the servers.';
  };

  let isShown = isOpen;
  let isDue = false;
  const render = (): void => {
    isDue = false;
    label.textContent = `Realtime: ${client.state}${recorder.isSlow ? ', slow' : ''}`;
    root.setAttribute('data-state', client.state);
    toggle.setAttribute('aria-expanded', String(isShown));
    panel.toggleAttribute('hidden', !isShown);
    if (!isShown) return;
    cut.toggleAttribute('disabled', !recorder.hasSocket);
    slow.setAttribute('aria-pressed', String(recorder.isSlow));
    showFacts();
    showHistory(recorder.history);
    showChannels();
    showEvents(recorder.events);
  };
  toggle.addEventListener('click', () => {
    isShown = !isShown;
    render();
  });
  render();
  return {
    changed() {
      if (isDue) return;
      isDue = true;
      page.requestAnimationFrame(render);
    },
    remove: () => host.remove(),
  };
}

/** Returns a function that shows a list with the newest entry first. It only creates elements for new entries. */
function createNewestFirst<T>(parent: Element, show: (entry: T) => Element): (entries: readonly T[]) => void {
  let newest: T | undefined;
  return (entries) => {
    const known = newest === undefined ? -1 : entries.indexOf(newest);
    if (known === -1) parent.replaceChildren(...entries.map(show));
    else parent.prepend(...entries.slice(0, known).map(show));
    while (parent.childElementCount > entries.length) parent.lastElementChild?.remove();
    newest = entries[0];
  };
}
