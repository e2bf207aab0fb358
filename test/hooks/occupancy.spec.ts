import { setTimeout as delay } from 'node:timers/promises';
import { RedisProcess } from '../support/redis-process.js';
import type { WsClient } from '../support/ws-client.js';
import { ROOM, startHooks, type HooksInstance } from './support/hooks-app.js';

const subscribe = (client: WsClient, channel = ROOM) => client.ask({ type: 'subscribe', channel });
const ask = (client: WsClient, more: object = {}) => client.ask({ type: 'occupancy', channel: ROOM, ...more });
/** Waits until a watcher has received this count. */
const counted = (client: WsClient, count: number) => client.next('occupancy', ({ counts }) => counts[ROOM] === count);

describe.each(['memory', 'Redis'])('the occupancy of a channel over %s', (store) => {
  let redis: RedisProcess | null = null;
  let one: HooksInstance;
  let two: HooksInstance;

  beforeAll(async () => {
    redis = store === 'memory' ? null : await RedisProcess.start();
    const options = {
      channels: [
        { name: 'rooms:{id}', access: 'public', occupancy: true },
        { name: 'halls:{id}', access: 'public' },
        { name: 'vaults:{id}', access: 'admin', occupancy: true },
      ] as const,
    };
    one = await startHooks(redis?.url ?? null, { ...options, channels: [...options.channels] });
    two = redis === null ? one : await startHooks(redis.url, { ...options, channels: [...options.channels] });
  });
  afterAll(async () => {
    await Promise.all([...new Set([one, two])].map(({ app }) => app.close()));
    await redis?.stop();
  });

  it('is sent to those who watch, with each change on any instance, at most once a second', async () => {
    const watcher = await one.app.connect();
    await subscribe(watcher);
    expect(await ask(watcher, { watch: true })).toMatchObject({
      type: 'occupancy',
      counts: { [ROOM]: expect.any(Number) },
    });
    const others = [await two.app.connect(), await two.app.connectAs({ sub: 'u' }), await one.app.connect()];
    for (const other of others) await subscribe(other);
    await counted(watcher, 4);
    for (const other of others.splice(0, 2)) await other.close();
    await counted(watcher, 2);
    const times = watcher.frames.flatMap((frame) =>
      frame.type === 'occupancy' && !('ref' in frame) ? [frame.timestamp] : [],
    );
    const gaps = times.slice(1).map((time, index) => Date.parse(time) - Date.parse(times[index]!));
    expect(Math.min(Infinity, ...gaps)).toBeGreaterThanOrEqual(990);
    expect(others[0]!.frames.some(({ type }) => type === 'occupancy')).toBe(false);
    await watcher.ask({ type: 'unsubscribe', channel: ROOM });
    await others[0]!.close();
    await watcher.close();
  });

  it('answers a client that is not subscribed', async () => {
    const viewer = await two.app.connect();
    await subscribe(viewer, 'rooms:two');
    const watcher = await two.app.connect();
    await subscribe(watcher, 'rooms:two');
    watcher.send({ type: 'occupancy', channel: 'rooms:two', watch: true });
    await watcher.next('occupancy', ({ counts }) => counts['rooms:two'] === 2);
    const client = await one.app.connect();
    expect(await ask(client, { channel: 'rooms:two' })).toMatchObject({ counts: { 'rooms:two': 2 } });
    expect(await ask(client, { channel: 'rooms:empty' })).toMatchObject({ counts: { 'rooms:empty': 0 } });
    expect(await ask(client, { channel: 'rooms:two', watch: true })).toMatchObject({ code: 'not_subscribed' });
    for (const each of [viewer, watcher, client]) await each.close();
  });

  it('refuses channels that the client cannot use, and those without occupancy', async () => {
    const client = await one.app.connect();
    const code = async (channel: string, more: object = {}) => ask(client, { channel, ...more });
    expect(await code('vaults:1')).toMatchObject({ type: 'error', code: 'forbidden', channel: 'vaults:1' });
    expect(await code('halls:1')).toMatchObject({ type: 'error', code: 'occupancy_disabled', channel: 'halls:1' });
    expect(await code('nowhere')).toMatchObject({ type: 'error', code: 'unknown_channel' });
    expect(await code('rooms:*')).toMatchObject({ type: 'error', code: 'invalid_message' });
    expect(await code(ROOM, { watch: 1 })).toMatchObject({ code: 'invalid_message', details: [{ field: 'watch' }] });
    await client.close();
  });
});

describe('the occupancy of a channel while Redis is down', () => {
  it('is unavailable, and is sent again after Redis restarted without data', async () => {
    const redis = await RedisProcess.start();
    const { app } = await startHooks(redis.url);
    const watcher = await app.connect();
    await subscribe(watcher);
    watcher.send({ type: 'occupancy', channel: ROOM, watch: true });
    await counted(watcher, 1);
    await redis.kill();
    let answer = await ask(watcher);
    while (answer.type !== 'error') {
      await delay(50); // the last count answers for a second
      answer = await ask(watcher);
    }
    expect(answer).toMatchObject({ code: 'unavailable', channel: ROOM });
    await redis.restart();
    await watcher.next('resync');
    const other = await app.connect();
    while ((await subscribe(other)).type !== 'subscribed') await delay(50);
    await counted(watcher, 2);
    for (const client of [watcher, other]) await client.close();
    await app.close();
    await redis.stop();
  });
});
