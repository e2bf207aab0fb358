import { FakeRealtimeServer } from '../testing/index.js';
import { pass, virtualClients } from '../../test/support/virtual-client.js';
import { fakePage, usePage } from '../../test/support/walk/fake-page.js';

describe('an attempt to connect', () => {
  usePage();
  const begin = virtualClients();

  it.each([
    ['within the heartbeat', 4_000, false],
    ['after a wake', 30_000, true],
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

  it('is not made by a hidden page, also if it was offline before', async () => {
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

  it('is reported after five failures in a row, and again after a stable connection', async () => {
    const { client, server, errors } = begin();
    server.isDown = true;
    client.connect();
    const fail = async (reported: number): Promise<void> => {
      for (let failures = 1; failures <= 20; failures += 1) {
        await pass(client.change.retryInMs);
        expect(errors).toHaveLength(failures < reported ? 0 : 1);
      }
    };
    await fail(5);
    server.isDown = false;
    await pass(60_000);
    expect(client.state).toBe('connected');
    errors.length = 0;
    server.isDown = true;
    server.cut();
    await pass();
    await fail(4); // the lost connection is the first failure
    expect(errors).toEqual(['unreachable']);
  });

  it.each(['waiting', 'paused'] as const)('is made now by connect() while the client is %s', async (state) => {
    const { client, server } = begin({ minDelayMs: 1_000_000, maxDelayMs: 2_000_000 });
    server.isDown = true;
    client.connect();
    await pass();
    if (state === 'paused') fakePage.dispatch('offline');
    expect(client.state).toBe(state);
    server.isDown = false;
    client.connect();
    await pass();
    expect(client.state).toBe('connected');
  });

  it('is made occasionally while the browser reports offline, because it can be wrong', async () => {
    const { client, server, states } = begin({ maxDelayMs: 30_000 });
    server.isDown = true;
    client.connect();
    await pass();
    fakePage.dispatch('offline');
    await pass(29_999);
    expect(states()).toEqual(['connect → connecting', 'unreachable → waiting', 'offline → paused']);
    await pass(300_000);
    expect(server.connections).toHaveLength(0);
    expect(states().filter((state) => state === 'retry → connecting')).toHaveLength(10);
    server.isDown = false;
    await pass(30_000);
    expect(client.state).toBe('connected');
  });

  it('is made at once with another token though the browser reports offline, because the server has answered', async () => {
    const given = ['old', 'new'];
    const { client, server, states } = begin(
      { getToken: () => given.shift()!, maxDelayMs: 30_000 },
      {
        identify: (token) =>
          token === 'new' ? { user: { userId: 'ada', email: null, role: 'user' } } : 'token_expired',
      },
    );
    server.isDown = true;
    client.connect();
    await pass();
    fakePage.dispatch('offline');
    server.isDown = false;
    await pass(30_001);
    expect(states().slice(-4)).toEqual([
      'retry → connecting',
      'token_refused → waiting',
      'retry → connecting',
      'ready → connected',
    ]);
    server.isDown = true;
    server.cut();
    await pass();
    expect(states().slice(-2)).toEqual(['lost → waiting', 'offline → paused']);
  });

  it('is aborted by a listener of its error before the next attempt', async () => {
    const { client, server, changes } = begin({ getToken: () => 'ada' });
    server.isDown = true;
    client.once('error', () => void client.reauthenticate());
    client.connect();
    await pass(60_000);
    const previous = changes.map((change) => change.previous);
    expect(previous).toEqual(['idle', ...changes.slice(0, -1).map(({ state }) => state)]);
  });

  it('that a listener starts during page exit leaves no connection behind', async () => {
    const { client, server } = begin({ getToken: () => 'ada' });
    client.connect();
    client.once('state', () => client.connect());
    fakePage.dispatch('pagehide');
    await pass();
    expect(client.state).toBe('connected');
    client.close();
    expect(server.open).toEqual([]);
    expect(fakePage.listenedTo).toEqual([]);
  });

  it('that a listener of a failed getToken starts is not ended by that failure', async () => {
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

describe('a dead connection', () => {
  const begin = virtualClients();

  it('is detected in time by a page that checks it repeatedly', async () => {
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
