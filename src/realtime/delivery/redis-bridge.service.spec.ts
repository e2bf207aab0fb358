import { Logger } from '@nestjs/common';
import { framesOf, offlineConnection, type OfflineConnection } from '../../../test/support/offline-connection.js';
import { eventBody, formatPosition, type Position } from '../../protocol/index.js';
import { MemoryBroker } from '../backends/memory/memory.broker.js';
import { RealtimeUnavailableError } from '../broker/errors.js';
import type { Channel } from '../channels/channel-catalogue.js';
import { ConnectionRegistry } from '../connections/connection-registry.js';
import { Counters } from '../observability/counters.js';
import { ResolvedRealtimeOptions } from '../options/realtime-options.js';
import { RealtimeClock } from '../timing/realtime-clock.js';
import { RequestBudget } from '../timing/request-budget.js';
import { FanOut } from './fan-out.js';
import { RedisBridge } from './redis-bridge.service.js';

const HISTORY = { size: 100, ttlMs: 300_000 };
const NOW = '2026-01-01T12:00:00.000Z';
const turn = (): Promise<void> => new Promise(setImmediate);
const channelWith = (given: Partial<Channel> = {}): Channel => ({
  ...{ pattern: 'c', access: 'public', data: null, fields: null, declared: null },
  ...{
    history: HISTORY,
    readable: true,
    presence: false,
    presenceState: false,
    occupancy: false,
    autoSubscribe: false,
    stream: null,
    global: false,
  },
  ...given,
});

/** The broker of one process, which can be unavailable, and lists what is opened and closed. */
class ListingBroker extends MemoryBroker {
  readonly calls: string[] = [];
  failures = 0;
  /** Called during the next subscription. */
  meanwhile: () => void = () => undefined;

  override async subscribe(...args: Parameters<MemoryBroker['subscribe']>): Promise<Position | null> {
    this.calls.push(`open ${args[0]}`);
    this.meanwhile();
    if (this.failures === 0) return super.subscribe(...args);
    this.failures -= 1;
    throw new RealtimeUnavailableError('no answer');
  }

  override async unsubscribe(topic: string): Promise<void> {
    this.calls.push(`close ${topic}`);
    await super.unsubscribe(topic);
  }

  override start(): void {
    this.calls.push('start');
  }
}

describe('RedisBridge', () => {
  let options: ResolvedRealtimeOptions;
  let broker: ListingBroker;
  let counters: Counters;
  let clock: RealtimeClock;
  let registry: ConnectionRegistry;
  let bridge: RedisBridge;
  let connection: OfflineConnection;
  let warnings: string[];
  let budget: RequestBudget;

  beforeEach(() => {
    warnings = [];
    const ignore = (): void => undefined;
    Logger.overrideLogger({ log: ignore, error: ignore, warn: (line: string) => void warnings.push(line) });
    options = new ResolvedRealtimeOptions();
    [broker, counters, clock] = [new ListingBroker(), new Counters(), new RealtimeClock()];
    registry = new ConnectionRegistry(counters);
    budget = new RequestBudget(options, clock);
    const fanOut = new FanOut(registry, counters);
    bridge = new RedisBridge(broker, registry, fanOut, counters, clock, options, budget);
    connection = connect();
  });
  afterEach(async () => {
    await bridge.onApplicationShutdown();
    Logger.overrideLogger(true);
  });

  function connect(): OfflineConnection {
    const one = offlineConnection(null, { counters });
    registry.add(one);
    return one;
  }

  const publish = (data: number, topic = 'c', history: typeof HISTORY | null = HISTORY): Promise<Position | null> =>
    broker.publish({ topic, body: eventBody('c', String(data), NOW), history, timeoutMs: 1_000 });
  const idOf = async (position: Promise<Position | null>): Promise<string> => formatPosition((await position)!);
  const dataOf = (one: OfflineConnection): unknown[] => framesOf(one).map(({ type, data }) => data ?? type);

  it('opens a channel for its first subscriber, and sends events from the start on', async () => {
    await publish(1);
    const attachment = await bridge.attach(connection, 'c', channelWith());
    expect(attachment).toEqual({ lastEventId: expect.stringMatching(/-1$/), start: expect.any(Function) });
    const other = connect();
    await bridge.attach(other, 'c', channelWith());
    expect(broker.calls).toEqual(['open c']);
    await publish(2);
    await turn();
    expect(dataOf(connection)).toEqual([]);
    attachment?.start();
    await publish(3);
    await turn();
    expect(dataOf(connection)).toEqual([2, 3]);
  });

  it('has no position on a channel without history', async () => {
    const attachment = await bridge.attach(connection, 'c', channelWith({ history: null }), { lastEventId: 'e-1' });
    expect(attachment).toEqual({ recovered: false, reason: 'no_history', start: expect.any(Function) });
    expect(bridge.positionOf(connection.subscriptions.get('c')!)).toBeUndefined();
  });

  it('replays the missed events of a resume after its reply', async () => {
    const id = await idOf(publish(1));
    await publish(2);
    const attachment = await bridge.attach(connection, 'c', channelWith(), { lastEventId: id });
    expect(attachment).toMatchObject({ recovered: true, lastEventId: id });
    attachment?.start();
    await turn();
    expect(dataOf(connection)).toEqual([2]);
    expect([counters.delivered, bridge.positionOf(connection.subscriptions.get('c')!)]).toEqual([
      1,
      id.replace('-1', '-2'),
    ]);
  });

  it.each([
    ['an id that no server issued', 'nonsense', 'unknown_epoch'],
    ['another epoch', '0123456789ab-1', 'unknown_epoch'],
  ])('names the position to reload from if it cannot replay: %s', async (_what, id, reason) => {
    const here = await idOf(publish(1));
    const attachment = await bridge.attach(connection, 'c', channelWith(), { lastEventId: id });
    expect(attachment).toMatchObject({ recovered: false, reason, lastEventId: here });
    attachment?.start();
    await publish(2);
    await turn();
    expect(dataOf(connection)).toEqual([2]);
  });

  it('begins with the last events for a client that asks for them, and names the position before them', async () => {
    const first = await idOf(publish(1));
    for (const data of [2, 3]) await publish(data);
    const attachment = await bridge.attach(connection, 'c', channelWith(), { last: 2 });
    expect(attachment).toEqual({ rewound: 2, lastEventId: first, start: expect.any(Function) });
    await publish(4);
    attachment?.start();
    await turn();
    expect([dataOf(connection), connection.subscriptions.get('c')?.feed]).toEqual([[2, 3, 4], null]);
    const resumed = await bridge.attach(connect(), 'c', channelWith(), { last: 1, lastEventId: first });
    expect(resumed).toEqual({ recovered: true, lastEventId: first, start: expect.any(Function) });
    const failed = await bridge.attach(connect(), 'c', channelWith(), { last: 1, lastEventId: 'nonsense' });
    expect(failed).toMatchObject({ recovered: false, rewound: 1, lastEventId: first.replace(/1$/, '3') });
  });

  it('begins with no events if the client cannot read them, or the channel has no history', async () => {
    const here = await idOf(publish(1));
    const unreadable = await bridge.attach(connection, 'c', channelWith({ readable: false }), { last: 5 });
    expect(unreadable).toEqual({ rewound: 0, lastEventId: here, start: expect.any(Function) });
    const bare = await bridge.attach(connection, 'bare', channelWith({ history: null }), { last: 5 });
    expect(bare).toEqual({ rewound: 0, start: expect.any(Function) });
  });

  it('begins with at most the events of a replay', async () => {
    for (let data = 1; data <= options.recoveryMaxEvents + 1; data += 1)
      await publish(data, 'c', { ...HISTORY, size: 2 * options.recoveryMaxEvents });
    const attachment = await bridge.attach(connection, 'c', channelWith(), { last: 1_000_000 });
    expect(attachment).toMatchObject({ rewound: options.recoveryMaxEvents });
  });

  it('sends the state of a channel instead of a rewind, and events only after it', async () => {
    const id = await idOf(publish(1));
    const asked: string[] = [];
    bridge.feeds.states = {
      sent: () => undefined,
      current: async (topic) => {
        asked.push(topic);
        return {
          position: { epoch: id.split('-')[0]!, offset: 1 },
          framesFor: () => [Buffer.from('{"type":"state"}')],
        };
      },
    };
    const attachment = await bridge.attach(connection, 'c', channelWith(), { state: true, last: 1 });
    expect(attachment).toEqual({ state: true, start: expect.any(Function) });
    await publish(2);
    expect([asked, connection.subscriptions.get('c')?.state]).toEqual([[], true]);
    attachment?.start();
    await turn();
    expect([asked, dataOf(connection)]).toEqual([['c'], ['state', 2]]);
    const resumed = await bridge.attach(connect(), 'c', channelWith(), { state: true, lastEventId: id });
    expect(resumed).toMatchObject({ recovered: true, lastEventId: id });
  });

  it('does not resume a state with restricted fields, which the client may hold with those of another role', async () => {
    const id = await idOf(publish(1));
    const channel = channelWith({ fields: { restricts: true } as never });
    const attachment = await bridge.attach(connection, 'c', channel, { state: true, lastEventId: id });
    expect(attachment).toEqual({ state: true, start: expect.any(Function) });
    const other = await bridge.attach(connect(), 'c', channel, { lastEventId: id });
    expect(other).toMatchObject({ recovered: true });
  });

  it('charges a replay with its size in the end, not with the estimate', async () => {
    const id = await idOf(publish(1));
    await publish(2);
    let charged = 0;
    const charge = budget.chargeUnconditionally.bind(budget);
    budget.chargeUnconditionally = (payer, cost) => {
      charged += cost;
      charge(payer, cost);
    };
    const attachment = await bridge.attach(connection, 'c', channelWith(), { lastEventId: id });
    attachment?.start();
    const size = String(connection.transport.sent[0]).length + 2;
    expect(charged).toBe(4_096 + 1_024 + size);
  });

  it('answers unavailable if the broker does not answer, and lets the next subscriber try again', async () => {
    broker.failures = 1;
    await expect(bridge.attach(connection, 'c', channelWith())).rejects.toMatchObject({
      code: 'unavailable',
      channel: 'c',
    });
    expect(registry.stats().subscriptions).toBe(0);
    expect(await bridge.attach(connection, 'c', channelWith())).not.toBeNull();
  });

  it('subscribes nothing for a connection that closed meanwhile', async () => {
    broker.meanwhile = () => registry.remove(connection);
    expect(await bridge.attach(connection, 'c', channelWith())).toBeNull();
    expect([connection.subscriptions.size, registry.subscribersOf('c').size]).toEqual([0, 0]);
  });

  it('ends the subscription if its replay cannot be read', async () => {
    const id = await idOf(publish(1));
    await bridge.attach(connect(), 'c', channelWith());
    await publish(2);
    broker.read = () => Promise.reject(new RealtimeUnavailableError('no answer'));
    const old = id.replace('-1', '-0');
    await expect(bridge.attach(connection, 'c', channelWith(), { lastEventId: old })).rejects.toMatchObject({
      code: 'unavailable',
    });
    expect([connection.subscriptions.size, registry.subscribersOf('c').size]).toEqual([0, 1]);
    broker.read = () => Promise.reject(new TypeError('bug'));
    await expect(bridge.attach(connection, 'c', channelWith(), { lastEventId: old })).rejects.toThrow('bug');
  });

  it('charges a new channel only if this instance has not opened it', async () => {
    await bridge.attach(connect(), 'c', channelWith());
    budget.chargeUnconditionally(connection, 60 * options.requestBytesPerSecond);
    expect(await bridge.attach(connection, 'c', channelWith())).not.toBeNull();
    await expect(bridge.attach(connection, 'd', channelWith())).rejects.toMatchObject({ code: 'rate_limited' });
  });

  it('reports the position of a live subscription, with all events up to it sent', async () => {
    const attachment = await bridge.attach(connection, 'c', channelWith());
    const subscription = connection.subscriptions.get('c')!;
    expect(bridge.positionOf(subscription)).toBeUndefined();
    attachment?.start();
    await turn();
    const id = await idOf(publish(1));
    expect(bridge.positionOf(subscription)).toBe(id);
    expect(dataOf(connection)).toEqual([1]);
  });

  it('sends nothing after the end of a subscription', async () => {
    (await bridge.attach(connection, 'c', channelWith()))?.start();
    await publish(1);
    bridge.detach(connection.subscriptions.get('c')!);
    await publish(2);
    await turn();
    expect(dataOf(connection)).toEqual([]);
    expect(registry.subscribersOf('c').size).toBe(0);
  });

  it('closes a channel two seconds after its last subscriber left, not earlier', async () => {
    const other = connect();
    await bridge.attach(connection, 'c', channelWith());
    await bridge.attach(other, 'c', channelWith());
    bridge.detach(connection.subscriptions.get('c')!);
    clock.advance(5_000);
    expect(broker.calls).toEqual(['open c']);
    bridge.detach(other.subscriptions.get('c')!);
    clock.advance(1_500);
    expect(broker.calls).toEqual(['open c']);
    clock.advance(500);
    expect(broker.calls).toEqual(['open c', 'close c']);
    clock.advance(5_000);
    expect(broker.calls).toHaveLength(2);
    await bridge.attach(connection, 'c', channelWith());
    expect(broker.calls).toEqual(['open c', 'close c', 'open c']);
  });

  it('keeps a channel that gets a subscriber again in time', async () => {
    await bridge.attach(connection, 'c', channelWith());
    bridge.detach(connection.subscriptions.get('c')!);
    clock.advance(1_500);
    await bridge.attach(connection, 'c', channelWith());
    clock.advance(5_000);
    expect(broker.calls).toEqual(['open c']);
  });

  it('keeps a channel while a subscription to it is being created', async () => {
    await bridge.attach(connection, 'c', channelWith());
    bridge.detach(connection.subscriptions.get('c')!);
    const id = await idOf(publish(1));
    clock.advance(1_500);
    const attaching = bridge.attach(connection, 'c', channelWith(), { lastEventId: id });
    clock.advance(5_000);
    expect((await attaching)?.recovered).toBe(true);
    expect(broker.calls).toEqual(['open c']);
  });

  it('survives a broker that fails to unsubscribe', async () => {
    await bridge.attach(connection, 'c', channelWith());
    bridge.detach(connection.subscriptions.get('c')!);
    broker.unsubscribe = () => Promise.reject(new Error('gone'));
    clock.advance(3_000);
    await turn();
    expect(warnings).toEqual(['Unsubscribing from c failed: Error: gone']);
  });

  it('skips and counts a message that is not an event of its channel', async () => {
    (await bridge.attach(connection, 'c', channelWith({ history: null })))?.start();
    await broker.publish({ topic: 'c', body: eventBody('other', '1', NOW), history: null, timeoutMs: 1 });
    await turn();
    expect([counters.foreignMessages, dataOf(connection)]).toEqual([1, []]);
    expect(warnings[0]).toContain('A message of a channel was skipped');
    await publish(2, 'not opened', null);
  });

  it('withholds the data of an event whose restricted fields this instance does not know, and says so', async () => {
    (await bridge.attach(connection, 'c', channelWith()))?.start();
    await turn();
    const body = eventBody('c', '{"secret":1}', NOW, true);
    await broker.publish({ topic: 'c', body, history: HISTORY, timeoutMs: 1 });
    await turn();
    expect(framesOf(connection)).toMatchObject([{ data: null }]);
    expect(counters.invalidEvents.get('withheld')).toBe(1);
    expect(warnings[0]).toContain('The data of events to c is withheld');
    await publish(1);
    expect(counters.invalidEvents.get('withheld')).toBe(1);
  });

  it('detects missing events by a position report, fills the gap, and counts it', async () => {
    (await bridge.attach(connection, 'c', channelWith()))?.start();
    await turn();
    await publish(1);
    const { listener } = broker as unknown as { listener: Parameters<MemoryBroker['listen']>[0] };
    broker.listen({ event: () => undefined, position: () => undefined });
    const position = await publish(2);
    listener.position('c', position!);
    await turn();
    await turn();
    expect(dataOf(connection)).toEqual([1, 2]);
    expect([counters.gapsFound, counters.gapsFilled]).toEqual([1, 1]);
    listener.position('not opened', position!);
  });

  it('notifies clients of a gap that it cannot fill, and counts it', async () => {
    (await bridge.attach(connection, 'c', channelWith()))?.start();
    await turn();
    const position = (await publish(1))!;
    const { listener } = broker as unknown as { listener: Parameters<MemoryBroker['listen']>[0] };
    const top = { ...position, offset: 5 };
    broker.read = async () => ({ ok: false, reason: 'expired', top });
    listener.position('c', top);
    await turn();
    expect(framesOf(connection)).toMatchObject([{ data: 1 }, { type: 'resync', reason: 'expired' }]);
    expect([counters.gapsFound, counters.gapsFilled, counters.foreignMessages]).toEqual([1, 0, 0]);
  });

  it('warns of an event that another program published', async () => {
    (await bridge.attach(connection, 'c', channelWith()))?.start();
    await turn();
    const position = (await publish(1))!;
    const { listener } = broker as unknown as { listener: Parameters<MemoryBroker['listen']>[0] };
    listener.event('c', { position: { ...position, offset: 9 }, body: eventBody('c', '9', NOW), mark: 1 });
    await turn();
    await turn();
    expect([counters.foreignMessages, dataOf(connection)]).toEqual([1, [1]]);
    expect(warnings[0]).toContain('An event on c was published by another program and was skipped.');
  });

  it('passes messages between instances to their follower, retries until the broker answers, and skips what it cannot read', async () => {
    const taken: string[] = [];
    const take = (body: string): void => {
      if (body === 'bad') throw new Error('not JSON');
      taken.push(body);
    };
    broker.failures = 1;
    await bridge.follow('internal', null, { take, reset: () => undefined });
    for (const body of ['one', 'bad', 'two'])
      await broker.publish({ topic: 'internal', body, history: null, timeoutMs: 1 });
    await turn();
    expect([taken, counters.foreignMessages]).toEqual([['one', 'two'], 1]);
    clock.advance(60_000);
    expect(broker.calls).toEqual(['open internal', 'open internal']);
  });

  it('starts and ends with the application, and reports the state of the broker', async () => {
    bridge.onApplicationBootstrap();
    expect(broker.calls).toEqual(['start']);
    expect([bridge.status, bridge.brokerHealth]).toEqual([{ up: true }, broker.health]);
    const attachment = await bridge.attach(connection, 'c', channelWith());
    attachment?.start();
    await bridge.onApplicationShutdown();
    expect(bridge.status.up).toBe(false);
    clock.advance(60_000);
    expect(broker.calls).not.toContain('close c');
    // A follower does not wait for a broker that has closed.
    broker.failures = Infinity;
    await bridge.follow('late', null, { take: () => undefined, reset: () => undefined });
  });
});
