import { deferred, pass, virtualClients } from '../../test/support/virtual-client.js';
import { fakePage, usePage } from '../../test/support/walk/fake-page.js';
import { RealtimeError, type TokenRequest } from './index.js';

const user = { userId: 'ada', email: null, role: 'user' };

describe('getToken', () => {
  usePage();
  const begin = virtualClients();

  it('is aborted after the timeout with its signal, and called again', async () => {
    const requests: TokenRequest[] = [];
    const { client, states, errors } = begin({
      timeoutMs: 3_000,
      getToken: (request) => {
        requests.push(request);
        return requests.length === 1 ? new Promise(() => undefined) : 'ada';
      },
    });
    client.connect();
    await pass(2_999);
    expect(requests[0]?.signal.aborted).toBe(false);
    await pass(1);
    expect(requests[0]?.signal.aborted).toBe(true);
    expect(errors).toEqual(['token_failed']);
    expect(client.change.reason).toBe('getToken did not answer within 3000 ms');
    await pass(500);
    expect(states().at(-1)).toBe('ready → connected');
  });

  it('can connect again when its signal is aborted by close()', async () => {
    let calls = 0;
    const { client, states } = begin({
      getToken: ({ signal }) => {
        if ((calls += 1) > 1) return 'ada';
        signal.addEventListener('abort', () => client.connect());
        return new Promise<string>(() => undefined);
      },
    });
    client.connect();
    await pass();
    client.close();
    await pass();
    expect(states()).toEqual(['connect → connecting', 'close → closed', 'connect → connecting', 'ready → connected']);
    fakePage.dispatch('pagehide');
    expect(client.state).toBe('paused');
  });

  it('that hangs at a renewal is called again while the old token is valid', async () => {
    let calls = 0;
    const { client, server, errors } = begin(
      { getToken: () => ((calls += 1) === 2 ? new Promise<string>(() => undefined) : 'ada') },
      { identify: () => ({ user, expiresInMs: 200_000 }) },
    );
    client.connect();
    await pass(180_000);
    expect(calls).toBe(3);
    expect(errors).toEqual(['token_failed']);
    expect(server.connections).toHaveLength(1);
  });

  it('provides a token in time for connections shortly before the expiry of the last one', async () => {
    let calls = 0;
    let endsAt = 0;
    const { client, server, errors } = begin(
      {
        getToken: () => {
          calls += 1;
          endsAt = performance.now() + 5_000;
          return 'ada';
        },
      },
      { identify: () => ({ user, expiresInMs: endsAt - performance.now() }) },
    );
    client.connect();
    await pass();
    for (const ms of [3_200, 1_100, 400]) {
      await pass(ms);
      server.cut();
      await pass();
      client.connect();
      await pass();
    }
    expect(calls).toBe(2);
    await pass(1_000);
    expect(errors).toEqual([]);
    expect(client.change.code).toBe('ready');
    expect(server.connections).toHaveLength(4);
  });

  it('is called again for a connection after its token was refused at a renewal', async () => {
    const given = ['ada', 'refused', 'ada again'];
    const sent: string[] = [];
    const { client, server } = begin(
      { getToken: () => given.shift()! },
      {
        identify: (token) => {
          sent.push(token);
          return token === 'refused' ? 'token_invalid' : { user, expiresInMs: 100_000 };
        },
      },
    );
    client.connect();
    await pass(70_000); // 100 s, minus a fifth and its jitter
    expect(sent).toEqual(['ada', 'refused']);
    server.cut();
    await pass();
    client.connect();
    await pass();
    expect(sent).toEqual(['ada', 'refused', 'ada again']);
    expect(client.state).toBe('connected');
  });

  it.each(['wake', 'reauthenticate', 'close and connect'] as const)('that hangs is abandoned by %s', async (way) => {
    let calls = 0;
    const { client } = begin({ getToken: () => ((calls += 1) === 1 ? new Promise<string>(() => undefined) : 'ada') });
    client.connect();
    await pass(1_000);
    if (way === 'wake') await pass(9_000);
    if (way === 'wake') client.wake();
    if (way === 'reauthenticate') await client.reauthenticate();
    if (way === 'close and connect') {
      client.close();
      client.connect();
    }
    await pass();
    expect(client.state).toBe('connected');
  });

  it.each(['closed by the application', 'refused by the server'])(
    'is not called after the client is %s',
    async (how) => {
      let calls = 0;
      const late = deferred<string>();
      const { client, server } = begin(
        { getToken: () => ((calls += 1) === 2 ? late.promise : 'ada') },
        { identify: () => ({ user, expiresInMs: 100_000 }) },
      );
      client.connect();
      await pass(75_000);
      expect(calls).toBe(2); // a renewal is pending
      if (how === 'refused by the server') server.close(4403, 'no');
      else client.close();
      late.reject(new Error('too late'));
      await pass(600_000);
      expect(client.state).toBe('closed');
      expect(calls).toBe(2);
    },
  );

  it('is not called after a listener of its failure closes the client', async () => {
    let calls = 0;
    const { client } = begin(
      {
        getToken: () => {
          if ((calls += 1) === 2) throw new Error('down');
          return 'ada';
        },
      },
      { identify: () => ({ user, expiresInMs: 100_000 }) },
    );
    client.on('error', () => client.close());
    client.connect();
    await pass(600_000);
    expect(client.state).toBe('closed');
    expect(calls).toBe(2);
  });

  it('is called either for the connection or for the renewal while the server is down', async () => {
    let atOnce = 0;
    let most = 0;
    const { client, server } = begin(
      {
        getToken: async () => {
          most = Math.max(most, (atOnce += 1));
          await new Promise((resolve) => setTimeout(resolve, 1_000));
          atOnce -= 1;
          throw new Error('down');
        },
      },
      { identify: () => ({ user, expiresInMs: 100_000 }) },
    );
    server.isDown = true;
    client.connect();
    await pass(300_000);
    expect(most).toBe(1);
  });

  it('receives the reason of the call', async () => {
    const reasons: string[] = [];
    let verdict: 'token_expired' | null = null;
    const { client, server } = begin(
      { getToken: ({ reason }) => (reasons.push(reason), 'ada') },
      { identify: () => verdict ?? { user, expiresInMs: 100_000 } },
    );
    client.connect();
    await pass(75_000);
    await client.reauthenticate();
    verdict = 'token_expired';
    server.cut();
    await pass(600);
    expect(reasons).toEqual(['connect', 'expiring', 'reauthenticate', 'refused']);
  });

  it('stops the client by an error with the code signed_out', async () => {
    const { client, states, errors } = begin({
      getToken: () => {
        throw new RealtimeError('signed_out', 'Signed out');
      },
    });
    client.connect();
    await pass(600_000);
    expect(states()).toEqual(['connect → connecting', 'signed_out → closed']);
    expect(client.change.reason).toBe('Signed out');
    expect(errors).toEqual([]);
  });

  it.each([
    [42, 'number'],
    [{}, 'object'],
    [true, 'boolean'],
    ['', "''"],
  ])('must return a string or null, not %p', async (given, what) => {
    const { client, errors } = begin({ getToken: () => given as never });
    client.connect();
    await pass();
    expect(errors).toEqual(['token_failed']);
    expect(client.change.reason).toBe(`getToken gave ${what}: return a token, or null`);
  });

  it('is called again after two failed upgrades with the same token, because a browser cannot see a 401', async () => {
    let calls = 0;
    const { client, server } = begin({ getToken: () => `t${(calls += 1)}` });
    server.isDown = true;
    client.connect();
    await pass(); // the first upgrade fails; the second after 500 ms, the third after 1000 ms more
    await pass(500);
    expect(calls).toBe(1);
    await pass(1_000);
    expect(calls).toBe(2);
  });

  it('is retried for a minute with refused tokens, because one that is not valid yet becomes valid', async () => {
    let isValid = false;
    const { client } = begin(
      { getToken: () => 'ada' },
      { identify: () => (isValid ? { user } : ('token_invalid' as const)) },
    );
    client.connect();
    await pass(20_000);
    expect(client.state).toBe('waiting');
    isValid = true;
    await pass(30_000);
    expect(client.state).toBe('connected');
  });

  it('is not called after a minute of refused tokens', async () => {
    const { client } = begin({ getToken: () => 'ada' }, { identify: () => 'token_invalid' });
    client.connect();
    await pass(180_000);
    expect(client.change).toMatchObject({ state: 'closed', code: 'refused' });
  });

  it('stops only if no token was accepted for a minute', async () => {
    const { client, server } = begin({ getToken: () => 'ada' });
    client.connect();
    for (let times = 0; times < 2; times += 1) {
      await pass(2_000);
      server.close(4401, 'another user signed in');
    }
    server.isDown = true;
    await pass(60_000);
    server.isDown = false;
    client.connect();
    await pass(1_000);
    server.close(4401, 'another user signed in');
    await pass(30_000);
    expect(client.state).toBe('connected');
  });

  it('gives the token of a sign-in a new minute, although another one was refused for a minute', async () => {
    let who = 'ada';
    let isValid = false;
    const { client } = begin({ getToken: () => who }, { identify: () => (isValid ? { user } : 'token_invalid') });
    client.connect();
    await pass(59_000);
    who = 'grace';
    await client.reauthenticate();
    await pass(30_000);
    expect(client.state).toBe('waiting');
    isValid = true;
    await pass(30_000);
    expect(client.state).toBe('connected');
  });

  it.each(['was refused', 'rejected'])(
    'is called at once for a sign-in while the client waits because the call before %s',
    async (how) => {
      let isGood = false;
      const getToken = (): string => {
        if (!isGood && how === 'rejected') throw new Error('The session has expired');
        return isGood ? 'new' : 'old';
      };
      const { client } = begin(
        { getToken, minDelayMs: 1_000_000, maxDelayMs: 2_000_000 },
        { identify: (token) => (token === 'new' ? { user } : ('token_expired' as const)) },
      );
      client.connect();
      await pass(1_000);
      expect(client.change.state).toBe('waiting');
      expect(client.change.retryInMs).toBeGreaterThan(10_000);
      isGood = true;
      await client.reauthenticate();
      await pass();
      expect(client.state).toBe('connected');
    },
  );

  it('that calls reauthenticate() itself is called once, because its token is pending', async () => {
    let calls = 0;
    const { client } = begin({
      getToken: async () => {
        calls += 1;
        await client.reauthenticate();
        return 'ada';
      },
    });
    client.connect();
    await pass();
    expect([client.state, calls]).toEqual(['connected', 1]);
    await client.reauthenticate();
    await pass(60_000);
    expect([client.state, calls]).toEqual(['connected', 2]);
  });

  it.each([
    ['before its token is there', () => Promise.resolve()],
    ['some time before its token is there', () => new Promise((resolve) => setTimeout(resolve, 100))],
    ['after its token is there', undefined],
  ])('whose outcome makes the application call reauthenticate() %s is no fast loop', async (_, wait) => {
    let calls = 0;
    const again = (): void => void client.reauthenticate().catch(() => undefined);
    const { client } = begin({
      getToken: async () => {
        if ((calls += 1) > 100) return null;
        await wait?.();
        if (wait) again();
        else setTimeout(again, 1);
        return 'ada';
      },
    });
    client.connect();
    await pass(60_000);
    client.close();
    await pass(100);
    expect(calls).toBeGreaterThan(11);
    expect(calls).toBeLessThanOrEqual(40);
  });

  it('is called once for calls of reauthenticate() in one step', async () => {
    let calls = 0;
    const { client } = begin({ getToken: () => `${(calls += 1)}` });
    client.connect();
    await pass();
    await Promise.all(Array.from({ length: 50 }, () => client.reauthenticate()));
    expect(calls).toBe(2);
  });

  it('is not called in a loop for tokens that are already expired', async () => {
    let calls = 0;
    const { client } = begin(
      { getToken: () => ((calls += 1), 'ada') },
      { identify: () => ({ user, expiresInMs: -5_000 }) },
    );
    client.connect();
    await pass(10_000);
    expect(calls).toBeLessThan(30);
  });
});
