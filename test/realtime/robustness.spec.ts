import { signToken } from '../support/jwt.js';
import { TcpClient, upgradeRequest } from '../support/tcp.js';
import { startChildApp } from './support/child-app.js';
import { BINARY, CLOSE, CONTINUATION, encodeFrame, PING, RawWebSocket, TEXT } from './support/raw-web-socket.js';
import { RealtimeApp } from './support/realtime-app.js';
import { errorOf } from './support/shapes.js';

const path = `/ws?token=${signToken()}`;
const ping = (ref: string): Buffer => encodeFrame(TEXT, JSON.stringify({ type: 'ping', ref }));

describe('bytes that no well-behaved client sends', () => {
  let app: RealtimeApp;

  beforeAll(async () => {
    app = await RealtimeApp.start({ framesPerSecond: 5_000 });
  });
  afterAll(() => app.close());
  afterEach(async () => {
    const client = await app.connectAs({ sub: 'after' });
    await client.fence(); // the server still works
    await client.close();
  });

  const raw = async (): Promise<RawWebSocket> => {
    const client = await RawWebSocket.connect(app.port, { path });
    await client.until('connected');
    return client;
  };

  it.each<[string, Record<string, string | undefined>, RegExp]>([
    ['no key', { 'Sec-WebSocket-Key': undefined }, /^HTTP\/1\.1 400 /],
    ['a bad key', { 'Sec-WebSocket-Key': 'short' }, /^HTTP\/1\.1 400 /],
    ['no version', { 'Sec-WebSocket-Version': undefined }, /^HTTP\/1\.1 (400|426) /],
    ['an old version', { 'Sec-WebSocket-Version': '7' }, /^HTTP\/1\.1 (400|426) /],
    ['an invalid subprotocol', { 'Sec-WebSocket-Protocol': 'a,,b' }, /^HTTP\/1\.1 400 /],
    ['the same subprotocol twice', { 'Sec-WebSocket-Protocol': 'a, a' }, /^HTTP\/1\.1 400 /],
  ])('an upgrade with %s is refused over HTTP, and closed', async (_what, headers, status) => {
    const client = await TcpClient.connect(app.port);
    client.send(upgradeRequest({ headers }));
    expect(await client.untilClosed()).toMatch(status);
  });

  it.each([
    '/ws?',
    '/ws?token',
    '/ws?%',
    '/ws?token=%',
    '/ws?token=%00',
    '/ws?a=b&token=x',
    '/ws?&&&=',
    '/ws?token=%C3',
  ])('an unusual query is accepted or gets an error, never worse: %s', async (odd) => {
    const client = await RawWebSocket.connect(app.port, { path: odd });
    await client.until('timestamp');
    expect(client.messages[0]!['type']).toMatch(/^(connected|error)$/);
    client.tcp.destroy();
  });

  it('frames right after the upgrade are all handled in order, once the identity is known', async () => {
    const frames = Array.from({ length: 120 }, (_, index) => ping(`r${index}`));
    const client = await RawWebSocket.connect(app.port, { path }, frames);
    await client.until('"r119"');
    expect(client.messages[0]).toMatchObject({ type: 'connected', user: { userId: 'u1' } });
    expect(client.messages.slice(1).map(({ ref }) => ref)).toEqual(frames.map((_, index) => `r${index}`));
    client.tcp.destroy();
  });

  it('frames right after an upgrade with a bad token are not handled', async () => {
    const frames = [encodeFrame(TEXT, '{"type":"subscribe","channel":"announcements"}')];
    const client = await RawWebSocket.connect(app.port, { path: '/ws?token=rubbish' }, frames);
    await client.until('no valid token');
    expect(client.messages).toEqual([errorOf('token_invalid')]);
    expect(client.closeCode).toBe(4401);
    client.tcp.destroy();
  });

  it('more frames at once than can wait all get replies, in order', async () => {
    const client = await raw();
    const subscribe = JSON.stringify({ type: 'subscribe', channel: 'apps:*' });
    const many = Array.from({ length: 2_000 }, (_, index) => ping(`r${index}`));
    client.tcp.send(Buffer.concat([encodeFrame(TEXT, subscribe), ...many]));
    await client.until('"r1999"');
    const refs = client.messages.flatMap(({ ref }) => (ref === undefined ? [] : [ref]));
    expect(refs).toEqual(many.map((_, index) => `r${index}`));
    client.tcp.destroy();
  });

  it('a message in fragments, with a ping in between, is one message', async () => {
    const client = await raw();
    client.send(TEXT, '{"type":"pi', { fin: false });
    client.send(PING, 'between');
    client.send(CONTINUATION, 'ng","ref":"', { fin: false });
    client.send(CONTINUATION, 'whole"}');
    await client.until('"whole"');
    await client.until('between');
    client.tcp.destroy();
  });

  it('a message that arrives byte by byte is one message', async () => {
    const client = await raw();
    for (const byte of ping('slowly')) client.tcp.send(Uint8Array.of(byte));
    await client.until('"slowly"');
    client.tcp.destroy();
  });

  it.each<[string, number, (client: RawWebSocket) => void]>([
    ['an unmasked frame', 1002, (client) => client.send(TEXT, '{"type":"ping"}', { masked: false })],
    ['a reserved opcode', 1002, (client) => client.send(3, 'x')],
    ['a continuation without a first frame', 1002, (client) => client.send(CONTINUATION, 'x')],
    ['a ping in fragments', 1002, (client) => client.send(PING, 'x', { fin: false })],
    ['a ping that is too long', 1002, (client) => client.send(PING, 'x'.repeat(126))],
    ['a reserved bit', 1002, (client) => client.tcp.send(Buffer.from([0xc1, 0x80, 0, 0, 0, 0]))],
    ['an invalid close code', 1002, (client) => client.send(CLOSE, Buffer.from([0x03, 0xec]))],
    ['invalid UTF-8', 1007, (client) => client.send(TEXT, Buffer.from([0x22, 0xff, 0x22]))],
    ['invalid UTF-8 in the reason of a close', 1007, (client) => client.send(CLOSE, Buffer.from([0x03, 0xe8, 0xff]))],
  ])('%s closes with %i', async (_what, code, misbehave) => {
    const client = await raw();
    const gone = app.gone('u1');
    misbehave(client);
    await client.tcp.untilClosed();
    expect(client.closeCode).toBe(code);
    await gone;
  });

  it('a binary frame with invalid UTF-8 is handled like any binary frame', async () => {
    const client = await raw();
    client.send(BINARY, Buffer.from([0xff, 0xfe]));
    await client.until('invalid_message');
    client.tcp.destroy();
  });

  it('a frame that announces a huge length closes with 1009 before it arrives', async () => {
    const client = await raw();
    client.tcp.send(Buffer.from([0x81, 0xff, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff]));
    await client.tcp.untilClosed();
    expect(client.closeCode).toBe(1009);
  });

  it('a close is echoed with the same code', async () => {
    const client = await raw();
    const gone = app.gone('u1');
    client.send(CLOSE, Buffer.from([0x0f, 0xa0])); // 4000
    await client.tcp.untilClosed();
    expect(client.closeCode).toBe(4000);
    expect(await gone).toBe(4000);
  });

  it('a connection that is reset leaves nothing behind', async () => {
    const client = await raw();
    client.sendJson({ type: 'subscribe', channel: 'apps:created' });
    await client.until('subscribed');
    const gone = app.gone('u1');
    client.tcp.reset();
    expect(await gone).toBe(1006);
    expect(app.registry.stats()).toMatchObject({ connections: 0, subscriptions: 0, channels: 0, users: 0 });
  });
});

describe('no input ends the process', () => {
  it('neither resets at any time, nor any bytes', async () => {
    const child = await startChildApp();
    const port = Number(new URL(child.http).port);
    const upgrade = upgradeRequest({ path });
    const openings = [
      '',
      'GET',
      upgrade.slice(0, 40),
      upgrade,
      upgrade + 'rubbish',
      upgradeRequest({ path: '/nowhere' }),
      upgradeRequest({ headers: { 'Sec-WebSocket-Key': 'bad' } }),
      upgradeRequest({ path: '/ws?token=rubbish' }),
      upgradeRequest({ path: `/ws?token=${encodeURIComponent('é\u0000')}` }),
      Buffer.concat([Buffer.from(upgrade), ping('1'), encodeFrame(TEXT, '{', { masked: false })]),
      Buffer.concat([Buffer.from(upgrade), encodeFrame(TEXT, '{"type":"subscribe","channel":"apps:*"}')]),
    ];
    for (let round = 0; round < 10; round += 1) {
      await Promise.all(
        openings.map(async (bytes, index) => {
          const client = await TcpClient.connect(port);
          client.send(bytes);
          // At once, or a few turns later.
          for (let turn = 0; turn < (round + index) % 4; turn += 1) await new Promise(setImmediate);
          client.reset();
        }),
      );
    }
    const client = await RawWebSocket.connect(port, { path }, [ping('still here')]);
    await client.until('still here');
    client.tcp.destroy();
    expect(await child.process.stop('SIGTERM')).toEqual({ code: null, signal: 'SIGTERM' });
    expect(child.process.stderr).toBe('');
  });
});
