import { FakeRealtimeServer } from '../testing/index.js';
import { pass, virtualClients } from '../../test/support/virtual-client.js';
import { fakePage } from '../../test/support/walk/fake-page.js';

describe('an attempt to connect', () => {
  const begin = virtualClients();

  it.each([
    ['within the heartbeat', 4_000, false],
    ['when it is woken', 30_000, true],
  ])('ends if the server falls silent before it has answered the token: %s', async (_, heartbeatMs, isWoken) => {
    let isSilent = true;
    const server: FakeRealtimeServer = new FakeRealtimeServer({
      heartbeatMs,
      identify: (token) => {
        if (isSilent) server.silence();
        return { user: { userId: token, email: null, role: 'user' } };
      },
    });
    const { client, states } = begin({ token: 'ada' }, server);
    client.connect();
    await pass();
    if (isWoken) client.wake();
    await pass(isWoken ? 5_000 : heartbeatMs);
    expect(states()).toEqual(['connect → connecting', 'silent → waiting']);
    isSilent = false;
    await pass(1_000);
    expect(client.state).toBe('connected');
  });

  it('is not made by a page that is hidden, also if it was offline before', async () => {
    const { client, server } = begin();
    client.connect();
    await pass();
    fakePage.dispatch('offline');
    server.cut();
    await pass();
    fakePage.dispatch('pagehide');
    await pass(60_000);
    expect(server.connections).toHaveLength(1);
    fakePage.dispatch('pageshow');
    await pass();
    expect(client.state).toBe('connected');
  });

  it('is left by a listener of its error before it is tried again', async () => {
    const { client, server, changes } = begin({ getToken: () => 'ada' });
    server.isDown = true;
    client.once('error', () => void client.reauthenticate());
    client.connect();
    await pass(60_000);
    const previous = changes.map((change) => change.previous);
    expect(previous).toEqual(['idle', ...changes.slice(0, -1).map(({ state }) => state)]);
  });

  it('that a listener of a failed getToken begins is not ended by that failure', async () => {
    let calls = 0;
    const { client } = begin({
      getToken: () => {
        if ((calls += 1) === 1) throw new Error('down');
        return 'ada';
      },
    });
    client.once('error', () => {
      client.close();
      client.connect();
    });
    client.connect();
    await pass();
    expect(client.state).toBe('connected');
  });
});

describe('a connection that is dead', () => {
  const begin = virtualClients();

  it('is noticed in time by a page that checks it again and again', async () => {
    const { client, server, states } = begin();
    client.connect();
    await pass();
    server.silence();
    for (let second = 0; second < 4; second += 1) {
      client.wake();
      await pass(1_000);
    }
    expect(client.state).toBe('connected');
    client.wake();
    await pass(1_000);
    expect(states().at(-1)).toBe('silent → waiting');
  });
});
