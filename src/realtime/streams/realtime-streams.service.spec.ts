import { until } from '../../../test/support/until.js';
import { MemoryStreamStore, type StoredStream } from '../backends/memory/memory.stream-store.js';
import type { ChannelCatalogue } from '../channels/channel-catalogue.js';
import type { ClusterBus } from '../cluster/cluster-bus.js';
import type { FanOut } from '../delivery/fan-out.js';
import type { RedisBridge } from '../delivery/redis-bridge.service.js';
import { Counters } from '../observability/counters.js';
import { resolveOptions } from '../options/resolve-options.js';
import { RealtimeClock } from '../timing/realtime-clock.js';
import type { CancelRequest } from './cancel-question.js';
import { RealtimeStreams } from './realtime-streams.service.js';

const LEASE_MS = 600;
const CATALOGUE = {
  hasStreams: true,
  registered: () => [['logs:{id}', { pattern: 'logs:{id}', stream: {} }] as never],
  find: (channel: string) =>
    channel.startsWith('logs:')
      ? { pattern: 'logs:{id}', global: false, stream: { lines: false, maxBytes: 4_096 } }
      : channel === 'plain'
        ? { pattern: 'plain', global: false, stream: null }
        : null,
} as unknown as ChannelCatalogue;

const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

describe('the streams of an instance', () => {
  let stored: Map<string, StoredStream>;
  let store: MemoryStreamStore;
  let counters: Counters;
  let instances: RealtimeStreams[];
  let handlers: Map<string, { answer(request: CancelRequest): boolean }>;
  /** Answers of instances, by topic of the question. */
  let asked: string[];

  beforeEach(() => {
    [stored, instances, handlers, asked, counters] = [new Map(), [], new Map(), [], new Counters()];
    store = new MemoryStreamStore({ publish: async () => ({}) as never }, undefined, stored);
  });
  afterEach(async () => {
    for (const one of instances) await one.beforeApplicationShutdown();
    for (const one of instances) one.onApplicationShutdown();
  });

  const instance = (id = 'here', streams: object = {}, isAlone = false): RealtimeStreams => {
    const bus = {
      ...{ instanceId: id, isAlone },
      answer: async ({ topic }: { topic: string }, handler: never) => void handlers.set(topic, handler),
      ask: async ({ topic }: { topic: string }, request: CancelRequest) => {
        asked.push(topic);
        const handler = handlers.get(topic);
        const owner = topic.replace('$cancel-', '');
        return { answers: new Map(handler === undefined ? [] : [[owner, handler.answer(request)]]) };
      },
    } as unknown as ClusterBus;
    const options = resolveOptions({ jwt: { secret: 'x'.repeat(32) }, streams: { leaseMs: LEASE_MS, ...streams } });
    const others = [{} as RedisBridge, { collectFrame: () => undefined } as unknown as FanOut] as const;
    const one = new RealtimeStreams(CATALOGUE, store, bus, ...others, options, counters, new RealtimeClock());
    instances.push(one);
    one.onApplicationBootstrap();
    return one;
  };

  it('open only channels that are streams, with valid times', async () => {
    const streams = instance();
    for (const channel of ['unknown', 'plain', 7 as never]) {
      await expect(streams.open(channel)).rejects.toMatchObject({ code: 'invalid_channel' });
    }
    for (const options of [{ ttlMs: 999 }, { ttlMs: 1_000.5 }, { joinMs: -1 }]) {
      await expect(streams.open('logs:1', options)).rejects.toThrow(RangeError);
    }
    await (await streams.open('logs:1', { ttlMs: 1_000, joinMs: 0 })).end();
    expect(counters.streamsEnded.get('done')).toBe(1);
  });

  it('are at most as many as the option allows, also while they are being opened', async () => {
    const streams = instance('here', { maxOpen: 2 });
    const opening = ['logs:1', 'logs:2'].map((channel) => streams.open(channel));
    await expect(streams.open('logs:3')).rejects.toMatchObject({ code: 'too_many' });
    await Promise.all(opening);
    await expect(streams.open('logs:3')).rejects.toMatchObject({ code: 'too_many' });
    await (await opening[0]!).end();
    await streams.open('logs:3');
  });

  it('do not count one that was not opened', async () => {
    const streams = instance('here', { maxOpen: 2 });
    await streams.open('logs:1');
    for (let attempt = 0; attempt < 3; attempt += 1) {
      await expect(streams.open('logs:1')).rejects.toMatchObject({ code: 'conflict' });
    }
    await streams.open('logs:2');
  });

  it('are listed with their length, and forgotten at their end', async () => {
    const streams = instance();
    const writer = await streams.open('logs:1');
    expect(streams.unstoredBytes).toBe(0);
    await writer.write('four');
    expect(streams.unstoredBytes).toBe(4);
    await writer.flush();
    expect(streams.unstoredBytes).toBe(0);
    const [one] = [...streams.here()];
    expect(one).toMatchObject({ topic: 'logs:1', state: 'open', length: 4, start: null, readers: 0 });
    expect(one!.writer!.writtenAt).toBeGreaterThanOrEqual(one!.writer!.openedAt);
    expect(streams.activity.report()).toMatchObject([{ pattern: 'logs:{id}', bytes: 4 }]);
    await writer.end();
    expect([...streams.here()]).toEqual([]);
  });

  it('wait for the store at the limit of all waiting bytes', async () => {
    const streams = instance('here', { maxWaitingBytes: 65_536 });
    const append = store.append.bind(store);
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    store.append = async (...given) => (await held, append(...given));
    const [one, two] = [await streams.open('logs:1'), await streams.open('logs:2')];
    await one.write('x'.repeat(65_536));
    let isAccepted = false;
    const second = two.write('more').then(() => (isAccepted = true));
    await turn();
    expect(isAccepted).toBe(false);
    release();
    await second;
    await Promise.all([one.end(), two.end()]);
    expect(streams.unstoredBytes).toBe(0);
  });

  it('are renewed for as long as they are open, and in shares', async () => {
    const streams = instance();
    const renewals: number[] = [];
    const append = store.append.bind(store);
    let inTurn = 0;
    store.append = (...given) => {
      if (inTurn === 0) setImmediate(() => (renewals.push(inTurn), (inTurn = 0)));
      inTurn += 1;
      return append(...given);
    };
    for (let index = 0; index < 24; index += 1) await streams.open(`logs:${index}`);
    const firsts = [...stored.values()].map(({ leaseEndsAt }) => leaseEndsAt);
    await until(() => [...stored.values()].every((one, at) => one.leaseEndsAt > firsts[at]!));
    // A third of all at most: on a busy machine two checks can run in one turn.
    expect(Math.max(...renewals)).toBeLessThanOrEqual(8);
    expect([...stored.values()].every(({ state }) => state === 'open')).toBe(true);
  });

  it('are cancelled here, or by the instance that writes them', async () => {
    const [here, there] = [instance(), instance('there')];
    const own = await here.open('logs:1');
    expect(await here.cancel('logs:1')).toBe('cancelled');
    expect([own.signal.aborted, asked]).toEqual([true, []]);
    const other = await there.open('logs:2');
    expect(await here.cancel('logs:2')).toBe('cancelled');
    expect([other.signal.aborted, asked]).toEqual([true, ['$cancel-there']]);
    expect(await here.cancel('logs:2')).toBe('not_found');
    expect(await here.cancel('logs:3')).toBe('not_found');
    // Its instance does not write it any more, but has not ended it.
    await there.open('logs:4');
    stored.get('logs:4')!.owner = 'here';
    expect(await here.cancel('logs:4')).toBe('not_found');
    stored.get('logs:4')!.owner = 'gone';
    expect(await here.cancel('logs:4')).toBe('unavailable');
    store.read = () => Promise.reject(new Error('down'));
    expect(await here.cancel('logs:4')).toBe('unavailable');
  });

  it('of an instance that is alone are cancelled without questions', () => {
    instance('here', {}, true);
    expect([...handlers]).toEqual([]);
  });

  it('end with the instance, and no others are opened', async () => {
    const streams = instance();
    const writer = await streams.open('logs:1');
    await writer.write('half');
    const opening = streams.open('logs:2');
    await streams.beforeApplicationShutdown();
    expect(stored.get('logs:1')).toMatchObject({ state: 'failed', end: '{"reason":"shutdown"}' });
    expect((await opening).state).toBe('failed');
    await expect(streams.open('logs:3')).rejects.toThrow(/shutting down/);
    expect([...streams.here()]).toEqual([]);
  });
});
