import { Redis } from 'ioredis';
import { WebSocket } from 'ws';
import { RealtimeApp } from './support/realtime-app.js';
import { RedisProcess } from '../support/redis-process.js';
import type { WsClient } from '../support/ws-client.js';

/** What one request caused. */
interface Cost {
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly cpuMs: number;
  readonly keys: number;
}

/** A frame of a size: `count` is the number of channels, or of problems, in it. */
type MakeFrame = (count: number) => object | string;

const REF = '😀'.repeat(64);
const names = (count: number, prefix = 'rooms:') => Array.from({ length: count }, (_, index) => `${prefix}${index}`);

/** What SECURITY.md says: the most bytes out for one byte in, beside a constant for each frame. */
const PER_BYTE = 64;
const PER_FRAME = 6_000;

describe('the cost of one request, measured at a socket', () => {
  let redis: RedisProcess;
  let admin: Redis;
  let app: RealtimeApp;
  let client: WsClient;
  let bytesOut = 0;

  beforeAll(async () => {
    redis = await RedisProcess.start();
    admin = new Redis(redis.url);
    app = await RealtimeApp.start({
      redis: { url: redis.url },
      channels: [{ name: 'rooms:{id}', access: 'authenticated' }],
      framesPerSecond: 10_000,
    });
  });
  afterAll(async () => {
    await app.close();
    admin.disconnect();
    await redis.stop();
  });
  beforeEach(async () => {
    client = await app.connectAdmin();
    client.socket.on('message', (data: Buffer) => (bytesOut += data.length));
  });
  afterEach(() => client.close());

  const measure = async (frame: object | string): Promise<Cost> => {
    const text = typeof frame === 'string' ? frame : JSON.stringify(frame);
    await client.fence();
    const [before, cpu, keys] = [bytesOut, process.cpuUsage(), await admin.dbsize()];
    client.send(text);
    await client.fence();
    const { user, system } = process.cpuUsage(cpu);
    return {
      bytesIn: Buffer.byteLength(text),
      bytesOut: bytesOut - before,
      cpuMs: (user + system) / 1_000,
      keys: (await admin.dbsize()) - keys,
    };
  };

  it.each<[string, MakeFrame]>([
    ['subscribe to new names', (count) => ({ type: 'subscribe', channels: names(count), ref: REF })],
    ['subscribe to unknown names', (count) => ({ type: 'subscribe', channels: names(count, 'x:'), ref: REF })],
    [
      'subscribe to one name many times',
      (count) => ({ type: 'subscribe', channels: names(count).map(() => 'rooms:1') }),
    ],
    ['subscribe to wildcards', (count) => ({ type: 'subscribe', channels: names(count, 'apps:').map(() => 'apps:*') })],
    ['unsubscribe', (count) => ({ type: 'unsubscribe', channels: names(count), ref: REF })],
    ['malformed targets', (count) => ({ type: 'subscribe', channels: names(count).map(() => 0) })],
    ['far too many names', (count) => ({ type: 'subscribe', channels: names(20 * count) })],
    ['no JSON', (count) => 'x'.repeat(100 * count)],
    ['unknown type', (count) => ({ type: 'x'.repeat(100 * count) })],
    ['ping with much beside', (count) => ({ type: 'ping', padding: 'x'.repeat(100 * count) })],
    ['auth', (count) => ({ type: 'auth', token: 'x'.repeat(100 * count) })],
    ['presence', (count) => ({ type: 'presence', channel: 'rooms:1', padding: 'x'.repeat(100 * count) })],
    ['list_channels', (count) => ({ type: 'list_channels', padding: 'x'.repeat(100 * count) })],
    ['stats', (count) => ({ type: 'stats', padding: 'x'.repeat(100 * count) })],
  ])('%s: bytes and time grow with its size, and no key is left in Redis', async (what, make) => {
    if (what !== 'auth') await measure(make(1)); // warms up; the third refused token in a row would close the connection
    const [one, two] = [await measure(make(80)), await measure(make(160))];
    for (const { bytesIn, bytesOut: out, keys } of [one, two]) {
      expect(out).toBeLessThan(PER_BYTE * bytesIn + PER_FRAME);
      expect(keys).toBe(0);
    }
    // Twice the size costs at most four times as much, on a machine that does other things too.
    expect(two.cpuMs).toBeLessThan(4 * one.cpuMs + 100);
  });

  it.each([
    ['no token', '', {}],
    ['a bad token', `?token=${'x'.repeat(4_000)}`, {}],
    ['a foreign origin', '', { Origin: 'https://evil.example' }],
  ])('a handshake with %s sends at most 4 KiB, and leaves no key', async (_what, query, headers) => {
    const keys = await admin.dbsize();
    const socket = new WebSocket(app.url + query, { headers });
    let out = 0;
    socket.on('message', (data: Buffer) => (out += data.length));
    socket.on('error', () => undefined);
    socket.once('message', () => socket.close());
    await new Promise((resolve) => socket.once('close', resolve));
    expect(out).toBeLessThan(4_096);
    expect(await admin.dbsize()).toBe(keys);
  });

  it.each([
    ['POST', '/realtime/events'],
    ['POST', '/realtime/tickets'],
    ['GET', '/realtime/connections'],
    ['GET', '/realtime/asyncapi.json'],
    ['DELETE', '/realtime/users/u1/connections'],
  ])('%s %s: a stranger gets at most 2 KiB for any body, and leaves no key', async (method, path) => {
    const keys = await admin.dbsize();
    const body = method === 'GET' ? null : JSON.stringify({ channel: 'x'.repeat(50_000) });
    const answer = await fetch(app.http + path, { method, body, headers: { 'Content-Type': 'application/json' } });
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect((await answer.text()).length).toBeLessThan(2_048);
    expect(await admin.dbsize()).toBe(keys);
  });
});
