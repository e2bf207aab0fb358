import { Redis } from 'ioredis';
import { RedisBridge } from '../../src/realtime/index.js';
import { METRICS } from '../../src/realtime/monitoring/metric-catalogue.js';
import type { MetricDefinition } from '../../src/realtime/monitoring/metric-definition.js';
import { RedisProcess } from '../support/redis-process.js';
import { StreamSocket } from '../sse/support/stream-socket.js';
import { signToken } from '../support/jwt.js';
import { until } from '../support/until.js';
import { RealtimeApp } from '../realtime/support/realtime-app.js';
import { RoomsModule } from './support/rooms.js';
import { Meters, type Scraped } from './support/scraped.js';

/** A client with more unread bytes is closed. */
const SLOW_BYTES = 1_000_000;
const RECENT = { type: 'subscribe', channel: 'apps:created' };

/** Returns the name of a metric in Prometheus. */
function scrapedName({ name, kind }: MetricDefinition): string {
  return name.replace(/\W/g, '_') + (kind === 'counter' ? '_total' : '');
}

/** Returns the sum over all label sets. */
function total(scraped: Scraped, name: string): number {
  return [...scraped]
    .filter(([key]) => key === name || key.startsWith(`${name}{`))
    .reduce((sum, [, value]) => sum + value, 0);
}

describe('metrics of two instances over Redis', () => {
  let redis: RedisProcess;
  const meters = [new Meters(), new Meters()] as const;
  let apps: readonly [RealtimeApp, RealtimeApp];

  beforeAll(async () => {
    redis = await RedisProcess.start();
    const start = async (own: Meters): Promise<RealtimeApp> => {
      own.install();
      const options = { redis: { url: redis.url }, maxBufferedBytes: SLOW_BYTES };
      return RealtimeApp.start(options, { imports: [RoomsModule] });
    };
    apps = [await start(meters[0]), await start(meters[1])];
    await until(() => apps.every(({ app }) => app.get(RedisBridge).status.up));
  });
  afterAll(async () => {
    for (const app of apps ?? []) await app.close();
    for (const own of meters) await own.end();
    await redis?.stop();
  });

  it('count every operation exactly', async () => {
    const [one, two] = apps;
    // Connections: two with a token and one without; one is refused.
    const ann = await one.connectAs({ sub: 'ann' });
    const bob = await two.connectAs({ sub: 'bob' });
    const anonymous = await two.connect();
    await anonymous.next('connected');
    const refused = await two.connect({ token: 'no token' });
    expect((await refused.closed).code).toBe(4401);
    await ann.ask(RECENT);
    await bob.ask(RECENT);
    await ann.ask({ type: 'subscribe', channel: 'user:ann' });
    await bob.ask({ type: 'subscribe', channel: 'no:such' });
    ann.send('no json');
    await ann.next('error');

    // Events: three to both clients, emitted in one turn on one instance, and one to a user from the other instance.
    const events = ['1', '2', '3'].map((id) => one.events.emit('apps:created', { id, name: 'n' }));
    const [first] = await Promise.all(events);
    await two.events.emitToUser('ann', 'hello');
    for (let count = 0; count < 4; count += 1) await ann.next('event');
    for (let count = 0; count < 3; count += 1) await bob.next('event');

    // One client resumes and receives the two missed events; another one sends a position that does not exist.
    const late = await two.connectAs({ sub: 'late' });
    await late.ask({ ...RECENT, lastEventId: first!.id });
    await late.next('event');
    await late.next('event');
    await anonymous.ask({ type: 'subscribe', channel: 'announcements', lastEventId: 'abcdefabcdef-7' });
    await late.close(1000);
    await until(() => two.registry.size === 2);

    const [here, there] = [await meters[0].scrape(), await meters[1].scrape()];
    expect(Object.fromEntries([...here].filter(([key, value]) => isCounted(key) && value !== 0))).toEqual({
      'realtime_connection_count{realtime_auth_state="authenticated",realtime_transport="websocket"}': 1,
      'realtime_handshakes_total{realtime_handshake_outcome="accepted"}': 1,
      'realtime_frames_received_total{realtime_frame_type="subscribe"}': 2,
      'realtime_frames_received_total{realtime_frame_type="bad"}': 1,
      'realtime_frames_sent_total{realtime_frame_type="connected"}': 1,
      'realtime_frames_sent_total{realtime_frame_type="subscribed"}': 2,
      'realtime_frames_sent_total{realtime_frame_type="error"}': 1,
      'realtime_frames_sent_total{realtime_frame_type="event"}': 4,
      'realtime_errors_sent_total{error_type="invalid_json"}': 1,
      'realtime_subscription_count{realtime_channel_pattern="apps:*"}': 1,
      'realtime_subscription_count{realtime_channel_pattern="user:{userId}"}': 1,
      realtime_channel_count: 2,
      'realtime_events_published_total{realtime_channel_pattern="apps:*"}': 3,
      'realtime_events_delivered_total{realtime_channel_pattern="apps:*"}': 3,
      'realtime_events_delivered_total{realtime_channel_pattern="user:{userId}"}': 1,
      realtime_publish_duration_count: 3,
      realtime_broker_up: 1,
    });
    expect(Object.fromEntries([...there].filter(([key, value]) => isCounted(key) && value !== 0))).toEqual({
      'realtime_connection_count{realtime_auth_state="authenticated",realtime_transport="websocket"}': 1,
      'realtime_connection_count{realtime_auth_state="anonymous",realtime_transport="websocket"}': 1,
      'realtime_handshakes_total{realtime_handshake_outcome="accepted"}': 3,
      'realtime_handshakes_total{realtime_handshake_outcome="token_invalid"}': 1,
      'realtime_connections_closed_total{realtime_close_code="1000"}': 1,
      'realtime_frames_received_total{realtime_frame_type="subscribe"}': 4,
      'realtime_frames_sent_total{realtime_frame_type="connected"}': 3,
      'realtime_frames_sent_total{realtime_frame_type="subscribed"}': 3,
      'realtime_frames_sent_total{realtime_frame_type="error"}': 2,
      'realtime_frames_sent_total{realtime_frame_type="event"}': 5,
      'realtime_errors_sent_total{error_type="unknown_channel"}': 1,
      'realtime_errors_sent_total{error_type="token_invalid"}': 1,
      'realtime_subscription_count{realtime_channel_pattern="apps:*"}': 1,
      'realtime_subscription_count{realtime_channel_pattern="announcements"}': 1,
      realtime_channel_count: 2,
      'realtime_events_published_total{realtime_channel_pattern="user:{userId}"}': 1,
      'realtime_events_delivered_total{realtime_channel_pattern="apps:*"}': 5,
      'realtime_recoveries_total{realtime_recovery_outcome="recovered"}': 1,
      'realtime_recoveries_total{realtime_recovery_outcome="unknown_epoch"}': 1,
      realtime_publish_duration_count: 1,
      realtime_broker_up: 1,
    });

    // Each batch has a size and an age. Their events add up to all live deliveries.
    expect(here.get('realtime_fan_out_batch_size_sum')).toBe(4);
    expect(there.get('realtime_fan_out_batch_size_sum')).toBe(3);
    for (const scraped of [here, there]) {
      const batches = scraped.get('realtime_fan_out_batch_size_count')!;
      expect(scraped.get('realtime_delivery_duration_count')).toBe(batches);
      expect(scraped.get('realtime_delivery_duration_bucket{le="10"}')).toBe(batches);
      expect(scraped.get('realtime_delivery_duration_sum')).toBeGreaterThanOrEqual(0);
      expect(scraped.get('nodejs_eventloop_delay_p99')).toBeGreaterThan(0);
    }
    for (const client of [ann, bob, anonymous]) await client.close();
  });

  it('count streams apart from WebSockets', async () => {
    const [one] = apps;
    const stream = await StreamSocket.open(one.http, { token: signToken({ sub: 'dan' }) });
    const counted = 'realtime_connection_count{realtime_auth_state="authenticated",realtime_transport="stream"}';
    expect((await meters[0].scrape()).get(counted)).toBe(1);
    const gone = one.gone('dan');
    stream.close();
    await gone;
    expect((await meters[0].scrape()).get(counted)).toBe(0);
  });

  it('report the duration of policies by pattern and outcome, never by channel', async () => {
    const [one] = apps;
    const client = await one.connectAs({ sub: 'cara' });
    const rooms = ['rooms:1', 'rooms:2', 'rooms:3'];
    const answers = [];
    for (const channel of rooms) answers.push((await client.ask({ type: 'subscribe', channel })).type);
    expect(answers).toEqual(['error', 'subscribed', 'subscribed']);
    await client.close();
    const scraped = await meters[0].scrape();
    // The series without a pattern exist from the start, with the value 0.
    const ofPatterns = /^realtime_policy_duration_(?:count\{|bucket\{le="10",)realtime_channel/;
    const values = [...scraped].filter(([key]) => ofPatterns.test(key));
    const labels = (outcome: string): string =>
      `realtime_channel_pattern="rooms:*",realtime_policy_outcome="${outcome}"`;
    expect(Object.fromEntries(values)).toEqual({
      [`realtime_policy_duration_bucket{le="10",${labels('refused')}}`]: 1,
      [`realtime_policy_duration_bucket{le="10",${labels('allowed')}}`]: 2,
      [`realtime_policy_duration_count{${labels('refused')}}`]: 1,
      [`realtime_policy_duration_count{${labels('allowed')}}`]: 2,
    });
    expect(total(scraped, 'realtime_policy_duration_sum')).toBeGreaterThan(0);
  });

  it('all exist after an event was published and delivered', async () => {
    const scraped = await meters[0].scrape();
    // Metrics of tenants need tenants: test/tenants/metrics.spec.ts.
    const names = Object.values(METRICS as Record<string, MetricDefinition>)
      .filter(({ name }) => !name.startsWith('realtime.tenant.'))
      .map((metric) => scrapedName(metric) + (metric.kind === 'histogram' ? '_count' : ''));
    const found = new Set([...scraped.keys()].map((key) => key.split('{')[0]));
    expect(names.filter((name) => !found.has(name))).toEqual([]);
  });

  it('count filled gaps, and resyncs of subscribers', async () => {
    const [one, two] = apps;
    const reader = await two.connectAs({ sub: 'reader' });
    await reader.ask(RECENT);
    const stranger = new Redis(redis.url);
    let emitted = 0;
    let scraped = await meters[1].scrape();
    while (scraped.get('realtime_gaps_found_total') === 0) {
      await stranger.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
      await one.events.emit('apps:created', { id: String((emitted += 1)), name: 'unheard' });
      for (const { app } of apps) await until(() => app.get(RedisBridge).status.up);
      scraped = await meters[1].scrape();
    }
    for (let n = 1; n <= emitted; n += 1) {
      expect(await reader.next('event')).toMatchObject({ data: { id: String(n) } });
    }
    expect(scraped.get('realtime_gaps_filled_total')).toBe(scraped.get('realtime_gaps_found_total'));
    expect(total(scraped, 'realtime_resyncs_total')).toBe(0);

    await stranger.flushall(); // the events that the reader missed are lost
    await stranger.quit();
    await one.events.emit('apps:created', { id: 'anew', name: 'n' });
    const { reason } = await reader.next('resync');
    scraped = await meters[1].scrape();
    expect(scraped.get(`realtime_resyncs_total{realtime_recovery_reason="${reason}"}`)).toBe(1);
    await reader.close();
  });

  it('report the buffered bytes of a slow reader, and its close', async () => {
    const [one] = apps;
    const slow = await one.connectAs({ sub: 'slow' });
    await slow.ask({ type: 'subscribe', channel: 'user:slow' });
    const gone = one.gone('slow');
    slow.socket.pause();
    let waited = 0;
    while (one.registry.stats().slowConsumersClosed === 0) {
      await one.events.emitToUser('slow', 'x'.repeat(60_000));
      waited = Math.max(waited, (await meters[0].scrape()).get('realtime_send_buffer_max')!);
    }
    expect(waited).toBeGreaterThan(60_000);
    expect(waited).toBeLessThan(2 * SLOW_BYTES);
    slow.socket.resume();
    expect(await slow.closed).toMatchObject({ code: 4501 });
    await gone;
    const scraped = await meters[0].scrape();
    expect(scraped.get('realtime_slow_consumers_closed_total')).toBe(1);
    expect(scraped.get('realtime_connections_closed_total{realtime_close_code="4501"}')).toBe(1);
    expect([scraped.get('realtime_send_buffer_max'), scraped.get('realtime_send_buffer_size')]).toEqual([0, 0]);
  });

  it('count failed emits separately, by their code', async () => {
    const [one] = apps;
    await redis.kill();
    const published = total(await meters[0].scrape(), 'realtime_events_published_total');
    const failing = one.events.emit('apps:created', { id: '9', name: 'n' }, { timeoutMs: 1_500 });
    failing.catch(() => undefined);
    const waiting = await meters[0].scrape();
    expect(waiting.get('realtime_publish_queue_count')).toBe(1);
    expect(waiting.get('realtime_publish_queue_size')).toBeGreaterThan(20);
    await expect(failing).rejects.toThrow('in time');
    await until(() => !one.app.get(RedisBridge).status.up);
    const scraped = await meters[0].scrape();
    expect([scraped.get('realtime_publish_queue_count'), scraped.get('realtime_publish_queue_size')]).toEqual([0, 0]);
    expect(scraped.get('realtime_publish_duration_count{error_type="unavailable"}')).toBe(1);
    expect(scraped.get('realtime_broker_up')).toBe(0);
    expect(total(scraped, 'realtime_events_published_total')).toBe(published);
    await redis.restart();
    await until(() => apps.every(({ app }) => app.get(RedisBridge).status.up));
  });
});

/** Metrics whose exact value the test expects. */
function isCounted(key: string): boolean {
  return (
    key.startsWith('realtime_') &&
    !/_bucket\{|_sum$|batch_size|delivery_duration|outbox|send_buffer|self_ping_age/.test(key)
  );
}

describe('without an SDK', () => {
  it('the module measures nothing', async () => {
    const app = await RealtimeApp.start();
    const { Counters } = await import('../../src/realtime/observability/counters.js');
    expect(app.app.get(Counters).measurements).toBeNull();
    await app.close();
  });
});
