import { ERROR_CODES } from '../../src/protocol/index.js';
import { connect, type WsClient } from '../support/ws-client.js';
import { RealtimeApp } from './support/realtime-app.js';
import { errorOf, stamped } from './support/shapes.js';

const field = (name: string): Record<string, unknown> => ({
  details: [{ field: name, message: expect.stringMatching(/^(must|cannot) /) }],
});

describe('a bad frame gets an error, and the connection stays open', () => {
  let app: RealtimeApp;
  let client: WsClient;

  beforeAll(async () => {
    app = await RealtimeApp.start();
  });
  afterAll(() => app.close());
  beforeEach(async () => {
    client = await app.connectAs();
  });
  afterEach(async () => {
    await client.close();
  });

  async function answered(frame: string | Uint8Array): Promise<unknown> {
    client.send(frame);
    const answer = await client.next();
    await client.expectNone();
    return answer;
  }

  it.each([
    ['nothing', ''],
    ['text', 'hello'],
    ['a cut object', '{"type":"ping"'],
    ['two objects', '{"type":"ping"}{"type":"ping"}'],
    ['single quotes', "{'type':'ping'}"],
    ['NaN', 'NaN'],
    ['unclosed brackets', '['.repeat(50_000)],
  ])('%s is invalid_json', async (_what, text) => {
    expect(await answered(text)).toEqual(
      stamped({ type: 'error', code: 'invalid_json', message: ERROR_CODES.invalid_json.message }),
    );
  });

  it.each(['[]', '[{"type":"ping"}]', 'null', '5', 'true', '"ping"', `${'['.repeat(9_000)}${']'.repeat(9_000)}`])(
    'JSON that is not an object is invalid_message: %.20s',
    async (text) => {
      expect(await answered(text)).toEqual(errorOf('invalid_message', field('')));
    },
  );

  it.each([new Uint8Array(0), Buffer.from('{"type":"ping"}'), Buffer.alloc(5000)])(
    'a binary frame is invalid_message, with any content',
    async (bytes) => {
      expect(await answered(bytes)).toEqual(errorOf('invalid_message', field('')));
    },
  );

  it.each(['{}', '{"type":""}', '{"type":5}', '{"type":null}', '{"type":["ping"]}', '{"__proto__":{"type":"ping"}}'])(
    'a frame without a usable type is invalid_message: %s',
    async (text) => {
      expect(await answered(text)).toEqual(errorOf('invalid_message', field('type')));
    },
  );

  it.each(['publish', 'event', 'PING', ' ping', '__proto__', 'constructor', 'toString', 'hasOwnProperty', '💥'])(
    'an unknown type is unknown_type: %s',
    async (type) => {
      expect(await answered(JSON.stringify({ type }))).toEqual(errorOf('unknown_type'));
    },
  );

  it.each<[object, string]>([
    [{ type: 'subscribe' }, 'channel'],
    [{ type: 'subscribe', channel: 5 }, 'channel'],
    [{ type: 'subscribe', channel: null }, 'channel'],
    [{ type: 'subscribe', channel: '' }, 'channel'],
    [{ type: 'subscribe', channel: 'apps created' }, 'channel'],
    [{ type: 'subscribe', channel: 'apps:' }, 'channel'],
    [{ type: 'subscribe', channel: ':created' }, 'channel'],
    [{ type: 'subscribe', channel: 'apps::created' }, 'channel'],
    [{ type: 'subscribe', channel: 'äpps:created' }, 'channel'],
    [{ type: 'subscribe', channel: '*' }, 'channel'],
    [{ type: 'subscribe', channel: 'apps*' }, 'channel'],
    [{ type: 'subscribe', channel: '*:created' }, 'channel'],
    [{ type: 'subscribe', channel: 'apps:%41' }, 'channel'],
    [{ type: 'subscribe', channel: 'x'.repeat(201) }, 'channel'],
    [{ type: 'subscribe', channel: 'apps:created\n' }, 'channel'],
    [{ type: 'subscribe', channels: [] }, 'channels'],
    [{ type: 'subscribe', channels: 'apps:created' }, 'channels'],
    [{ type: 'subscribe', channels: ['apps:created'], channel: 'apps:updated' }, 'channels'],
    [{ type: 'subscribe', channels: ['apps:created', 5] }, 'channels[1]'],
    [{ type: 'subscribe', channels: ['apps:created', null] }, 'channels[1]'],
    [{ type: 'subscribe', channels: [{}] }, 'channels[0].channel'],
    [{ type: 'subscribe', channels: [{ channel: 'apps:created', lastEventId: 5 }] }, 'channels[0].lastEventId'],
    [{ type: 'subscribe', channel: 'apps:created', lastEventId: 5 }, 'lastEventId'],
    [{ type: 'subscribe', channel: 'apps:created', lastEventId: null }, 'lastEventId'],
    [{ type: 'subscribe', channel: 'apps:created', lastEventId: 'x'.repeat(129) }, 'lastEventId'],
    [{ type: 'subscribe', channel: 'apps:*', lastEventId: 'e-1' }, 'lastEventId'],
    [{ type: 'subscribe', channel: 'apps:created', presence: 'yes' }, 'presence'],
    [{ type: 'unsubscribe' }, 'channel'],
    [{ type: 'unsubscribe', channels: [] }, 'channels'],
    [{ type: 'presence' }, 'channel'],
    [{ type: 'auth' }, 'token'],
    [{ type: 'auth', token: 5 }, 'token'],
    [{ type: 'auth', token: null }, 'token'],
  ])('a wrong field is invalid_message with its name: %j', async (frame, name) => {
    expect(await answered(JSON.stringify(frame))).toEqual(errorOf('invalid_message', field(name)));
  });

  it('lists all wrong fields at once', async () => {
    client.send({ type: 'subscribe', channels: [5, { channel: '', presence: 1 }], ref: 7 });
    expect(await client.next('error')).toMatchObject({
      code: 'invalid_message',
      details: [
        { field: 'ref' },
        { field: 'channels[0]' },
        { field: 'channels[1].channel' },
        { field: 'channels[1].presence' },
      ],
    });
  });

  it('subscribes to nothing if one field is wrong', async () => {
    await answered(JSON.stringify({ type: 'subscribe', channels: ['apps:created', ''] }));
    expect(await client.ask({ type: 'list_channels' })).toMatchObject({ subscribed: [] });
  });

  it('ignores unknown fields, without prototype pollution', async () => {
    client.send('{"type":"ping","__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},"x":{"y":[]}}');
    expect(await client.next()).toEqual(stamped({ type: 'pong' }));
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });
});

describe('excess', () => {
  let app: RealtimeApp;

  beforeAll(async () => {
    app = await RealtimeApp.start({ maxFrameBytes: 2048, framesPerSecond: 500 });
  });
  afterAll(() => app.close());

  it('100 bad frames within a minute get errors; after the error to the 101st, 4400 follows', async () => {
    const client = await app.connectAs();
    const bad = ['rubbish', '{}', '{"type":"rubbish"}', Buffer.from([1])];
    for (let count = 0; count < 100; count += 1) client.send(bad[count % 4]!);
    await client.fence();
    expect(client.frames.filter(({ type }) => type === 'error')).toHaveLength(100);
    client.send('rubbish');
    expect(await client.whenClosed()).toEqual({ code: 4400, reason: 'too many invalid frames' });
    expect(client.frames.filter(({ type }) => type === 'error')).toHaveLength(101);
  });

  it('refused requests do not count as bad frames', async () => {
    const client = await app.connectAs();
    for (let count = 0; count < 150; count += 1) client.send({ type: 'subscribe', channel: 'system:health' });
    await client.fence();
    expect(client.frames.filter((frame) => frame.type === 'error' && frame.code === 'forbidden')).toHaveLength(150);
    await client.close();
  });

  it('a frame of exactly the size limit is accepted, one byte more closes with 1009', async () => {
    const client = await app.connectAs();
    const padded = (size: number): string => `{"type":"ping","x":"${'x'.repeat(size - 22)}"}`;
    expect(padded(2048)).toHaveLength(2048);
    client.send(padded(2048));
    expect(await client.next()).toMatchObject({ type: 'pong' });
    client.send(padded(2049));
    expect(await client.whenClosed()).toMatchObject({ code: 1009 });
  });

  it('the size limit applies to whole messages, so fragments cannot bypass it', async () => {
    const client = await app.connectAs();
    client.socket.send('x'.repeat(1500), { fin: false });
    client.socket.send('x'.repeat(1500), { fin: true });
    expect(await client.whenClosed()).toMatchObject({ code: 1009 });
  });

  it('does not affect other connections', async () => {
    const good = await app.connectAs({ sub: 'good' });
    const bad = await app.connectAs({ sub: 'bad' });
    bad.send('x'.repeat(5000));
    await bad.whenClosed();
    await good.fence();
    await good.close();
  });
});

describe('too many frames per second', () => {
  let app: RealtimeApp;

  beforeAll(async () => {
    app = await RealtimeApp.start({ framesPerSecond: 5 });
  });
  afterAll(() => app.close());

  const countOf = (client: WsClient, code: string): number =>
    client.frames.filter((frame) => frame.type === 'error' && frame.code === code).length;

  it('each get rate_limited without their ref, and after the same number again 4503', async () => {
    const client = await app.connectAs();
    for (let count = 0; count < 40; count += 1) client.send({ type: 'ping', ref: `r${count}` });
    expect(await client.whenClosed()).toEqual({ code: 4503, reason: 'rate limit exceeded' });
    const pongs = client.frames.filter(({ type }) => type === 'pong').length;
    expect(pongs).toBeGreaterThanOrEqual(10); // the allowed burst
    expect(pongs).toBeLessThan(13);
    expect(countOf(client, 'rate_limited')).toBe(10);
    expect(client.frames.findLast(({ type }) => type === 'error')).toEqual(errorOf('rate_limited'));
  });

  it('leave no frame without a reply', async () => {
    const client = await app.connectAs();
    for (let count = 0; count < 18; count += 1) client.send({ type: 'ping', ref: `r${count}` });
    // Of 18 pings at least 10 get a pong. Fewer than 10 excess frames do not close the connection.
    while (client.frames.length < 1 + 18) await client.next();
    expect(client.frames.slice(1).every(({ type }) => type === 'pong' || type === 'error')).toBe(true);
    await client.close();
  });

  it('are rejected before they are parsed: a bad one among them is rate_limited too', async () => {
    const client = await app.connectAs();
    for (let count = 0; count < 10; count += 1) client.send({ type: 'ping' });
    for (let count = 0; count < 5; count += 1) client.send('rubbish');
    while (client.frames.length < 1 + 15) await client.next();
    expect(countOf(client, 'rate_limited')).toBeGreaterThanOrEqual(4);
    expect(countOf(client, 'rate_limited') + countOf(client, 'invalid_json')).toBe(5);
    await client.close();
  });
});

describe('as many replies as frames', () => {
  it('for any mix of frames and any number of waiting ones', async () => {
    const app = await RealtimeApp.start({ framesPerSecond: 2_000 });
    const client = await connect(app.url);
    await client.next('connected');
    const mix = [
      '{"type":"ping"}',
      '{"type":"subscribe","channel":"announcements"}',
      '{"type":"subscribe","channel":"apps:created"}',
      '{"type":"unsubscribe","channel":"announcements"}',
      '{"type":"unsubscribe","channel":"announcements"}',
      '{"type":"list_channels"}',
      '{"type":"stats"}',
      '{"type":"presence","channel":"announcements"}',
      '{"type":"subscribe","channel":"apps:*"}',
    ];
    for (let count = 0; count < 1800; count += 1) client.send(mix[count % mix.length]!);
    await client.fence();
    const pongs = client.frames.filter(({ type }) => type === 'pong').length;
    expect(pongs).toBe(201); // one per mix, plus the one of the fence
    expect(client.frames).toHaveLength(1 + 1800 + 1);
    await client.close();
    await app.close();
  });
});
