import { pass, virtualClients } from '../../test/support/virtual-client.js';
import { presenceState } from './index.js';

describe('the state of a client in a channel', () => {
  const begin = virtualClients();

  async function start(options: Parameters<typeof begin>[0] = {}) {
    const { client, server } = begin(options);
    const channel = client.channel('apps:created');
    channel.subscribe();
    await pass();
    /** States that the server received, on all connections. */
    const states = (): unknown[] =>
      server.connections.flatMap(({ received }) =>
        received.flatMap((request) =>
          request.type === 'presence_update' ? [JSON.parse(request.state ?? 'null')] : [],
        ),
      );
    const ages = () =>
      server.connections.flatMap(({ received }) =>
        received.flatMap((request) => (request.type === 'presence_update' ? [request.ageMs] : [])),
      );
    return { client, server, channel, states, ages };
  }

  it('is sent at most once in the interval of the server, and then the last one', async () => {
    const { client, states } = await start();
    const me = presenceState<number>(client, 'apps:created');
    for (let step = 0; step <= 50; step += 1) {
      me.set(step);
      await pass(10);
    }
    await pass(200);
    expect(states().length).toBeLessThan(8);
    expect([states()[0], states().at(-1)]).toEqual([0, 50]);
  });

  it('is not sent again if it did not change', async () => {
    const { client, states } = await start();
    const me = presenceState(client, 'apps:created');
    for (let step = 0; step < 5; step += 1) {
      me.set({ typing: true });
      await pass(500);
    }
    expect(states()).toEqual([{ typing: true }]);
  });

  it('waits for the subscription, and is sent again with its age after a break', async () => {
    const { client, server, channel, states, ages } = await start();
    channel.unsubscribe();
    await pass();
    const me = presenceState(client, 'apps:created');
    me.set('here');
    await pass(500);
    expect(states()).toEqual([]);
    channel.subscribe();
    await pass();
    expect(states()).toEqual(['here']);
    await pass(5_000);
    server.cut();
    await pass(10_000);
    expect(states()).toEqual(['here', 'here']);
    expect(ages()[0]).toBe(0);
    expect(ages()[1]).toBeGreaterThan(5_000);
  });

  it('is removed by stop, and the one that was set before counts again', async () => {
    const { client, states } = await start();
    const [one, two] = [presenceState(client, 'apps:created'), presenceState(client, 'apps:created')];
    one.set('one');
    await pass(200);
    two.set('two');
    await pass(200);
    two.stop();
    await pass(200);
    one.stop();
    await pass(200);
    expect(states()).toEqual(['one', 'two', 'one', null]);
    one.set('again');
    await pass(200);
    expect(states().at(-1)).toBe('again');
  });

  it('is not kept by a client after stop', async () => {
    const { client, server, channel, states } = await start();
    const me = presenceState(client, 'apps:created');
    me.set('one');
    await pass(200);
    me.stop();
    await pass(200);
    server.cut();
    await pass(10_000);
    expect([channel.state, states()]).toEqual(['subscribed', ['one', null]]);
  });

  it('ends with the user: the next user does not show it', async () => {
    let user = 'ann';
    const { client, states, server } = await start({ getToken: () => user });
    presenceState(client, 'apps:created').set('of ann');
    await pass(200);
    user = 'bob';
    client.reauthenticate().catch(() => undefined);
    await pass(10_000);
    expect(server.open.at(-1)?.user?.userId).toBe('bob');
    expect(states()).toEqual(['of ann']);
  });

  it('is tried again after a temporary refusal, and reported after a final one', async () => {
    const { client, server, states } = await start();
    const errors: string[] = [];
    client.on('error', ({ code }) => void errors.push(code));
    const codes = ['rate_limited', 'unavailable', 'presence_disabled'] as const;
    const refuse = (code: (typeof codes)[number]) => {
      const connection = server.open.at(-1)!;
      const send = connection.send.bind(connection);
      connection.send = (frame) => {
        if (frame.type !== 'presence_updated') return send(frame);
        connection.send = send;
        return send({ type: 'error', code, message: code, ref: frame.ref! });
      };
    };
    const me = presenceState(client, 'apps:created');
    refuse('rate_limited');
    me.set(1);
    await pass(500);
    refuse('unavailable');
    await pass(5_000);
    expect([states(), errors]).toEqual([[1, 1, 1], []]);
    refuse('presence_disabled');
    me.set(2);
    await pass(5_000);
    expect([states(), errors]).toEqual([[1, 1, 1, 2], ['presence_disabled']]);
  });
});
