import { IsInt, IsString } from 'class-validator';
import { EventsPublisher } from '../../src/realtime/index.js';
import { RealtimeApp } from './support/realtime-app.js';

class Score {
  @IsInt()
  points!: number;

  secret?: string;
}

class Note {
  @IsString()
  text!: string;
}

const withKeys = (count: number) =>
  ({ points: 1, ...Object.fromEntries(Array.from({ length: count }, (_, index) => [`k${index}`, 1])) }) as Score;

describe('the data of events', () => {
  let app: RealtimeApp;

  beforeAll(async () => {
    app = await RealtimeApp.start({
      declaredFieldsOnly: true,
      publishApiKeys: ['k'.repeat(16)],
      channels: [
        { name: 'games:score', access: 'public', data: Score },
        { name: 'games:open', access: 'public', data: Note, declaredFieldsOnly: false },
        { name: 'games:any', access: 'public' },
      ],
    });
  });
  afterAll(() => app.close());

  const sent = async (channel: string, data: object): Promise<string> => {
    const client = await app.connectAs();
    client.send({ type: 'subscribe', channel });
    await client.next('subscribed');
    await app.events.emit(channel as never, data as never);
    const event = await client.next('event');
    await client.close();
    return JSON.stringify(event.data);
  };

  it('contains only declared fields, by option or by definition', async () => {
    expect(await sent('games:score', { points: 1, secret: 's', passwordHash: 'x' })).toBe('{"points":1}');
    expect(await sent('games:score', Object.assign(new Score(), { points: 2, secret: 's' }))).toBe('{"points":2}');
    expect(await sent('games:open', { text: 't', more: 1 })).toBe('{"text":"t","more":1}');
    expect(await sent('games:any', { anything: 1 })).toBe('{"anything":1}');
  });

  it('never contains a property named __proto__, at any level', async () => {
    const data = JSON.parse(
      '{"a":{"__proto__":{"isAdmin":true},"b":1},"__proto__":{"c":1},"text":"\\"__proto__\\":"}',
    ) as object;
    expect(await sent('games:any', data)).toBe('{"a":{"b":1},"text":"\\"__proto__\\":"}');
  });

  it.each(['{"a":{"__proto__" : {"b":1}},"c":1}', '{"a":{"\\u005f_proto\\u005F_":{"b":1}},"c":1}'])(
    'never contains a property named __proto__ from stored JSON, in any spelling: %s',
    async (json) => {
      const client = await app.connectAs();
      await client.ask({ type: 'subscribe', channel: 'games:any' });
      await app.app.get(EventsPublisher).publishJson('games:any', json);
      expect(JSON.stringify((await client.next('event')).data)).toBe('{"a":{},"c":1}');
      await client.close();
    },
  );

  it('is rejected permanently if its stored JSON is nested too deeply, so that the outbox does not wait for it', async () => {
    const json = `{"__proto__":${'['.repeat(30_000)}${']'.repeat(30_000)}}`;
    await expect(app.events.publishJson('apps:created', json)).rejects.toMatchObject({
      name: 'InvalidEventError',
      field: 'data',
    });
  });

  it('is rejected before validation if validation would take long', async () => {
    await expect(app.events.emit('games:score' as never, withKeys(501) as never)).rejects.toThrow(
      /more than 500 properties/,
    );
    const events = Array.from({ length: 20 }, () => ({ channel: 'games:score', data: withKeys(4_000) }));
    const headers = { 'X-API-Key': 'k'.repeat(16), 'Content-Type': 'application/json' };
    const body = JSON.stringify(events.slice(0, 1));
    const answer = await fetch(`${app.http}/realtime/events`, { method: 'POST', headers, body });
    expect(answer.status).toBe(400);
    expect(await answer.text()).toContain('maxEventKeys');
  });
});
