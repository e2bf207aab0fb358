import { LiveResources, RealtimeStreams, type ChannelDefinition } from '../../src/realtime/index.js';
import { Counters } from '../../src/realtime/observability/counters.js';
import { boardsOf, Database } from '../live-resources/support/board.js';
import { Follower } from '../live-resources/support/follower.js';
import { RealtimeApp } from '../realtime/support/realtime-app.js';
import { StreamClient } from '../streams/support/stream-text.js';
import { LinkedCluster } from '../support/linked-cluster.js';
import { until } from '../support/until.js';
import { Meters, type Scraped } from './support/scraped.js';

const BOARDS = 'realtime_channel_pattern="projects:{projectId}:board"';
const LOGS = 'realtime_channel_pattern="logs:{id}"';
const MAX_STATE_BYTES = 10_000;
const KEPT_BYTES = 4_096;

describe('metrics of states and streams', () => {
  const cluster = new LinkedCluster();
  const database = new Database();
  const meters = [new Meters(), new Meters()] as const;
  let here: RealtimeApp;
  let there: RealtimeApp;
  let live: LiveResources;
  let counters: Counters;
  let streams: RealtimeStreams;
  let before: Scraped;
  let channel: string;
  let count = 0;

  beforeAll(async () => {
    const start = (own: Meters): Promise<RealtimeApp> => {
      own.install();
      const channels: ChannelDefinition[] = [{ name: 'logs:{id}', access: 'public', stream: { maxBytes: KEPT_BYTES } }];
      return RealtimeApp.start(
        { backend: cluster.join(), channels },
        { providers: [boardsOf(database, { maxBytes: MAX_STATE_BYTES })] },
      );
    };
    here = await start(meters[0]);
    there = await start(meters[1]);
    live = here.app.get(LiveResources);
    counters = here.app.get(Counters);
    streams = here.app.get(RealtimeStreams);
  });
  afterAll(async () => {
    await here.close();
    await there.close();
    for (const own of meters) await own.end();
  });
  beforeEach(async () => {
    channel = `projects:${(count += 1)}:board`;
    database.load = ({ channel: name }) => database.states.get(name) ?? { name: 'new', cards: {} };
    before = await meters[0].scrape();
  });

  const follow = async (on = here): Promise<Follower> => {
    const follower = new Follower(await on.connect(), channel);
    follower.subscribe();
    return follower;
  };
  const loaded = (follower: Follower): Promise<void> => follower.until(({ data }) => data !== undefined);
  /** Returns how much a metric of this instance has grown since the test began. */
  const grown = async (name: string): Promise<number> => {
    const value = (await meters[0].scrape()).get(name);
    if (value === undefined && !name.includes('outcome')) throw new Error(`There is no metric ${name}`);
    return (value ?? 0) - (before.get(name) ?? 0);
  };
  const value = async (name: string): Promise<number | undefined> => (await meters[0].scrape()).get(name);

  describe('loads', () => {
    const loads = (outcome: string): string =>
      `realtime_state_load_duration_count{${BOARDS},realtime_state_outcome="${outcome}"}`;

    it('have a duration by pattern and outcome', async () => {
      const one = await follow();
      await loaded(one);
      const bucket = `realtime_state_load_duration_bucket{le="10",${BOARDS},realtime_state_outcome="loaded"}`;
      expect([await grown(loads('loaded')), await grown(bucket), await grown(loads('unavailable'))]).toEqual([1, 1, 0]);
      await one.client.close();
    });

    it('that fail are counted by the reason', async () => {
      database.load = () => Promise.reject(new Error('down'));
      const failing = await follow();
      await failing.until(({ seen }) => seen.includes('state_error'));
      await failing.client.close();
      channel = `projects:${(count += 1)}:board`;
      database.load = () => ({ name: 'x'.repeat(MAX_STATE_BYTES), cards: {} });
      const large = await follow();
      await large.until(({ seen }) => seen.includes('state_error'));
      await large.client.close();
      expect(await grown(loads('unavailable'))).toBeGreaterThan(0);
      expect(await grown(loads('too_large'))).toBeGreaterThan(0);
      expect(await grown(loads('loaded'))).toBe(0);
    });

    it('of other instances are waited for, once by all clients', async () => {
      let answer: (state: object) => void = () => undefined;
      database.load = () => new Promise((resolve) => (answer = resolve));
      const waits = counters.stateWaits;
      const owner = await follow(there);
      await until(() => database.loads.includes(channel));
      const waiting = [await follow(), await follow()];
      await until(() => counters.stateWaits > waits);
      answer({ name: 'once', cards: {} });
      for (const follower of [owner, ...waiting]) await loaded(follower);
      expect(await grown('realtime_state_load_waits_total')).toBe(1);
      expect(await grown(loads('loaded'))).toBe(0);
      for (const { client } of [owner, ...waiting]) await client.close();
    });
  });

  it('changes are counted by their kind', async () => {
    const one = await follow();
    await loaded(one);
    database.states.set(channel, { name: 'n', cards: {} });
    await live.patch(channel, { name: 'n' });
    await live.set(channel, { name: 'n', cards: {} });
    database.states.set(channel, { name: 'other', cards: {} });
    await live.invalidate(channel);
    await one.until(({ data }) => (data as { name: string }).name === 'other');
    await one.client.close();
    await until(() => here.registry.size === 0);
    await live.invalidate(channel);
    const kinds = ['patch', 'set', 'difference', 'reload'];
    const counts = kinds.map((kind) => grown(`realtime_state_changes_total{realtime_state_change="${kind}"}`));
    expect(await Promise.all(counts)).toEqual([1, 1, 1, 1]);
  });

  it('states that are sent are counted once per client, with their bytes', async () => {
    const name = 'x'.repeat(5_000);
    database.states.set(channel, { name, cards: {} });
    const followers = [await follow(), await follow()];
    for (const follower of followers) await loaded(follower);
    expect(await grown(`realtime_states_sent_total{${BOARDS}}`)).toBe(2);
    const bytes = await grown(`realtime_states_sent_size_total{${BOARDS}}`);
    expect(bytes).toBeGreaterThan(2 * 5_000);
    expect(bytes).toBeLessThan(2 * 5_500);
    for (const { client } of followers) await client.close();
  });

  it('states in memory are counted, with their bytes', async () => {
    database.states.set(channel, { name: 'x'.repeat(5_000), cards: {} });
    const one = await follow();
    await loaded(one);
    const size = JSON.stringify(database.states.get(channel)).length;
    expect([await grown('realtime_state_kept_count'), await grown('realtime_state_kept_size')]).toEqual([1, size]);
    await one.client.close();
  });

  describe('streams', () => {
    const open = () => streams.open(`logs:${(count += 1)}`);

    it('that are open are counted by pattern, and so are their readers', async () => {
      const writer = await open();
      const reader = await StreamClient.open(here.url, writer.channel);
      const far = await StreamClient.open(there.url, writer.channel);
      expect(await value(`realtime_stream_count{${LOGS}}`)).toBe(1);
      expect(await value(`realtime_stream_reader_count{${LOGS}}`)).toBe(1);
      expect((await meters[1].scrape()).get(`realtime_stream_count{${LOGS}}`)).toBe(0);
      await far.close();
      await reader.close();
      await writer.end();
      await until(() => here.registry.size === 0);
      expect(await value(`realtime_stream_reader_count{${LOGS}}`)).toBe(0);
      expect(await value(`realtime_stream_count{${LOGS}}`)).toBe(0);
    });

    it('count appends and their bytes, and those that wait', async () => {
      const writer = await open();
      void writer.write('Grüße');
      expect(await value('realtime_stream_unstored_size')).toBe(7);
      await writer.flush();
      expect(await value('realtime_stream_unstored_size')).toBe(0);
      expect(await grown('realtime_stream_appends_total')).toBe(1);
      expect(await grown(`realtime_stream_written_total{${LOGS}}`)).toBe(7);
      await writer.end();
    });

    it('count reads of the store, and bytes that were dropped before a client received them', async () => {
      const writer = await open();
      await writer.write('seen');
      await writer.flush();
      const first = await StreamClient.open(here.url, writer.channel);
      const { stream } = await first.has(4).then(() => first);
      expect(await grown('realtime_stream_reads_total')).toBe(1);
      await first.close();
      for (let part = 0; part < 4; part += 1) await writer.write('x'.repeat(KEPT_BYTES / 2)).then(() => writer.flush());
      const later = await StreamClient.open(here.url, writer.channel, { stream });
      await later.has(writer.length);
      expect(stream.missing).toBeGreaterThan(0);
      expect(await grown('realtime_stream_skipped_total')).toBe(stream.missing);
      // For a new reader nothing was dropped: it begins with the first byte that is kept.
      const fresh = await StreamClient.open(here.url, writer.channel);
      await fresh.has(writer.length);
      expect(await grown('realtime_stream_skipped_total')).toBe(stream.missing);
      await later.close();
      await fresh.close();
      await writer.end();
    });

    it('that ended are counted by state', async () => {
      await (await open()).end();
      await (await open()).fail('broken');
      const endedBefore = counters.streamsEnded.get('cancelled');
      const cancelled = await open();
      await streams.cancel(cancelled.channel);
      const ended = (state: string): Promise<number> =>
        grown(`realtime_streams_ended_total{realtime_stream_state="${state}"}`);
      await until(() => counters.streamsEnded.get('cancelled') > endedBefore);
      expect([await ended('done'), await ended('failed'), await ended('cancelled')]).toEqual([1, 1, 1]);
    });

    it('have the delay of requests to cancel, by outcome', async () => {
      const writer = await there.app.get(RealtimeStreams).open(`logs:${(count += 1)}`);
      expect(await streams.cancel(writer.channel)).toBe('cancelled');
      expect(await streams.cancel('logs:none')).toBe('not_found');
      for (const outcome of ['cancelled', 'not_found']) {
        expect(await grown(`realtime_stream_cancel_duration_count{realtime_stream_outcome="${outcome}"}`)).toBe(1);
      }
      expect(
        await value('realtime_stream_cancel_duration_bucket{le="10",realtime_stream_outcome="cancelled"}'),
      ).toBeGreaterThan(0);
    });
  });
});
