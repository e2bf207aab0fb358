import { Redis } from 'ioredis';
import { once } from 'node:events';
import { Agent, request, type IncomingMessage } from 'node:http';
import { connect as connectTcp } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { REQUEST_TYPES } from '../../src/protocol/index.js';
import { signToken } from '../support/jwt.js';
import { RedisProcess } from '../support/redis-process.js';
import type { WsClient } from '../support/ws-client.js';
import { SamePathGateway } from './support/other-gateways.js';
import { RealtimeApp } from './support/realtime-app.js';

/** What one request caused. */
interface Cost {
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly cpuMs: number;
  readonly keys: number;
}

/** A frame of a size: `count` is the number of channels, or of problems, in it. */
type MakeFrame = (count: number) => object | string | Buffer;

const REF = '😀'.repeat(64);
const names = (count: number, prefix = 'rooms:') => Array.from({ length: count }, (_, index) => `${prefix}${index}`);
const padding = (count: number) => 'x'.repeat(100 * count);

/** The frames that are measured. SECURITY.md has a row for each. */
const FRAMES: [string, MakeFrame][] = [
  ['subscribe to new names', (count) => ({ type: 'subscribe', channels: names(count), ref: REF })],
  ['subscribe to unknown names', (count) => ({ type: 'subscribe', channels: names(count, 'x:'), ref: REF })],
  ['subscribe to one name', (count) => ({ type: 'subscribe', channels: names(count).map(() => 'rooms:1') })],
  ['subscribe to wildcards', (count) => ({ type: 'subscribe', channels: names(count).map(() => 'apps:*') })],
  ['unsubscribe', (count) => ({ type: 'unsubscribe', channels: names(count), ref: REF })],
  ['malformed targets', (count) => ({ type: 'subscribe', channels: names(count).map(() => 0) })],
  ['far too many names', (count) => ({ type: 'subscribe', channels: names(20 * count) })],
  ['no JSON', padding],
  ['deep JSON', (count) => `{"type":"ping","x":${'['.repeat(50 * count)}${']'.repeat(50 * count)}}`],
  ['one key again and again', (count) => `{${'"type":"ping",'.repeat(7 * count)}"x":1}`],
  ['a long ref', (count) => ({ type: 'ping', ref: padding(count) })],
  ['unknown type', (count) => ({ type: padding(count) })],
  ['ping', (count) => ({ type: 'ping', padding: padding(count) })],
  ['auth', (count) => ({ type: 'auth', token: padding(count) })],
  ['presence', (count) => ({ type: 'presence', channel: 'rooms:1', padding: padding(count) })],
  ['list_channels', (count) => ({ type: 'list_channels', padding: padding(count) })],
  ['stats', (count) => ({ type: 'stats', padding: padding(count) })],
  ['an application message that is sent back', (count) => ({ type: 'respond', data: padding(count) })],
  ['binary', (count) => Buffer.alloc(100 * count)],
];

/** What SECURITY.md says: the most bytes out for one byte in, beside a constant for each frame. */
const PER_BYTE = 64;
const PER_FRAME = 6_000;

/**
 * Each route of the module, without the option `console`, whose pages are files: the status for a stranger, that for who may, and the keys in Redis that
 * the latter leaves.
 */
const ROUTES: Readonly<Record<string, readonly [stranger: number, operator: number, keys: number]>> = {
  'POST /realtime/events': [401, 400, 0],
  'POST /realtime/tickets': [401, 201, 1],
  'GET /realtime/asyncapi.json': [401, 200, 0],
  'GET /realtime/stats': [401, 200, 1],
  'GET /realtime/connections': [401, 200, 0],
  'GET /realtime/connections/:id': [401, 404, 0],
  'GET /realtime/channels': [401, 200, 0],
  'GET /realtime/channels/:channel/history': [401, 404, 0],
  'GET /realtime/explain': [401, 400, 0],
  'DELETE /realtime/connections/:id': [401, 404, 1],
  'POST /realtime/connections/:id/revoke': [401, 404, 1],
  'POST /realtime/users/:userId/disconnect': [401, 200, 1],
  'POST /realtime/users/:userId/revoke': [401, 200, 2],
  'POST /realtime/users/:userId/reauthorize': [401, 200, 1],
  'POST /realtime/sessions/:jti/disconnect': [401, 200, 1],
  'POST /realtime/sessions/:jti/revoke': [401, 200, 2],
  'POST /realtime/tokens/revoke': [401, 400, 0],
};

describe('the cost of one request, measured at a socket', () => {
  let redis: RedisProcess;
  let admin: Redis;
  let app: RealtimeApp;
  let client: WsClient;
  let bytesOut = 0;
  let users = 0;

  beforeAll(async () => {
    redis = await RedisProcess.start();
    admin = new Redis(redis.url);
    app = await RealtimeApp.start(
      {
        redis: { url: redis.url },
        channels: [
          { name: 'rooms:{id}', access: 'authenticated' },
          { name: 'lobby:{id}', access: 'authenticated', presence: true },
        ],
        framesPerSecond: 10_000,
        handshakesPerSecondPerUser: 1,
        presenceGraceMs: 0,
        operatorApi: true,
        compression: true,
        publishApiKeys: ['k'.repeat(16)],
      },
      { providers: [SamePathGateway] },
    );
  });
  afterAll(async () => {
    await app.close();
    admin.disconnect();
    await redis.stop();
  });
  beforeEach(async () => {
    client = await app.connectAs({ sub: `boss ${(users += 1)}`, role: 'admin' });
    client.socket.on('message', (data: Buffer) => (bytesOut += data.length));
    client.socket.on('pong', (data: Buffer) => (bytesOut += data.length));
  });
  afterEach(() => client.close());

  const measure = async (work: () => number): Promise<Cost> => {
    await client.fence();
    const [before, cpu, keys] = [bytesOut, process.cpuUsage(), await admin.dbsize()];
    const bytesIn = work();
    await client.fence();
    const { user, system } = process.cpuUsage(cpu);
    const cost = { bytesIn, bytesOut: bytesOut - before, cpuMs: (user + system) / 1_000 };
    return { ...cost, keys: (await admin.dbsize()) - keys };
  };

  const send = (frame: ReturnType<MakeFrame>): number => {
    const text = typeof frame === 'string' || Buffer.isBuffer(frame) ? frame : JSON.stringify(frame);
    client.send(text);
    return Buffer.byteLength(text);
  };

  it('is measured for every type of frame', () => {
    const measured = FRAMES.map(([, make]) => make(1)).map((frame) => (frame as { type?: string }).type);
    expect(measured).toEqual(expect.arrayContaining([...REQUEST_TYPES]));
  });

  it.each(FRAMES)('%s: bytes and time grow with its size, and no key is left in Redis', async (what, make) => {
    if (what !== 'auth') await measure(() => send(make(1))); // warms up; the third refused token in a row would close the connection
    const [one, two] = [await measure(() => send(make(80))), await measure(() => send(make(160)))];
    for (const { bytesIn, bytesOut: out, keys } of [one, two]) {
      expect(out).toBeLessThan(PER_BYTE * bytesIn + PER_FRAME);
      expect(keys).toBe(0);
    }
    // Twice the size costs at most four times as much, on a machine that does other things too.
    expect(two.cpuMs).toBeLessThan(4 * one.cpuMs + 100);
  });

  it('a ping of WebSocket: its bytes come back, and no key is left in Redis', async () => {
    const pings = (count: number) => (): number => {
      for (let index = 0; index < count; index += 1) client.socket.ping('x'.repeat(125));
      return 125 * count;
    };
    const { bytesIn, bytesOut: out, keys } = await measure(pings(100));
    expect(out).toBeLessThan(bytesIn + 200); // the fence
    expect(out).toBeGreaterThanOrEqual(bytesIn);
    expect(keys).toBe(0);
  });

  it('a compressed frame: costs what it weighs unpacked, at most 64 KiB', async () => {
    const frame = `{"type":"ping","x":"${'x'.repeat(65_000)}"}`;
    const repeat = (count: number) => (): number => {
      for (let index = 0; index < count; index += 1) client.send(frame);
      return count;
    };
    await measure(repeat(1));
    const { bytesOut: out, cpuMs, keys } = await measure(repeat(20));
    expect(client.socket.extensions).toContain('permessage-deflate');
    expect(out).toBeLessThan(21 * 200);
    expect(cpuMs).toBeLessThan(20 * 20); // the client packs it in the same process
    expect(keys).toBe(0);
    client.send(`{"x":"${'x'.repeat(1_000_000)}"}`);
    expect((await client.whenClosed()).code).toBe(1009);
  });

  it('presence: one key for each channel, until its last subscriber leaves', async () => {
    const keys = await admin.dbsize();
    const channels = names(20, 'lobby:').map((channel) => ({ channel, presence: true }));
    client.send({ type: 'subscribe', channels });
    for (const _ of channels) await client.next('presence');
    expect((await admin.dbsize()) - keys).toBeLessThanOrEqual(21); // and one of the instance
    client.send({ type: 'unsubscribe', channels: names(20, 'lobby:') });
    while ((await admin.dbsize()) > keys + 1) await client.fence();
  });

  it('all frames together leave no memory behind', async () => {
    const others = FRAMES.filter(([what]) => what !== 'auth' && what !== 'binary');
    let bytesIn = 0;
    const round = async (): Promise<void> => {
      const user = await app.connectAs({ sub: 'memory', role: 'admin' });
      for (const [, make] of others) {
        const frame = make(80);
        const text = typeof frame === 'object' ? JSON.stringify(frame) : frame;
        user.send(text);
        bytesIn += text.length;
      }
      await user.fence();
      const gone = app.gone('memory');
      await user.close();
      await gone;
    };
    const held = (): number => {
      collectGarbage();
      const { heapUsed, external } = process.memoryUsage();
      return heapUsed + external;
    };
    await round();
    const before = held();
    bytesIn = 0;
    for (let count = 0; count < 6; count += 1) await round();
    expect(bytesIn).toBeGreaterThan(500_000);
    expect(held() - before).toBeLessThan(4 * bytesIn);
  });

  describe('a handshake', () => {
    /** Bytes of everything that comes back until a frame with this text is here, or the server ends the connection. */
    const shake = async (headers: object, path: string, wanted: string): Promise<[string, number]> => {
      const socket = connectTcp(app.port, '127.0.0.1');
      const lines = Object.entries({ ...UPGRADE, ...headers }).map(([name, value]) => `${name}: ${value}\r\n`);
      socket.write(`GET ${path} HTTP/1.1\r\n${lines.join('')}\r\n`);
      let text = '';
      let count = 0;
      socket.on('data', (data: Buffer) => {
        count += data.length;
        text += data.toString('latin1');
        if (text.includes(wanted)) socket.destroy();
      });
      await once(socket, 'close');
      return [text.slice(9, 12), count];
    };
    const bearer = (token: string) => ({ Authorization: `Bearer ${token}` });

    it.each<[string, string, object, string, string]>([
      ['without a token', '101', {}, '/ws', '"connected"'],
      ['with a token', '101', bearer(signToken({ sub: 'someone' })), '/ws', '"connected"'],
      ['with a bad token', '101', bearer('x'.repeat(4_000)), '/ws', 'token_invalid'],
      ['with a token that is over', '101', bearer(signToken({ exp: 1 })), '/ws', 'token_expired'],
      ['with a bad ticket', '101', {}, `/ws?ticket=${'x'.repeat(43)}`, 'token_invalid'],
      ['with more channels than are allowed', '101', {}, `/ws?channels=${names(900, 'x:').join()}`, 'invalid_message'],
      ['from a foreign origin', '403', { Origin: 'https://evil.example' }, '/ws', '"connected"'],
      ['without a key', '400', { 'Sec-WebSocket-Key': '' }, '/ws', '"connected"'],
      ['of another version', '426', { 'Sec-WebSocket-Version': '99' }, '/ws', '"connected"'],
      ['on another path', '404', { Connection: 'Upgrade, close' }, '/elsewhere', '"connected"'],
    ])('%s gets %s, at most 4 KiB, and leaves no key', async (_what, status, headers, path, wanted) => {
      const keys = await admin.dbsize();
      const [answered, count] = await shake(headers, path, wanted);
      expect(answered).toBe(status);
      expect(count).toBeLessThan(4_096);
      expect(await admin.dbsize()).toBe(keys);
    });

    it.each([
      ['of a user in a loop', '503', signToken({ sub: 'loop' })],
      ['with one bad token again and again', '401', 'bad'],
    ])('%s gets %s, and less than 500 bytes', async (_what, status, token) => {
      const keys = await admin.dbsize();
      const answers: [string, number][] = [];
      for (let count = 0; count < 22; count += 1) answers.push(await shake(bearer(token), '/ws', '"type"'));
      const [answered, count] = answers.at(-1)!;
      expect(answered).toBe(status);
      expect(count).toBeLessThan(500);
      expect(await admin.dbsize()).toBe(keys);
    });
  });

  describe('a REST call', () => {
    const BODY = JSON.stringify({ channel: 'x'.repeat(50_000) });

    /** Sends one call on a connection of its own. @returns its status, and all bytes that came back */
    const call = async (route: string, headers: Record<string, string> = {}): Promise<[number, number]> => {
      const [method, path] = route.split(' ') as [string, string];
      const options = { method, agent: new Agent(), headers: { 'Content-Type': 'application/json', ...headers } };
      const sent = request(app.http + path.replace(/:\w+/g, 'none'), options);
      sent.on('error', () => undefined); // the server may answer before it has read the body, and close
      sent.end(method === 'POST' ? BODY : undefined);
      const [response] = (await once(sent, 'response')) as [IncomingMessage];
      const { socket } = response;
      let count = 0;
      for await (const chunk of response) count += (chunk as Buffer).length;
      const head = response.rawHeaders.reduce((sum, text) => sum + text.length + 2, 20);
      socket.destroy();
      return [response.statusCode!, count + head];
    };

    it('is measured for every route', () => {
      const { router } = app.app.getHttpAdapter().getInstance() as { router: { stack: readonly Layer[] } };
      const routes = router.stack.flatMap(({ route }) =>
        route === undefined ? [] : Object.keys(route.methods).map((method) => `${method.toUpperCase()} ${route.path}`),
      );
      expect(new Set(routes)).toEqual(new Set(Object.keys(ROUTES)));
    });

    it.each(Object.entries(ROUTES))('%s of a stranger: at most 2 KiB, and no key', async (route, [status]) => {
      const keys = await admin.dbsize();
      const [answered, count] = await call(route);
      expect(answered).toBe(status);
      expect(count).toBeLessThan(2_048);
      expect(await admin.dbsize()).toBe(keys);
    });

    it.each(Object.entries(ROUTES))('%s of an operator: at most %j keys', async (route, [, status, most]) => {
      const keys = await admin.dbsize();
      const credential: Record<string, string> = route.includes('events')
        ? { 'X-API-Key': 'k'.repeat(16) }
        : { Authorization: `Bearer ${signToken({ sub: 'operator', role: 'admin' })}` };
      const [answered, count] = await call(
        route.replace('tokens/revoke', 'tokens/revoke?issuedBefore=never'),
        credential,
      );
      expect(answered).toBe(status);
      if (!route.startsWith('GET')) expect(count).toBeLessThan(2_048);
      expect((await admin.dbsize()) - keys).toBeLessThanOrEqual(most);
    });
  });
});

/** A layer of Express's router. */
interface Layer {
  readonly route?: { readonly path: string; readonly methods: Readonly<Record<string, boolean>> };
}

const UPGRADE = {
  Host: 'localhost',
  Connection: 'Upgrade',
  Upgrade: 'websocket',
  'Sec-WebSocket-Version': '13',
  'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
};

function collectGarbage(): void {
  setFlagsFromString('--expose_gc');
  (runInNewContext('gc') as () => void)();
}
