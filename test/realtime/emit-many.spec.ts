import { InvalidEventError, RealtimeUnavailableError } from '../../src/realtime/index.js';
import { Broker } from '../../src/realtime/broker/broker.js';
import { Counters } from '../../src/realtime/observability/counters.js';
import { RealtimeApp } from './support/realtime-app.js';

describe('emitMany', () => {
  let app: RealtimeApp;

  beforeAll(async () => {
    app = await RealtimeApp.start();
  });
  afterAll(() => app.close());

  it('publishes to several channels, and returns the results in the order of the events', async () => {
    const client = await app.connectAs();
    for (const channel of ['apps:created', 'apps:updated']) await client.ask({ type: 'subscribe', channel });
    const channels = ['apps:updated', 'apps:created', 'apps:updated'] as const;
    const results = await app.events.emitMany(
      channels.map((channel, n) => ({ channel, data: { id: `${n}`, name: 'many' } })),
    );
    expect(results.map(({ channel }) => channel)).toEqual(channels);
    const frames = [await client.next('event'), await client.next('event'), await client.next('event')];
    const dataOf = (wanted: string): unknown => frames.find(({ id }) => id === wanted)?.data;
    expect(results.map(({ id }) => dataOf(id))).toMatchObject([{ id: '0' }, { id: '1' }, { id: '2' }]);
    await client.close();
  });

  it('publishes none of them if one is invalid, names it, and logs and counts only that one', async () => {
    const client = await app.connectAs();
    await client.ask({ type: 'subscribe', channel: 'apps:created' });
    const counters = app.app.get(Counters, { strict: false });
    const before = counters.failedEvents.get('invalid_event');
    const good = { channel: 'apps:created' as const, data: { id: '1', name: 'good' } };
    const refused = app.events.emitMany([good, { ...good, options: { timeoutMs: -1 } }, good]);
    const error: unknown = await refused.catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(InvalidEventError);
    expect(error).toMatchObject({ field: '[1].timeoutMs' });
    expect(counters.failedEvents.get('invalid_event')).toBe(before + 1);
    await client.expectNone('event');
    await client.close();
  });

  it.each<[string, unknown, string]>([
    ['no list', { channel: 'apps:created', data: 1 }, 'events must be a list'],
    ['nothing', undefined, 'events must be a list'],
    ['an entry that is null', [null], '[0].channel is not registered: undefined'],
    ['an entry without a channel', [{ data: 1 }], '[0].channel is not registered'],
    ['an entry without data', [{ channel: 'apps:created' }], '[0].data must be JSON-serializable'],
    ['wrong options', [{ channel: 'apps:created', data: 1, options: 'key' }], '[0].options must be an object'],
  ])('rejects %s', async (_what, events, sentence) => {
    await expect(app.events.emitMany(events as [])).rejects.toThrow(sentence);
  });

  it('resolves an empty list', async () => {
    await expect(app.events.emitMany([])).resolves.toEqual([]);
  });

  it('rejects only after each event has its outcome, and publishes the others', async () => {
    const client = await app.connectAs();
    await client.ask({ type: 'subscribe', channel: 'apps:deleted' });
    const outcomes: unknown[] = [];
    app.events.onEmit(
      ({ result }) =>
        void result.then(
          ({ id }) => outcomes.push(id),
          () => outcomes.push('failed'),
        ),
    );
    const broker = app.app.get(Broker, { strict: false });
    const publish = broker.publish.bind(broker);
    broker.publish = (event) =>
      event.topic === 'apps:created' ? Promise.reject(new RealtimeUnavailableError('of the test')) : publish(event);
    const many = app.events.emitMany([
      { channel: 'apps:created', data: { id: '1', name: 'x' } },
      { channel: 'apps:deleted', data: { id: '2' } },
    ]);
    await expect(many).rejects.toThrow('of the test');
    broker.publish = publish;
    expect(outcomes).toEqual(expect.arrayContaining(['failed', (await client.next('event')).id]));
    await client.close();
  });
});
