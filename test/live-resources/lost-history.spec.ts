import { LiveResources } from '../../src/realtime/index.js';
import { RealtimeApp } from '../realtime/support/realtime-app.js';
import { LinkedCluster } from '../support/linked-cluster.js';
import type { WsClient } from '../support/ws-client.js';
import { Database, notesOf } from './support/board.js';
import { Follower } from './support/follower.js';

/** `LIVE_CLIENTS=5000 npm run test:one -- test/live-resources/lost-history.spec.ts` measures more. */
const CLIENTS = Number(process.env['LIVE_CLIENTS'] ?? 100);
const AT_ONCE = 50;
const CHANNEL = 'notes:large';

describe('many clients of a large state', () => {
  const database = new Database();
  const cluster = new LinkedCluster();
  let apps: RealtimeApp[];
  let followers: Follower[] = [];

  beforeAll(async () => {
    const start = (): Promise<RealtimeApp> =>
      RealtimeApp.start(
        { backend: cluster.join(), maxConnectionsPerAddress: CLIENTS },
        { providers: [notesOf(database)] },
      );
    apps = [await start(), await start()];
    const fields = Array.from({ length: 500 }, (_, index) => [`field${index}`, 'x'.repeat(88)]);
    database.states.set(CHANNEL, { name: 'large', ...Object.fromEntries(fields) });
  });
  afterAll(async () => {
    await Promise.all(followers.map(({ client }) => client.close()));
    await Promise.all(apps.map((app) => app.close()));
  });

  /** Connects all clients; those that hold a state resume. */
  async function connect(before: readonly Follower[]): Promise<Follower[]> {
    const all: Follower[] = [];
    while (all.length < CLIENTS) {
      const count = Math.min(AT_ONCE, CLIENTS - all.length);
      const some = Array.from({ length: count }, async (_, index): Promise<Follower> => {
        const at = all.length + index;
        const follower = new Follower(await apps[at % apps.length]!.connect({ perMessageDeflate: false }), CHANNEL);
        const { id, data } = before[at] ?? {};
        Object.assign(follower, { id, data });
        follower.subscribe();
        return follower;
      });
      all.push(...(await Promise.all(some)));
    }
    return all;
  }

  it('receive it again after the history was lost, with one load', async () => {
    followers = await connect([]);
    for (const follower of followers) await follower.until(({ data }) => data !== undefined);
    expect(database.loads).toHaveLength(1);
    await Promise.all(followers.map(({ client }) => client.close()));
    await cluster.lose();
    database.loads.length = 0;
    const start = performance.now();
    followers = await connect(followers);
    for (const follower of followers) {
      expect(await follower.step()).toMatchObject({ type: 'subscribed', recovered: false, state: true });
      await follower.until(({ seen }) => seen.includes('state'));
    }
    const seconds = ((performance.now() - start) / 1_000).toFixed(1);
    if (CLIENTS > 100) process.stdout.write(`${CLIENTS} clients, ${database.loads.length} load, ${seconds} s\n`);
    expect(database.loads).toEqual([CHANNEL]);
    expect(followers.every(({ data }) => JSON.stringify(data) === JSON.stringify(database.states.get(CHANNEL)))).toBe(
      true,
    );
  });

  it('receive a change of one field in a fiftieth of its bytes', async () => {
    const sizes = followers.map(({ client }) => sizeOfNext(client));
    await apps[0]!.app.get(LiveResources).patch(CHANNEL, { field7: 'y'.repeat(88) });
    const state = Buffer.byteLength(JSON.stringify(database.states.get(CHANNEL)));
    const largest = Math.max(...(await Promise.all(sizes)));
    if (CLIENTS > 100) process.stdout.write(`${state} bytes of state, ${largest} bytes of a change\n`);
    expect(state).toBeGreaterThan(50_000);
    expect(largest).toBeLessThanOrEqual(state / 50);
  });
});

function sizeOfNext({ socket }: WsClient): Promise<number> {
  return new Promise((resolve) => socket.once('message', (data: Buffer) => resolve(data.length)));
}
