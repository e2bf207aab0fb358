import { eventBody, formatPosition, type Position } from '../../protocol/index.js';
import { MemoryBroker } from '../backends/memory/memory.broker.js';
import { RealtimeUnavailableError } from '../broker/errors.js';
import type { Channel } from '../channels/channel-catalogue.js';
import { NO_GROUPS } from '../channels/fields/field-groups.js';
import { SharedReads } from './shared-reads.js';
import { HistoryPages, type EventPage } from './history-pages.js';

const HISTORY = { size: 100, ttlMs: 60_000 };
const CHANNEL = { fields: null, readable: true, history: HISTORY as Channel['history'] } as Channel;

describe('HistoryPages', () => {
  let broker: MemoryBroker;
  let positions: Position[];

  beforeEach(async () => {
    broker = new MemoryBroker();
    positions = [];
    for (let data = 1; data <= 5; data += 1) positions.push(await publish(String(data)));
  });
  afterEach(() => broker.close());

  async function publish(data: string, topic = 'c'): Promise<Position> {
    const body = eventBody(topic, data, '2026-01-01T12:00:00.000Z');
    return (await broker.publish({ topic, body, history: HISTORY, timeoutMs: 1_000 })) as Position;
  }
  const read = (range: object = {}, given: object = {}, channel: Channel = CHANNEL): Promise<EventPage> => {
    return pagesOf(given).read('c', 'c', channel, { limit: 10, ...range });
  };
  const readAfter = (after: string, limit = 10, given: object = {}, channel: Channel = CHANNEL): Promise<EventPage> =>
    pagesOf(given).readAfter('c', 'c', channel, { after, limit });
  const pagesOf = (given: object): HistoryPages => {
    const limits = { maxEvents: 100, maxBytes: 1_000_000, ...given };
    const shared = new SharedReads(broker, limits);
    return new HistoryPages(broker, limits, (topic, { fields }, after) => shared.stored({ topic, fields }, after));
  };
  const dataOf = (page: EventPage): unknown[] => page.events(NO_GROUPS).map(({ data }) => data);
  const idOf = (index: number): string => formatPosition(positions[index] as Position);

  it('reads the last events, oldest first, and says whether there are more', async () => {
    const all = await read();
    expect([dataOf(all), all.more, all.reason]).toEqual([[1, 2, 3, 4, 5], false, undefined]);
    const last = await read({ limit: 2 });
    expect([dataOf(last), last.more]).toEqual([[4, 5], true]);
  });

  it('reads the events before an id', async () => {
    const page = await read({ limit: 2, before: idOf(3) });
    expect([dataOf(page), page.more]).toEqual([[2, 3], true]);
  });

  it.each([
    ['an id that no server issued', () => 'nonsense'],
    ['an id of another epoch', () => 'f-3'],
  ])('is empty for %s', async (_what, before) => {
    const page = await read({ before: before() });
    expect([dataOf(page), page.more, page.reason, page.bytes]).toEqual([[], false, 'unknown_epoch', 0]);
  });

  it('is empty for a channel whose history clients cannot read', async () => {
    const page = await read({}, {}, { ...CHANNEL, readable: false });
    expect([dataOf(page), page.more, page.reason]).toEqual([[], false, 'no_history']);
  });

  it('has at most the number of events of a replay, and at least one', async () => {
    expect(dataOf(await read({}, { maxEvents: 3 }))).toEqual([3, 4, 5]);
    expect(dataOf(await read({}, { maxBytes: 1 }))).toEqual([5]);
  });

  it('has at most 256 KB', async () => {
    await publish(JSON.stringify('x'.repeat(200_000)));
    await publish(JSON.stringify('y'.repeat(60_000)));
    const page = await read({ limit: 2 });
    expect([page.events(NO_GROUPS).length, page.more]).toEqual([2, true]);
    await publish(JSON.stringify('z'.repeat(3_000)));
    expect((await read({ limit: 3 })).events(NO_GROUPS)).toHaveLength(2);
  });

  it('is written as the fields of an answer, with its size', async () => {
    const page = await read({ limit: 1 });
    const parsed = JSON.parse(`{${page.json(NO_GROUPS)}}`) as object;
    expect(parsed).toEqual({
      channel: 'c',
      events: [{ type: 'event', channel: 'c', id: idOf(4), data: 5, timestamp: '2026-01-01T12:00:00.000Z' }],
      more: true,
    });
    const [event] = page.events(NO_GROUPS);
    expect(page.bytes).toBeGreaterThanOrEqual(JSON.stringify(event).length);
    expect(page.bytes).toBeLessThan(JSON.stringify(event).length + 20);
    expect(JSON.parse(`{${(await read({ before: 'f-3' })).json(NO_GROUPS)}}`)).toEqual({
      ...{ channel: 'c', events: [], more: false, reason: 'unknown_epoch' },
    });
  });

  it('is unavailable if the broker does not answer', async () => {
    broker.page = () => Promise.reject(new RealtimeUnavailableError('of the test'));
    await expect(read()).rejects.toMatchObject({ code: 'unavailable', channel: 'c' });
    broker.page = () => Promise.reject(new Error('a fault'));
    await expect(read()).rejects.toThrow('a fault');
  });

  describe('after an id', () => {
    it('has the first events after it, and the position of the last of them', async () => {
      const page = await readAfter(idOf(0), 2);
      expect([dataOf(page), page.more, page.reason, page.next]).toEqual([[2, 3], true, undefined, positions[2]]);
      const rest = await readAfter(idOf(2));
      expect([dataOf(rest), rest.more, rest.next]).toEqual([[4, 5], false, positions[4]]);
      const none = await readAfter(idOf(4));
      expect([dataOf(none), none.more, none.next]).toEqual([[], false, positions[4]]);
    });

    it('has at most the bytes of a page, and at least one event', async () => {
      const bytes = (await readAfter(idOf(0), 2)).bytes;
      expect(dataOf(await readAfter(idOf(0), 10, { maxBytes: bytes * 4 }))).toEqual([2, 3, 4, 5]);
      const large = await publish(JSON.stringify('x'.repeat(200_000)));
      await publish(JSON.stringify('y'.repeat(200_000)));
      const page = await readAfter(idOf(4));
      expect([page.events(NO_GROUPS).length, page.more, page.next]).toEqual([1, true, large]);
    });

    it.each([
      ['that no server issued', 'nonsense'],
      ['of another epoch', 'f-3'],
    ])('%s is empty, with the reason and the position to continue from', async (_what, after) => {
      const page = await readAfter(after);
      expect([dataOf(page), page.reason, page.next]).toEqual([[], 'unknown_epoch', positions[4]]);
    });

    it('is empty if an event was missed', async () => {
      const page = await readAfter(idOf(0), 10, { maxEvents: 3 });
      expect([dataOf(page), page.more, page.next]).toEqual([[], false, positions[4]]);
      expect(page.reason).toBeDefined();
    });

    it('is empty on a channel without history', async () => {
      const page = await readAfter(idOf(0), 10, {}, { ...CHANNEL, history: null });
      expect([dataOf(page), page.reason, page.next]).toEqual([[], 'no_history', null]);
    });
  });
});
