import { createRealtimeClient, type RealtimeClient } from '../../../client/index.js';
import { FakeRealtimeServer } from '../../../testing/index.js';
import { ApiError, type Api } from '../api/api.js';
import { createNetwork } from '../connection/network.js';
import { Outage, OUTAGE_MS } from './outage.js';

describe('an outage on demand', () => {
  let client: RealtimeClient;
  let outage: Outage;
  let calls: string[];
  let failure: ApiError | null;

  beforeEach(async () => {
    const network = createNetwork(new FakeRealtimeServer().WebSocket);
    client = createRealtimeClient({ url: 'ws://fake/ws', WebSocket: network.WebSocket });
    calls = [];
    failure = null;
    const request = async (method: string, path: string): Promise<unknown> => {
      calls.push(`${method} ${path} ${client.state}`);
      if (failure !== null) throw failure;
      return { id: '7' };
    };
    const api = { post: (path: string) => request('POST', path), request } as Pick<Api, 'post' | 'request'> as Api;
    outage = new Outage(network, client, api);
    client.connect();
    await reaches('connected');
  });
  afterEach(() => {
    outage.end();
    client.close();
  });

  function reaches(state: RealtimeClient['state']): Promise<void> {
    return new Promise((resolve) => {
      if (client.state === state) resolve();
      const stop = client.on('state', (change) => {
        if (change.state !== state) return;
        stop();
        resolve();
      });
    });
  }

  it('cuts the connection, changes an application meanwhile, and connects again', async () => {
    const before = Date.now();
    const over = outage.start();
    expect(outage.snapshot()).toBeGreaterThanOrEqual(before + OUTAGE_MS);
    expect(client.state).toBe('waiting');
    outage.end();
    await over;
    expect(calls).toEqual([
      'POST /apps waiting',
      ...['PATCH /apps/7 waiting', 'PATCH /apps/7 waiting', 'DELETE /apps/7 waiting'],
    ]);
    await reaches('connected');
    expect(outage.snapshot()).toBeNull();
  });

  it('is one at a time', async () => {
    const over = outage.start();
    const until = outage.snapshot();
    await outage.start();
    expect([outage.snapshot(), calls.length]).toEqual([until, 1]);
    outage.end();
    await over;
  });

  it('reports a change that failed, and connects again', async () => {
    failure = new ApiError(403, 'Only admins can do this');
    await expect(outage.start()).rejects.toBe(failure);
    await reaches('connected');
    expect(outage.snapshot()).toBeNull();
  });

  it('reports nothing and stays closed after a sign-out', async () => {
    failure = new ApiError(401, 'The session has ended');
    const over = outage.start();
    client.close();
    await over;
    expect([client.state, outage.snapshot()]).toEqual(['closed', null]);
  });
});
