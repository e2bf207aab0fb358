import { readFile } from 'node:fs/promises';
import { METRICS } from '../../src/realtime/monitoring/metric-catalogue.js';
import type { MetricDefinition } from '../../src/realtime/monitoring/metric-definition.js';
import { ADMIN, Api, USER } from '../platform/support/api.js';
import { PlatformProcess } from '../support/platform-process.js';
import { RedisProcess } from '../support/redis-process.js';
import { connect } from '../support/ws-client.js';
import { RealtimeApp } from '../realtime/support/realtime-app.js';
import { RoomsModule } from './support/rooms.js';
import { Meters, parseScraped, type Scraped } from './support/scraped.js';

const METRICS_TOKEN = 'prometheus-of-the-tests';

/** Returns the metrics that a PromQL expression names. */
const namesIn = (expression: string): string[] =>
  expression.match(/\b(?:realtime|nodejs)_[a-z0-9_]+(?=[{[ )]|$)/g) ?? [];
const LABELS = /(?:by|without) \([^)]*\)|\{[^}]*\}/g;

interface Dashboard {
  readonly panels: readonly {
    readonly type: string;
    readonly title: string;
    readonly description?: string;
    readonly targets?: readonly { readonly expr: string }[];
  }[];
}

async function dashboard(): Promise<Dashboard> {
  return JSON.parse(await readFile('docs/operations/grafana-dashboard.json', 'utf8')) as Dashboard;
}

/** Metrics of an application with a policy that was called. The platform has no policy. */
async function scrapedWithPolicy(): Promise<Scraped> {
  const meters = new Meters().install();
  const app = await RealtimeApp.start({}, { imports: [RoomsModule] });
  try {
    const client = await app.connect();
    await client.ask({ type: 'subscribe', channel: 'rooms:1' });
    await client.close();
    return await meters.scrape();
  } finally {
    await app.close();
    await meters.end();
  }
}

describe('GET /metrics of the platform', () => {
  let redis: RedisProcess;
  let platform: PlatformProcess;
  let fresh: Scraped;
  let scraped: Scraped;

  beforeAll(async () => {
    redis = await RedisProcess.start();
    platform = await PlatformProcess.start({ env: { REDIS_URL: redis.url, METRICS_TOKEN } });
    fresh = parseScraped(await (await read(`Bearer ${METRICS_TOKEN}`)).text());
    const admin = await Api.signIn(platform, ADMIN);
    const client = await connect(platform.wsUrl, { token: admin.token! });
    await client.ask({ type: 'subscribe', channel: 'apps:created' });
    await admin.post('/api/apps', { name: 'shop' }); // one event, for which the client waits
    await client.next('event');
    scraped = parseScraped(await (await read(`Bearer ${METRICS_TOKEN}`)).text());
    await client.close();
  }, 120_000);
  afterAll(async () => {
    await platform?.stop();
    await redis?.stop();
  });

  const read = (authorization?: string): Promise<Response> =>
    fetch(`${platform.url}/metrics`, { headers: authorization === undefined ? {} : { authorization } });

  it('admits only Prometheus and administrators', async () => {
    const [admin, user] = [await Api.signIn(platform, ADMIN), await Api.signIn(platform, USER)];
    const status = async (authorization?: string): Promise<number> => (await read(authorization)).status;
    expect(await status(`Bearer ${METRICS_TOKEN}`)).toBe(200);
    expect(await status(`Bearer ${admin.token}`)).toBe(200);
    expect(await status(`Bearer ${user.token}`)).toBe(403);
    for (const wrong of [
      undefined,
      '',
      'Bearer ',
      `Bearer ${METRICS_TOKEN}x`,
      `Basic ${METRICS_TOKEN}`,
      METRICS_TOKEN,
    ]) {
      expect(await status(wrong)).toBe(401);
    }
  });

  it('is valid Prometheus text', async () => {
    const answer = await read(`Bearer ${METRICS_TOKEN}`);
    expect(answer.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(scraped.get('realtime_events_published_total{realtime_channel_pattern="apps:*"}')).toBe(1);
    expect(scraped.get('realtime_events_delivered_total{realtime_channel_pattern="apps:*"}')).toBe(1);
    expect(scraped.get('realtime_broker_up')).toBe(1);
  });

  it('has every metric that the dashboard and the alert rules name', async () => {
    const { panels } = await dashboard();
    const rules = await readFile('docs/operations/prometheus-rules.yaml', 'utf8');
    const expressions = [
      ...panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr)),
      ...[...rules.matchAll(/^ +expr: (.*)$/gm)].map(([, expression]) => expression!),
    ];
    expect(expressions.length).toBeGreaterThan(40);
    const named = expressions.flatMap((expression) => {
      const names = namesIn(expression.replace(LABELS, ''));
      expect([expression, names.length]).not.toEqual([expression, 0]);
      return names;
    });
    const exported = new Set([...scraped, ...(await scrapedWithPolicy())].map(([key]) => key.split('{')[0]));
    expect([...new Set(named)].filter((name) => !exported.has(name))).toEqual([]);
    // And in the other direction: the dashboard or a rule uses every exported metric.
    const shown = new Set(named.map((name) => name.replace(/_(?:bucket|sum|count)$/, '')));
    const unseen = [...exported].filter((name) => /^(?:realtime|nodejs)_/.test(name!));
    expect(unseen.filter((name) => !shown.has(name!.replace(/_(?:bucket|sum|count)$/, '')))).toEqual([]);
  });

  it('exports from the start every metric that they name', async () => {
    const { panels } = await dashboard();
    const rules = await readFile('docs/operations/prometheus-rules.yaml', 'utf8');
    const expressions = [
      ...panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr)),
      ...[...rules.matchAll(/^ +expr: (.*)$/gm)].map(([, expression]) => expression!),
    ];
    const named = new Set(expressions.flatMap((expression) => namesIn(expression.replace(LABELS, ''))));
    const exported = new Set([...fresh].map(([key]) => key.split('{')[0]));
    expect([...named].filter((name) => !exported.has(name))).toEqual([]);
    expect(fresh.get('realtime_publish_duration_count')).toBe(0);
  });

  it('has a description and a value for each panel, even before the first event', async () => {
    const panels = (await dashboard()).panels.filter(({ type }) => type !== 'row');
    expect(panels.filter(({ description = '' }) => description.length < 20).map(({ title }) => title)).toEqual([]);
    // 0 / 0 is NaN, which Grafana does not show.
    const quotients = panels
      .flatMap(({ targets = [] }) => targets.map(({ expr }) => expr))
      .filter((expression) => /histogram_quantile|\) \/ /.test(expression));
    expect(quotients.length).toBeGreaterThan(5);
    for (const expression of quotients) expect(expression).toMatch(/ >= 0 or (?:label_replace\()?vector\(0\)/);
  });

  it('has every label that they query', async () => {
    const text = `${await readFile('docs/operations/grafana-dashboard.json', 'utf8')}
      ${await readFile('docs/operations/prometheus-rules.yaml', 'utf8')}`;
    const labels = new Set(
      [...text.matchAll(/\b(realtime_\w+|error_type)\s*(?:\)\s*\(|=~?\\?"|!=\\?"|\}\})/g)].map(([, label]) => label!),
    );
    expect(labels.size).toBeGreaterThan(5);
    const known = Object.values(METRICS as Record<string, MetricDefinition>).flatMap(({ attributes = [] }) =>
      attributes.map((attribute) => attribute.replace(/\W/g, '_')),
    );
    expect([...labels].filter((label) => !known.includes(label))).toEqual([]);
  });

  it('has a runbook for each alert rule', async () => {
    const rules = (await readFile('docs/operations/prometheus-rules.yaml', 'utf8')).split(/^ {6}- alert: /m).slice(1);
    expect(rules.length).toBeGreaterThan(10);
    for (const rule of rules) {
      expect(rule).toMatch(/^ {8}expr: .+$/m);
      expect(rule).toMatch(/^ {10}summary: '.+'$/m);
      expect(rule).toMatch(/^ {10}runbook: '.{40,}'$/m);
    }
  });
});
