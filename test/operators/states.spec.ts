import { LiveResources, RealtimeStreams, type ChannelDefinition, type StreamWriter } from '../../src/realtime/index.js';
import type { LiveChannelDto, LiveDto, StreamDto, StreamsDto } from '../../src/realtime/http/operator-shapes.js';
import { boardsOf, Database } from '../live-resources/support/board.js';
import { Follower } from '../live-resources/support/follower.js';
import { RealtimeApp } from '../realtime/support/realtime-app.js';
import { StreamClient } from '../streams/support/stream-text.js';
import { LinkedCluster, type LinkedBroker } from '../support/linked-cluster.js';
import { until } from '../support/until.js';
import { answerOf, call } from './operator-app.js';

const MAX_BYTES = 4_096;
const CHANNELS: ChannelDefinition[] = [
  { name: 'logs:{id}', access: 'public', stream: { maxBytes: MAX_BYTES } },
  { name: 'plain', access: 'public' },
];
const BOARDS = 'projects:{projectId}:board';

/** Returns true if a time was within the last minute. */
const isRecent = (time: string | null | undefined): boolean => {
  const age = Date.now() - Date.parse(time ?? '');
  return age >= -1_000 && age < 60_000;
};

describe('states and streams for operators', () => {
  const cluster = new LinkedCluster();
  const database = new Database();
  const brokers: LinkedBroker[] = [];
  let here: RealtimeApp;
  let there: RealtimeApp;
  let count = 0;

  beforeAll(async () => {
    const start = (): Promise<RealtimeApp> =>
      RealtimeApp.start(
        { backend: cluster.join((broker) => brokers.push(broker)), operatorApi: true, channels: CHANNELS },
        { providers: [boardsOf(database, { maxBytes: 10_000 })] },
      );
    [here, there] = [await start(), await start()];
  });
  afterAll(async () => {
    await here.close();
    await there.close();
  });
  beforeEach(() => {
    count += 1;
    database.load = ({ channel }) => database.states.get(channel) ?? { name: 'new', cards: {} };
  });

  describe('GET /realtime/live', () => {
    const follow = async (on: RealtimeApp, channel: string): Promise<Follower> => {
      const follower = new Follower(await on.connect(), channel);
      follower.subscribe();
      await follower.until(({ seen }) => seen.includes('state') || seen.includes('state_error'));
      return follower;
    };
    const row = async (channel: string): Promise<LiveChannelDto | undefined> =>
      (await answerOf<LiveDto>(there, `live?search=${channel}`)).channels.find((one) => one.channel === channel);

    it('has size, subscribers, position, age and last load of a state over all instances', async () => {
      const channel = `projects:${count}:board`;
      const followers = [await follow(here, channel), await follow(there, channel), await follow(there, channel)];
      const found = await row(channel);
      expect(found).toEqual({
        ...{ channel, pattern: BOARDS, subscribers: 3, instances: 2, position: followers[0]!.id },
        bytes: JSON.stringify(followers[0]!.data).length,
        loadedAt: expect.any(String) as string,
        lastLoad: {
          at: expect.any(String) as string,
          durationMs: expect.any(Number) as number,
          outcome: 'loaded',
        },
      });
      expect([isRecent(found!.loadedAt), isRecent(found!.lastLoad!.at)]).toEqual([true, true]);
      for (const { client } of followers) await client.close();
    });

    it('has the load that failed last, without a state', async () => {
      const channel = `projects:${count}:board`;
      database.load = () => ({ name: 'x'.repeat(10_000), cards: {} });
      const follower = await follow(here, channel);
      const found = await row(channel);
      expect(found).toMatchObject({ subscribers: 1, bytes: null, position: null, loadedAt: null });
      expect(found!.lastLoad).toMatchObject({ outcome: 'too_large' });
      await follower.client.close();
    });

    it('keeps a state without subscribers in the list while an instance has it in memory', async () => {
      const channel = `projects:${count}:board`;
      const { client } = await follow(here, channel);
      await client.close();
      await until(() => here.registry.size === 0);
      expect(await row(channel)).toMatchObject({ subscribers: 0, instances: 1 });
      here.app.get(LiveResources).states.cache.delete(channel);
      expect(await row(channel)).toBeUndefined();
    });

    it('adds up loads, states in memory and sent states by live resource', async () => {
      const of = async () =>
        (await answerOf<LiveDto>(there, 'live')).resources.find(({ pattern }) => pattern === BOARDS)!;
      const before = await of();
      const channel = `projects:${count}:board`;
      const followers = [await follow(here, channel), await follow(there, channel)];
      const after = await of();
      const grown = (name: 'loads' | 'states' | 'stateBytes' | 'sent'): number => after[name] - before[name];
      const size = JSON.stringify(followers[0]!.data).length;
      expect([grown('loads'), grown('states'), grown('stateBytes'), grown('sent')]).toEqual([1, 2, 2 * size, 2]);
      expect(after.sentBytes - before.sentBytes).toBeGreaterThan(2 * size);
      expect(after.outcomes).toContainEqual({ code: 'loaded', count: expect.any(Number) as number });
      expect(after.durationMs!.p99).toBeGreaterThanOrEqual(after.durationMs!.p50);
      for (const { client } of followers) await client.close();
    });

    it('is a list by name, page by page, of channels with a state', async () => {
      const names = ['a', 'b', 'c'].map((name) => `projects:page${count}${name}:board`);
      const followers = [];
      for (const [index, name] of names.entries()) followers.push(await follow(index % 2 === 0 ? here : there, name));
      const other = await here.connect();
      await other.ask({ type: 'subscribe', channel: 'plain' });
      const first = await answerOf<LiveDto>(here, `live?limit=2&search=PAGE${count}`);
      expect([first.channels.map(({ channel }) => channel), first.total]).toEqual([names.slice(0, 2), 3]);
      const second = await answerOf<LiveDto>(here, `live?limit=2&search=PAGE${count}&cursor=${first.next}`);
      expect([second.channels.map(({ channel }) => channel), second.next]).toEqual([names.slice(2), null]);
      expect((await answerOf<LiveDto>(here, 'live?search=plain')).channels).toEqual([]);
      for (const wrong of ['limit=0', 'limit=1001', 'cursor=x', 'pattern=x']) {
        expect((await call(here, `live?${wrong}`)).status).toBe(400);
      }
      for (const client of [other, ...followers.map((one) => one.client)]) await client.close();
    });

    it('names instances that do not answer', async () => {
      const cut = brokers[0]!;
      cut.cutOff();
      const { channels, unanswered } = await answerOf<LiveDto>(there, 'live');
      expect([channels.every(({ instances }) => instances === 1), unanswered.length]).toEqual([true, 1]);
      await cut.rejoin();
    });

    it('can load a state again', async () => {
      const channel = `projects:${count}:board`;
      const follower = await follow(there, channel);
      database.states.set(channel, { name: 'changed', cards: {} });
      expect(await answerOf(here, `live/${channel}/invalidate`, 'POST')).toEqual({ channel });
      await follower.until(({ data }) => (data as { name: string }).name === 'changed');
      await follower.client.close();
      for (const wrong of ['plain', 'no:such']) {
        expect((await call(here, `live/${wrong}/invalidate`, { method: 'POST' })).status).toBe(404);
      }
      expect((await call(here, `live/${channel}/invalidate?tenant=t`, { method: 'POST' })).status).toBe(400);
    });
  });

  describe('GET /realtime/streams', () => {
    const open = (on = here): Promise<StreamWriter> => on.app.get(RealtimeStreams).open(`logs:${count}`);
    const list = async (): Promise<readonly StreamDto[]> =>
      (await answerOf<StreamsDto>(there, `streams?search=logs:${count}`)).streams;

    it('has state, length, start, writer, readers and age of a stream over all instances', async () => {
      const writer = await open();
      for (let part = 0; part < 3; part += 1) await writer.write('x'.repeat(MAX_BYTES / 2)).then(() => writer.flush());
      const { channel } = writer;
      const alone = { channel, pattern: 'logs:{id}', state: 'open', bytes: writer.length, readers: 0 };
      const [unread] = await list();
      // The beginning was dropped, and no instance has read where the rest begins.
      expect(unread).toMatchObject({ ...alone, start: null });
      const readers = [await StreamClient.open(here.url, channel), await StreamClient.open(there.url, channel)];
      for (const reader of readers) await reader.has(writer.length);
      const [{ instanceId }, [found]] = [await answerOf<{ instanceId: string }>(here, 'whoami'), await list()];
      expect(found).toEqual({
        ...{ ...alone, readers: 2, start: readers[0]!.stream.missing },
        writer: { instanceId, openedAt: expect.any(String) as string, writtenAt: expect.any(String) as string },
      });
      expect(found!.start).toBeGreaterThan(0);
      expect([isRecent(found!.writer!.openedAt), isRecent(found!.writer!.writtenAt)]).toEqual([true, true]);
      await writer.end();
      for (const reader of readers) await reader.reached('done');
      expect(await list()).toEqual([{ ...found, state: 'done', writer: null }]);
      for (const reader of readers) await reader.close();
      await until(() => here.registry.size + there.registry.size === 0);
      expect(await list()).toEqual([]);
    });

    it('knows that all of a short stream is kept', async () => {
      const writer = await open();
      await writer.write('short');
      expect(await list()).toMatchObject([{ bytes: 5, start: 0 }]);
      await writer.end();
    });

    it('adds up open streams, readers, bytes and endings by pattern', async () => {
      const of = async () => (await answerOf<StreamsDto>(there, 'streams')).patterns;
      const [before] = await of();
      const writer = await open(there);
      const reader = await StreamClient.open(here.url, writer.channel);
      await writer.write('text');
      await writer.flush();
      const [during] = await of();
      expect(during).toMatchObject({ pattern: 'logs:{id}', open: 1, readers: 1, bytes: before!.bytes + 4 });
      await writer.fail('broken');
      await reader.close();
      const failed = (states: typeof before) => states!.ended.find(({ state }) => state === 'failed')!.count;
      expect(failed((await of())[0]) - failed(before)).toBe(1);
    });

    it('can cancel a stream that another instance writes', async () => {
      const writer = await open(there);
      const { channel } = writer;
      expect(await answerOf(here, `streams/${channel}/cancel`, 'POST')).toEqual({ channel });
      expect(writer.signal.reason).toMatchObject({ state: 'cancelled' });
      await until(() => writer.state === 'cancelled');
      await writer.end();
      for (const wrong of [channel, 'plain', 'no:such']) {
        expect((await call(here, `streams/${wrong}/cancel`, { method: 'POST' })).status).toBe(404);
      }
      expect((await call(here, `streams/${channel}/cancel?unknown=1`, { method: 'POST' })).status).toBe(400);
    });

    it('answers 503 if the instance of the writer does not answer', async () => {
      const writer = await open();
      const cut = brokers[0]!;
      cut.cutOff();
      expect((await call(there, `streams/${writer.channel}/cancel`, { method: 'POST' })).status).toBe(503);
      await cut.rejoin();
      await writer.end();
    });
  });
});
