import { pass, virtualClients } from '../../test/support/virtual-client.js';
import { viaQuery } from '../client/index.js';
import { asGuest } from './fake-server.js';

const user = { userId: 'ada', email: null, role: 'user' };
const DAY_MS = 86_400_000;

describe('a fake server', () => {
  const begin = virtualClients();

  it.each([40 * DAY_MS, Infinity])('accepts tokens that last for %d ms', async (expiresInMs) => {
    const { client, server } = begin({ token: 'ada' }, { identify: () => ({ user, expiresInMs }) });
    client.connect();
    await pass(10_000);
    expect(client.state).toBe('connected');
    expect(server.connections).toHaveLength(1);
  });

  it('ends a token that lasts longer than a timer can wait', async () => {
    const { client, server } = begin(
      { token: 'ada' },
      { heartbeatMs: 3_600_000, identify: () => ({ user, expiresInMs: 25 * DAY_MS }) },
    );
    client.connect();
    await pass(25 * DAY_MS - 1_000);
    expect(server.connections).toHaveLength(1);
    await pass(2_000);
    expect(server.connections[0]?.user).toEqual(user);
    expect(client.change.code).toBe('refused');
  });

  it('decodes the token of a URL', async () => {
    const tokens: string[] = [];
    const token = 'a+b/c==&d e';
    const { client } = begin({ token, tokenVia: viaQuery }, { identify: (given) => (tokens.push(given), { user }) });
    client.connect();
    await pass();
    expect(tokens).toEqual([token]);
  });

  it('serves guests of a share link, who can use its channels only', async () => {
    const { client, server, identities } = begin(
      { url: 'ws://fake/ws?ticket=of-guests' },
      { channels: ['apps:created', 'users:created'], identify: () => asGuest(['apps:*']) },
    );
    for (const name of ['apps:created', 'users:created']) client.channel(name).subscribe();
    client.connect();
    await pass();
    expect(identities.at(-1)).toMatchObject({ user: null, authorizedChannels: ['apps:created'] });
    expect([...(server.connections[0]?.subscriptions ?? [])]).toEqual(['apps:created']);
  });

  it('answers an invalid frame with its problems', async () => {
    const { client, server, errors } = begin({ token: 'ada' });
    client.connect();
    await pass();
    server.connections[0]!.take('{"type":"history","channel":"a","limit":0}');
    await pass();
    expect(errors).toEqual(['invalid_message']);
    expect(server.connections[0]!.received.map(({ type }) => type)).not.toContain('history');
  });

  it('ends subscriptions outside the limit of a new token', async () => {
    let limitedTo = ['a', 'b'];
    const { client, server } = begin({ token: 'ada' }, { identify: () => ({ user, limitedTo }) });
    for (const name of limitedTo) client.channel(name).subscribe();
    client.connect();
    await pass();
    limitedTo = ['b'];
    server.connections[0]?.take(JSON.stringify({ type: 'auth', token: 'narrower' }));
    await pass();
    expect([...(server.connections[0]?.subscriptions ?? [])]).toEqual(['b']);
  });

  it.each([undefined, () => 1, Symbol('data')])('rejects %p, which is not JSON', (data) => {
    expect(() => begin().server.publish('apps:created', data as never)).toThrow('is not JSON');
  });
});
