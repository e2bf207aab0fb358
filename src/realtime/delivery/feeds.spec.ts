import { framesOf, offlineConnection, type OfflineConnection } from '../../../test/support/offline-connection.js';
import { eventBody } from '../../protocol/index.js';
import type { BrokerEvent } from '../broker/broker.js';
import { ConnectionRegistry } from '../connections/connection-registry.js';
import { CLOSED_FEED, PausedFeed, type Subscription } from '../connections/subscription.js';
import { Counters } from '../observability/counters.js';
import { topicOf } from '../tenants/topic.js';
import { ChannelStream } from './channel-stream.js';
import { FanOut } from './fan-out.js';
import { Feeds } from './feeds.js';
import { SharedReads } from './shared-reads.js';

const LIMITS = { maxEvents: 100, maxBytes: 100_000 };
const turn = (): Promise<void> => new Promise(setImmediate);

describe('Feeds', () => {
  let counters: Counters;
  let registry: ConnectionRegistry;
  let streams: Map<string, ChannelStream>;
  let feeds: Feeds;
  let connection: OfflineConnection;
  let resumed: string[];

  beforeEach(() => {
    [counters, streams, resumed] = [new Counters(), new Map(), []];
    registry = new ConnectionRegistry(counters);
    const nothing = (): void => undefined;
    const note = ({ channel }: Subscription): void => void resumed.push(channel);
    registry.listen({ began: nothing, ended: nothing, identified: nothing, resumed: note });
    const fanOut = new FanOut(registry, counters);
    const read = (): Promise<never> => Promise.reject(new Error('never read'));
    const reads = new SharedReads({ read, page: read }, LIMITS);
    feeds = new Feeds(registry, fanOut, reads, LIMITS, counters, (topic) => streams.get(topic));
    connection = offlineConnection(null, { counters });
    for (const [topic, offset] of [
      ['c', 0],
      ['bare', null],
    ] as const) {
      const output = { deliver: fanOut.deliver.bind(fanOut), reset: nothing };
      const stream = new ChannelStream(topic, { read }, LIMITS, output);
      stream.opened(offset === null ? null : { epoch: 'e', offset });
      streams.set(topic, stream);
    }
  });

  const event = (offset: number | null): BrokerEvent => ({
    position: offset === null ? null : { epoch: 'e', offset },
    body: eventBody('c', String(offset), '2026-01-01T12:00:00.000Z'),
  });
  const receive = (topic: string, ...offsets: (number | null)[]): void => {
    for (const offset of offsets) streams.get(topic)?.receive(event(offset));
  };
  const dataOf = (): unknown[] =>
    framesOf(connection).map(({ type, data, id }) => (type === 'event' ? data : (type ?? id)));

  it('sends what was published before a pause, nothing during it, and the missed events after it', async () => {
    const subscription = registry.subscribe(connection, 'c');
    receive('c', 1);
    feeds.pause(subscription);
    expect([dataOf(), subscription.isPaused]).toEqual([[1], true]);
    receive('c', 2, 3);
    await turn();
    expect(dataOf()).toEqual([1]);
    feeds.resume(subscription);
    expect(resumed).toEqual(['c']);
    await turn();
    receive('c', 4);
    await turn();
    expect([dataOf(), subscription.feed]).toEqual([[1, 2, 3, 4], null]);
  });

  it('drops what waits for a slow client when it is paused, and asks it to reload afterwards', async () => {
    const { transport } = connection;
    const subscription = registry.subscribe(connection, 'bare');
    [transport.reads, transport.bufferedBytes] = [false, 20_000];
    streams.get('bare')?.receive({ ...event(null), hints: 'conflate=k' });
    await turn();
    feeds.pause(subscription);
    connection.send({ type: 'pong' });
    transport.drain();
    expect(dataOf()).toEqual(['pong']);
    feeds.resume(subscription);
    expect(framesOf(connection).at(-1)).toMatchObject({ type: 'resync', channel: 'bare', reason: 'no_history' });
  });

  it('continues at once after a pause in which nothing happened', async () => {
    const subscription = registry.subscribe(connection, 'c');
    receive('c', 1);
    feeds.pause(subscription);
    feeds.resume(subscription);
    await turn();
    expect([subscription.feed, dataOf()]).toEqual([null, [1]]);
  });

  it('keeps the position of the first pause', () => {
    const subscription = registry.subscribe(connection, 'c');
    feeds.pause(subscription);
    const { feed } = subscription;
    receive('c', 1);
    feeds.pause(subscription);
    expect(subscription.feed).toBe(feed);
    expect(feed?.position).toEqual({ epoch: 'e', offset: 0 });
  });

  it('keeps the position of a catch-up that is paused', () => {
    const subscription = registry.subscribe(connection, 'c');
    receive('c', 1);
    feeds.catchUp(subscription, streams.get('c')!, { epoch: 'e', offset: 0 });
    feeds.pause(subscription);
    expect(subscription.feed?.position).toEqual({ epoch: 'e', offset: 0 });
  });

  it.each([
    ['lost events', [null], ['resync']],
    ['missed nothing', [], []],
  ])('asks a client to reload after a pause without history only if it %s', async (_what, offsets, frames) => {
    const subscription = registry.subscribe(connection, 'bare');
    feeds.pause(subscription);
    receive('bare', ...offsets);
    await turn();
    feeds.resume(subscription);
    expect([dataOf(), subscription.feed, resumed]).toEqual([frames, null, ['bare']]);
    if (frames.length > 0) expect(framesOf(connection)).toMatchObject([{ channel: 'bare', reason: 'no_history' }]);
  });

  it('neither pauses nor resumes a subscription that has ended, or whose channel is closed', () => {
    const [ended, unopened] = [registry.subscribe(connection, 'c'), registry.subscribe(connection, 'unopened')];
    ended.feed = CLOSED_FEED;
    feeds.pause(ended);
    feeds.resume(ended);
    feeds.pause(unopened);
    expect([ended.feed, unopened.feed]).toEqual([CLOSED_FEED, null]);
    const paused = new PausedFeed(null);
    unopened.feed = paused;
    feeds.resume(unopened);
    expect([unopened.feed, resumed]).toEqual([paused, []]);
  });

  it('does not resume a subscription that is live', () => {
    const subscription = registry.subscribe(connection, 'c');
    feeds.resume(subscription);
    expect([subscription.feed, resumed]).toEqual([null, []]);
  });

  it('asks live subscribers to reload after lost continuity, with events up to it sent before', () => {
    registry.subscribe(connection, 'c');
    receive('c', 1);
    feeds.resyncAll('c', 'expired', { epoch: 'e', offset: 1 });
    expect(dataOf()).toEqual([1, 'resync']);
    expect(framesOf(connection)[1]).toMatchObject({ channel: 'c', reason: 'expired', lastEventId: 'e-1' });
    expect(counters.resyncs.get('expired')).toBe(1);
  });

  it('leaves the notice to the feed of a subscription that is not live', () => {
    const subscription = registry.subscribe(connection, 'c');
    feeds.pause(subscription);
    feeds.resyncAll('c', 'expired', { epoch: 'e', offset: 0 });
    expect([dataOf(), (subscription.feed as PausedFeed).missed]).toEqual([[], true]);
  });

  it('counts the events of a replay for the tenant of the channel', async () => {
    const stream = new ChannelStream(topicOf('a', 'c'), { read: () => Promise.reject(new Error('never')) }, LIMITS, {
      deliver: () => undefined,
      reset: () => undefined,
    });
    stream.opened({ epoch: 'e', offset: 0 });
    stream.receive(event(1));
    const subscription = registry.subscribe(connection, 'c', stream.topic);
    const catchUp = feeds.catchUp(subscription, stream, { epoch: 'e', offset: 0 });
    expect((await catchUp.recover()).ok).toBe(true);
    catchUp.start();
    await turn();
    expect([dataOf(), counters.delivered, counters.byTenant.of('a').delivered]).toEqual([[1], 1, 1]);
  });
});
