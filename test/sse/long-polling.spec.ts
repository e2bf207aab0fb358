import { WebSocketGateway, type OnGatewayConnection } from '@nestjs/websockets';
import { ConnectionRegistry, RealtimeControl, RedisBridge, type Connection } from '../../src/realtime/index.js';
import { RealtimeApp, type BootOptions, type TestOptions } from '../realtime/support/realtime-app.js';
import { signToken } from '../support/jwt.js';
import { RedisProcess } from '../support/redis-process.js';
import { until } from '../support/until.js';

interface Page {
  readonly events: readonly { readonly id: string; readonly data: { readonly index: number } }[];
  readonly more: boolean;
  readonly lastEventId?: string;
  readonly recovered?: boolean;
  readonly reason?: string;
}

const WAIT = '&wait=60';

/** A gateway of the application that reports an error to the clients of one user. */
@WebSocketGateway({ path: '/ws' })
class Complaining implements OnGatewayConnection {
  handleConnection(client: Connection): void {
    if (client.principal?.user.userId === 'complained') client.emit('exception', 'of the application');
  }
}

describe.each([
  ['memory on Express', 'express'],
  ['memory on Fastify', 'fastify'],
  ['Redis on another instance', 'express'],
] as const)('events after a position, over %s', (engine, http) => {
  let redis: RedisProcess | null = null;
  let here: RealtimeApp;
  let there: RealtimeApp;
  let channels = 0;
  let channel: string;

  beforeAll(async () => {
    if (engine.startsWith('Redis')) redis = await RedisProcess.start();
    const options: TestOptions = {
      history: { size: 20 },
      recoveryMaxEvents: 20,
      maxConnectionsPerUser: 2,
      channels: [
        { name: 'feed:{id}', access: 'authenticated' },
        { name: 'cursor:moved', access: 'authenticated', history: false },
      ],
      ...(redis !== null && { redis: { url: redis.url } }),
    };
    const boot: BootOptions = { http, providers: [Complaining] };
    here = await RealtimeApp.start(options, boot);
    there = redis === null ? here : await RealtimeApp.start(options, boot);
    await until(() => [here, there].every(({ app }) => app.get(RedisBridge).status.up));
  });
  afterAll(async () => {
    await here.close();
    if (there !== here) await there.close();
    await redis?.stop();
  });
  beforeEach(() => {
    channels += 1;
    channel = `feed:${channels}`;
  });

  const request = (query: string, init: RequestInit = {}, sub = 'ann') => {
    const headers = { authorization: `Bearer ${signToken({ sub })}` };
    return fetch(`${there.http}/realtime/channels/${channel}/events${query}`, { headers, ...init });
  };
  const get = async (query: string, init: RequestInit = {}): Promise<Page> => {
    const response = await request(query, init);
    expect(response.status).toBe(200);
    return (await response.json()) as Page;
  };
  const emit = async (...indexes: number[]): Promise<void> => {
    for (const index of indexes) await here.events.publish(channel, { index });
  };
  const indexesOf = ({ events }: Page) => events.map(({ data }) => data.index);
  const waiting = (count = 1) => until(() => there.app.get(ConnectionRegistry).size === count);

  it('come in pages, oldest first, from the position of the last answer', async () => {
    const start = await get('');
    expect(start).toMatchObject({ events: [], more: false });
    await emit(1, 2, 3);
    const first = await get(`?after=${start.lastEventId}&limit=2`);
    expect([indexesOf(first), first.more, first.recovered]).toEqual([[1, 2], true, true]);
    const second = await get(`?after=${first.lastEventId}&limit=2`);
    expect([indexesOf(second), second.more]).toEqual([[3], false]);
    expect(await get(`?after=${second.lastEventId}`)).toEqual({
      ...{ channel, events: [], more: false, recovered: true, lastEventId: second.lastEventId },
    });
  });

  it('are answered at once with wait, if there are any', async () => {
    const { lastEventId } = await get('');
    await emit(1);
    expect(indexesOf(await get(`?after=${lastEventId}${WAIT}`))).toEqual([1]);
  });

  it('end a wait, and nothing of it stays', async () => {
    const { lastEventId } = await get('');
    const waited = get(`?after=${lastEventId}${WAIT}`);
    await waiting();
    await emit(1);
    expect(indexesOf(await waited)).toEqual([1]);
    await waiting(0);
  });

  it('are waited for, although a gateway of the application reports an error', async () => {
    const { lastEventId } = await get('');
    const waited = request(`?after=${lastEventId}${WAIT}`, {}, 'complained');
    await waiting();
    await emit(1);
    expect(indexesOf((await (await waited).json()) as Page)).toEqual([1]);
  });

  it('are none after the time of a wait', async () => {
    const { lastEventId } = await get('');
    const page = await get(`?after=${lastEventId}&wait=1`);
    expect(page).toEqual({ channel, events: [], more: false, recovered: true, lastEventId });
  });

  it('are not waited for after the client has left', async () => {
    const { lastEventId } = await get('');
    const leaves = new AbortController();
    const waited = request(`?after=${lastEventId}${WAIT}`, { signal: leaves.signal });
    await waiting();
    leaves.abort();
    await expect(waited).rejects.toThrow('aborted');
    await waiting(0);
  });

  it('report a position that is not kept', async () => {
    await emit(1);
    const { lastEventId } = await get('');
    for (const after of ['lost-1', 'rubbish']) {
      const page = await get(`?after=${after}${WAIT}`);
      expect(page).toEqual({
        ...{ channel, events: [], more: false, recovered: false, reason: 'unknown_epoch', lastEventId },
      });
    }
    await emit(...Array.from({ length: 21 }, (_, index) => index));
    expect(await get(`?after=${lastEventId}`)).toMatchObject({ events: [], recovered: false });
  });

  it('have no position on a channel without history', async () => {
    channel = 'cursor:moved';
    expect(await get(`?after=x-1${WAIT}`)).toEqual({
      ...{ channel, events: [], more: false, recovered: false, reason: 'no_history' },
    });
  });

  it('count against the limits of connections', async () => {
    const { lastEventId } = await get('');
    const leave = new AbortController();
    const query = `?after=${lastEventId}${WAIT}`;
    const waits = [1, 2].map(() => request(query, { signal: leave.signal }).catch(() => null));
    await waiting(2);
    const refused = await request(query);
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '30']);
    expect(await refused.json()).toMatchObject({ statusCode: 429 });
    leave.abort();
    await Promise.all(waits);
    await waiting(0);
  });

  it('end with the right to read them', async () => {
    const { lastEventId } = await get('');
    const waited = request(`?after=${lastEventId}${WAIT}`, {}, 'leaver');
    await waiting();
    await here.app.get(RealtimeControl).revokeUser('leaver');
    expect((await waited).status).toBe(401);
    await waiting(0);
  });

  it.each([
    ['?wait=5', 'wait needs after: send lastEventId of the last answer'],
    ['?after=a-1&before=a-1', 'Send before or after, not both'],
    ['?after=a-1&wait=x', 'wait must be a whole number of seconds'],
    [`?after=${'x'.repeat(129)}`, 'after must have at most 128 characters'],
  ])('refuse %s with a sentence', async (query, message) => {
    const response = await request(query);
    expect([response.status, await response.json()]).toEqual([400, expect.objectContaining({ message })]);
  });
});
