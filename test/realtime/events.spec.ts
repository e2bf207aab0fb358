import type { WsClient } from '../support/ws-client.js';
import { RealtimeApp } from './support/realtime-app.js';
import { EVENT_ID, stamped, TIMESTAMP } from './support/shapes.js';

describe('events', () => {
  let app: RealtimeApp;
  let client: WsClient;

  beforeAll(async () => {
    app = await RealtimeApp.start({ channels: [{ name: 'cursor:moved', access: 'authenticated', history: false }] });
  });
  afterAll(() => app.close());
  beforeEach(async () => {
    client = await app.connectAs();
  });
  afterEach(async () => {
    await client.close();
  });

  it('arrive as they were emitted, with the id and timestamp that emit returned', async () => {
    await client.ask({ type: 'subscribe', channel: 'apps:created' });
    const emitted = await app.events.emit('apps:created', { id: '1', name: 'one' });
    expect(emitted).toEqual({
      id: expect.stringMatching(EVENT_ID),
      channel: 'apps:created',
      timestamp: expect.stringMatching(TIMESTAMP),
    });
    const { id, timestamp } = emitted;
    const data = { id: '1', name: 'one' };
    expect(await client.next()).toEqual({ type: 'event', channel: 'apps:created', data, id, timestamp });
  });

  it.each([
    ['null', null],
    ['a number', 0],
    ['a flag', false],
    ['empty text', ''],
    ['a list', [1, [2]]],
    ['a string with special characters', '"\\\n\u2028\u0000😀ü</script>'],
    ['a deep object', { a: { b: { c: [{}] } } }],
  ])('carry %s unchanged', async (_what, data) => {
    await client.ask({ type: 'subscribe', channel: 'user:u1' });
    await app.events.emitToUser('u1', data);
    expect(await client.next('event')).toMatchObject({ data });
  });

  it('carry the data as JSON, so toJSON and dates apply', async () => {
    await client.ask({ type: 'subscribe', channel: 'user:u1' });
    await app.events.emitToUser('u1', { at: new Date(0), hidden: undefined, secret: { toJSON: () => 'shown' } });
    expect((await client.next('event')).data).toEqual({ at: '1970-01-01T00:00:00.000Z', secret: 'shown' });
  });

  it('carry a copy of the data from the time of emit', async () => {
    await client.ask({ type: 'subscribe', channel: 'apps:created' });
    const data = { id: '1', name: 'before' };
    const emitted = app.events.emit('apps:created', data);
    data.name = 'after';
    await emitted;
    expect((await client.next('event')).data).toEqual({ id: '1', name: 'before' });
  });

  it('arrive in the order of emit, numbered without a gap', async () => {
    await client.ask({ type: 'subscribe', channel: 'apps:created' });
    const ids = await Promise.all(
      Array.from({ length: 300 }, (_, index) => app.events.emit('apps:created', { id: String(index), name: 'n' })),
    );
    const seen = [];
    while (seen.length < 300) seen.push(await client.next('event'));
    expect(seen.map(({ data }) => Number((data as { id: string }).id))).toEqual(seen.map((_, index) => index));
    expect(seen.map(({ id }) => id)).toEqual(ids.map(({ id }) => id));
    const offsets = ids.map(({ id }) => Number(id.split('-')[1]));
    expect(offsets).toEqual(offsets.map((_, index) => offsets[0]! + index));
  });

  it('reach only subscribers of their channel', async () => {
    await client.ask({ type: 'subscribe', channel: 'apps:created' });
    await app.events.emit('apps:updated', { id: '1', name: 'other' });
    await app.events.emit('apps:created', { id: '2', name: 'mine' });
    expect(await client.next()).toMatchObject({ type: 'event', channel: 'apps:created' });
    await client.expectNone('event');
  });

  it('reach every subscriber once', async () => {
    const others = await Promise.all([1, 2, 3].map((n) => app.connectAs({ sub: `o${n}` })));
    for (const each of [client, ...others]) await each.ask({ type: 'subscribe', channel: 'apps:created' });
    const { id } = await app.events.emit('apps:created', { id: '1', name: 'all' });
    for (const each of [client, ...others]) {
      expect(await each.next('event')).toMatchObject({ id });
      await each.expectNone('event');
    }
  });

  it('have no id on a channel without history, and subscribed has no position', async () => {
    expect(await client.ask({ type: 'subscribe', channel: 'cursor:moved' })).toEqual(
      stamped({ type: 'subscribed', channel: 'cursor:moved', ref: 'ask-1' }),
    );
    const emitted = await app.events.publish('cursor:moved', { x: 1 });
    expect(emitted.id).toMatch(/./);
    const event = await client.next('event');
    expect(event).toEqual(stamped({ type: 'event', channel: 'cursor:moved', data: { x: 1 } }));
  });

  it('have a separate epoch per channel', async () => {
    const [a, b] = await Promise.all([
      app.events.emit('apps:created', { id: '1', name: 'n' }),
      app.events.emit('apps:updated', { id: '1', name: 'n' }),
    ]);
    expect(a.id.split('-')[0]).not.toBe(b.id.split('-')[0]);
  });
});
