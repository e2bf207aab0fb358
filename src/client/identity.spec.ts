import { FakeRealtimeServer } from '../testing/index.js';
import { deferred, pass, virtualClients } from '../../test/support/virtual-client.js';
import type { ChannelChange, Reset } from './index.js';

const app = (name: string) => ({ id: name, name });

describe('a change of identity', () => {
  const begin = virtualClients();

  it('uses the token of the sign-in, not that of a pending call', async () => {
    const slow = deferred<string>();
    let who = slow.promise;
    const { client } = begin({ getToken: () => who });
    client.connect();
    await pass();
    who = Promise.resolve('grace');
    const done = client.reauthenticate();
    await pass();
    slow.resolve('ada');
    await done;
    await pass();
    expect(client.identity?.user?.userId).toBe('grace');
  });

  it('uses the token of the last of several calls', async () => {
    let who = 'ada';
    const { client } = begin({
      getToken: async () => {
        const mine = who;
        await new Promise((resolve) => setTimeout(resolve, 100));
        return mine;
      },
    });
    client.connect();
    await pass(100);
    who = 'grace';
    void client.reauthenticate();
    who = 'joan';
    void client.reauthenticate();
    await pass(1_000);
    expect(client.identity?.user?.userId).toBe('joan');
  });

  it.each([
    ['answers null', null],
    ['throws', new Error('signed out')],
  ])('ends the connection of the former user when getToken %s', async (_, answer) => {
    let given: string | Error | null = 'ada';
    const { client, server, identities } = begin({
      getToken: () => {
        if (given instanceof Error) throw given;
        return given;
      },
    });
    client.channel('apps:created').subscribe();
    await pass();
    const [former] = server.open;
    given = answer;
    await client.reauthenticate().catch(() => undefined);
    expect(server.open).not.toContain(former);
    expect(identities.map((identity) => identity?.user?.userId ?? null)).toEqual(['ada', null]);
  });

  it('drops waiting events and positions', async () => {
    let who = 'ada';
    const { client, server } = begin({ getToken: () => who });
    const channel = client.channel('apps:created');
    const busy = deferred();
    const received: string[] = [];
    const resets: Reset[] = [];
    const changes: ChannelChange[] = [];
    channel.on('event', ({ data }) => {
      received.push(data.name);
      return busy.promise;
    });
    channel.on('reset', (reset) => void resets.push(reset));
    channel.on('state', (change) => changes.push(change));
    channel.subscribe();
    await pass();
    for (const name of ['one', 'two', 'three']) server.publish('apps:created', app(name));
    await pass();
    who = 'grace';
    await client.reauthenticate();
    server.publish('apps:created', app('between'));
    await pass(1);
    busy.resolve();
    server.publish('apps:created', app('hers'));
    await pass();
    expect(received).toEqual(['one', 'hers']);
    expect(resets).toMatchObject([{ channel: 'apps:created', reason: 'other_user' }]);
    expect(changes.map(({ code }) => code)).toEqual(['subscribe', 'subscribed', 'lost', 'other_user', 'subscribed']);
    const joins = server.connections.at(-1)!.received.filter(({ type }) => type === 'subscribe');
    expect(joins).toMatchObject([{ targets: [{ channel: 'apps:created' }] }]);
    expect(JSON.stringify(joins)).not.toContain('lastEventId');
  });

  it('does not advance lastEventId until the listeners of the reset are done', async () => {
    let who = 'ada';
    const { client, server } = begin({ getToken: () => who });
    const channel = client.channel('apps:created');
    const loading = deferred();
    channel.on('reset', () => loading.promise);
    channel.subscribe();
    await pass();
    server.publish('apps:created', app('one'));
    who = 'grace';
    await client.reauthenticate();
    await pass();
    expect([channel.state, channel.lastEventId]).toEqual(['subscribed', undefined]);
    loading.resolve();
    await pass();
    expect(channel.lastEventId).toMatch(/-1$/);
  });

  it('is a boundary for a disconnected client too', async () => {
    let who = 'ada';
    const { client, server } = begin({ getToken: () => who });
    const channel = client.channel('apps:created');
    const resets: string[] = [];
    channel.on('reset', ({ reason }) => void resets.push(reason));
    channel.subscribe();
    await pass();
    server.publish('apps:created', app('one'));
    await pass();
    client.close();
    who = 'grace';
    await client.reauthenticate(); // the page signed in while the client was closed
    client.connect();
    await pass();
    expect(client.identity?.user?.userId).toBe('grace');
    expect(resets).toEqual(['other_user']);
  });

  it('holds events until the server has confirmed the user', async () => {
    const slow = deferred<string>();
    let calls = 0;
    const { client, server } = begin({ getToken: () => ((calls += 1) === 1 ? 'ada' : slow.promise) });
    const received: string[] = [];
    client.channel('apps:created').on('event', ({ data }) => void received.push(data.name));
    client.channel('apps:created').subscribe();
    await pass();
    const done = client.reauthenticate();
    server.publish('apps:created', app('between'));
    await pass();
    expect(received).toEqual([]);
    slow.resolve('ada');
    await pass();
    await done;
    expect(received).toEqual(['between']); // the same user, so nothing is lost
  });

  it('keeps positions if the user is the same', async () => {
    const { client, server } = begin({ getToken: () => 'ada' });
    const channel = client.channel('apps:created');
    const resets: string[] = [];
    const received: string[] = [];
    channel.on('reset', ({ reason }) => void resets.push(reason));
    channel.on('event', ({ data }) => void received.push(data.name));
    channel.subscribe();
    await pass();
    server.cut();
    server.publish('apps:created', app('missed'));
    await pass(1_000);
    await client.reauthenticate();
    expect(resets).toEqual([]);
    expect(received).toEqual(['missed']);
  });

  it('reports null when the client is closed, and before it continues as another user', async () => {
    let who = 'ada';
    const { client, identities } = begin({ getToken: () => who });
    client.connect();
    await pass();
    who = 'grace';
    await client.reauthenticate();
    await pass();
    client.close();
    expect(identities.map((identity) => identity?.user?.userId ?? null)).toEqual(['ada', null, 'grace', null]);
    expect(client.identity).toBeNull();
  });

  it('ends the connection if the server refuses the new token', async () => {
    let who = 'ada';
    const server = new FakeRealtimeServer({
      identify: (token) => (token === 'bad' ? 'token_invalid' : { user: { userId: token, email: null, role: 'user' } }),
    });
    const { client } = begin({ getToken: () => who }, server);
    client.connect();
    await pass();
    const [former] = server.open;
    who = 'bad';
    await expect(client.reauthenticate()).rejects.toMatchObject({ code: 'token_invalid' });
    expect(server.open).not.toContain(former);
  });

  it('opens another connection for a sign-in on an anonymous one, on which channels start again', async () => {
    let who: string | null = null;
    const { client, server } = begin({ getToken: () => who });
    const channel = client.channel('apps:created');
    const resets: string[] = [];
    channel.on('reset', ({ reason }) => void resets.push(reason));
    channel.subscribe();
    await pass();
    const [anonymous] = server.open;
    await client.reauthenticate();
    await pass();
    expect(server.open).toEqual([anonymous]); // no change
    who = 'ada';
    await client.reauthenticate();
    await pass();
    expect(server.open).not.toContain(anonymous);
    expect([client.identity?.user?.userId, channel.state, resets]).toEqual(['ada', 'subscribed', ['other_user']]);
  });

  it.each(Array.from({ length: 12 }, (_, step) => [step]))(
    'uses the token of a sign-in that happens %d steps after a token of the former user',
    async (steps) => {
      let who = deferred<string>();
      const { client } = begin({ getToken: () => who.promise });
      client.connect();
      await pass();
      who.resolve('ada');
      for (let step = 0; step < steps; step += 1) await Promise.resolve();
      who = deferred();
      who.resolve('grace');
      void client.reauthenticate();
      await pass(2_000);
      expect(client.identity?.user?.userId).toBe('grace');
    },
  );

  it('sends one token for several calls that wait for it, and a renewal among them', async () => {
    const sent: string[] = [];
    const renewal = deferred<string>();
    const given: (string | Promise<string>)[] = ['first', renewal.promise, 'second', 'third'];
    const { client } = begin(
      { getToken: () => given.shift()! },
      {
        identify: (token) => (
          sent.push(token),
          { user: { userId: 'ada', email: null, role: 'user' }, expiresInMs: 100_000 }
        ),
      },
    );
    client.connect();
    await pass(75_000);
    expect(given).toHaveLength(2); // a renewal is pending
    await Promise.all([client.reauthenticate(), client.reauthenticate()]);
    await pass();
    expect(sent).toEqual(['first', 'second']);
  });

  it('ends for a client without a connection once getToken returns null', async () => {
    let who: string | null = 'ada';
    const { client, server, identities } = begin({ getToken: () => who });
    client.connect();
    await pass();
    server.isDown = true;
    server.cut();
    who = null;
    await client.reauthenticate();
    await pass(5_000);
    expect(client.identity).toBeNull();
    expect(identities.map((identity) => identity?.user?.userId ?? null)).toEqual(['ada', null]);
  });

  it('uses the token of the last of several sign-ins for all of them, on the same connection', async () => {
    const first = deferred<string>();
    const given: (string | Promise<string>)[] = ['ada', first.promise, 'ada'];
    const { client, server, errors } = begin({ getToken: () => given.shift()! });
    client.connect();
    await pass();
    const all = [client.reauthenticate()];
    await pass();
    expect(given).toHaveLength(1); // the call of the first one is pending
    all.push(client.reauthenticate());
    await Promise.all(all);
    first.resolve('late');
    await pass();
    expect([client.state, server.connections.length, errors]).toEqual(['connected', 1, []]);
  });

  it('opens no connection after a listener closes the client', async () => {
    let given: string | null = 'ada';
    const { client, server } = begin({ getToken: () => given });
    client.connect();
    await pass();
    server.cut();
    given = null;
    void client.reauthenticate();
    client.on('identity', () => client.close());
    await pass(5_000);
    expect([client.state, server.open.length, server.connections.length]).toEqual(['closed', 0, 1]);
  });

  it('keeps the call of getToken for a connection that a listener starts when a sign-in ends an attempt', async () => {
    let who = 'ada';
    const { client, states, errors } = begin({
      getToken: async () => {
        const token = who;
        await new Promise((resolve) => setTimeout(resolve, 100));
        return token;
      },
    });
    client.connect();
    await pass(50);
    client.once('state', () => client.connect());
    who = 'grace';
    void client.reauthenticate();
    await pass(100);
    expect(errors).toEqual([]);
    expect(states().at(-1)).toBe('ready → connected');
    expect(client.identity?.user?.userId).toBe('grace');
  });

  it('delivers no held events after a listener closes the client', async () => {
    const slow = deferred<string>();
    let who: string | Promise<string> = 'ada';
    const { client, server } = begin({ getToken: () => who });
    client.connect();
    await pass();
    const messages: string[] = [];
    client.on('message', ({ type }) => {
      messages.push(type);
      client.close();
    });
    who = slow.promise;
    void client.reauthenticate();
    await pass();
    for (const type of ['first', 'second']) server.send({ type } as never);
    await pass();
    slow.resolve('ada');
    await pass();
    expect(messages).toEqual(['first']);
  });
});
