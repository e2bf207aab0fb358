import { FakeRealtimeServer, type FakeServerOptions } from '../testing/index.js';
import { createRealtimeClient } from './client.js';
import type { RealtimeClient } from './types.js';
import { occupancy, watchOccupancy } from './occupancy.js';

const ROOM = 'users:created';
const clients: RealtimeClient[] = [];
const begin = (server: FakeRealtimeServer): RealtimeClient => {
  const client = createRealtimeClient({ url: 'ws://fake/ws', WebSocket: server.WebSocket });
  clients.push(client);
  return client;
};
const pass = async (): Promise<void> => {
  for (let turn = 0; turn < 50; turn += 1) await Promise.resolve();
};
const serve = (options: FakeServerOptions = {}): FakeRealtimeServer => new FakeRealtimeServer(options);

describe('the occupancy of a channel', () => {
  afterEach(() => {
    for (const client of clients.splice(0)) client.close();
  });

  it('is read without a subscription', async () => {
    const server = serve();
    const [client, other] = [begin(server), begin(server)];
    other.channel(ROOM).subscribe();
    client.connect();
    await pass();
    expect(await occupancy(client, ROOM)).toBe(1);
    expect(await occupancy(client, 'announcements')).toBe(0);
    expect(client.channel(ROOM).state).toBe('unsubscribed');
  });

  it('is reported with each change until the watcher stops', async () => {
    const server = serve();
    const client = begin(server);
    const counts: number[] = [];
    const stop = watchOccupancy(client, ROOM, (count) => counts.push(count));
    await pass();
    const other = begin(server);
    const leave = other.channel(ROOM).subscribe();
    await pass();
    leave();
    await pass();
    expect(counts).toEqual([1, 2, 1]);
    stop();
    stop();
    await pass();
    expect(client.channel(ROOM).users).toBe(0);
    other.channel(ROOM).subscribe();
    await pass();
    expect(counts).toEqual([1, 2, 1]);
  });

  it('reports a refusal, and rejects a frame without the count', async () => {
    const server = serve({ refuse: (channel) => (channel === ROOM ? 'occupancy_disabled' : null) });
    const client = begin(server);
    client.connect();
    await pass();
    await expect(occupancy(client, ROOM)).rejects.toMatchObject({ code: 'occupancy_disabled' });
    const counts: unknown[] = [];
    watchOccupancy(client, 'announcements', (count) => counts.push(count));
    await pass();
    for (const wrong of [null, { announcements: 'many' }, {}, { other: 1 }]) {
      server.send({ type: 'occupancy', counts: wrong as never });
    }
    await pass();
    expect(counts).toEqual([1]);
  });
});
