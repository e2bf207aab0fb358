import { FakeBrowser } from '../../../test/support/fake-browser.js';
import { pass, virtualClients } from '../../../test/support/virtual-client.js';
import { FakeRealtimeServer } from '../../testing/index.js';
import type { RealtimeClient, WebSocketClass } from '../index.js';
import { shareIn } from './shared-web-socket.js';

const app = (name: string) => ({ id: name, name });
const userOf = ({ identity }: RealtimeClient): string | null => identity?.user?.userId ?? null;

describe('one connection for all tabs, when another user signs in', () => {
  const begin = virtualClients();
  let server: FakeRealtimeServer;
  let browser: FakeBrowser;
  // like a cookie: all tabs have the same user
  let who: string | null;

  beforeEach(() => {
    server = new FakeRealtimeServer({ channels: ['apps:created'] });
    browser = new FakeBrowser();
    who = 'ada';
  });

  /** A tab with the received events, and the user that received them. */
  function tab(getToken = (): string | null => who) {
    const WebSocket: WebSocketClass = shareIn(browser.world(server), 'test');
    const { client } = begin({ getToken, WebSocket, minDelayMs: 10 }, server);
    const received: string[] = [];
    const resets: string[] = [];
    const channel = client.channel('apps:created');
    channel.on('event', ({ data }) => void received.push(`${data.name} as ${userOf(client)}`));
    channel.on('reset', ({ reason }) => void resets.push(reason));
    channel.subscribe();
    return { client, received, resets };
  }

  it.each([
    ['another user signs in', 'grace'],
    ['the user signs out', null],
  ])('all tabs switch to the same user, and start again, after %s in one of them', async (_, next) => {
    const acting = tab();
    const tabs = [tab(), acting, tab()];
    await pass(100);
    expect(tabs.map(({ client }) => userOf(client))).toEqual(['ada', 'ada', 'ada']);
    const [former] = server.open;
    who = next;
    await acting.client.reauthenticate();
    await pass(5_000);
    server.publish('apps:created', app('one'));
    await pass(100);
    expect(tabs.map(({ client }) => userOf(client))).toEqual([next, next, next]);
    expect(tabs.map(({ received }) => received)).toEqual(Array(3).fill([`one as ${next}`]));
    expect(tabs.map(({ resets }) => resets)).toEqual(Array(3).fill(['other_user']));
    expect(server.open).toHaveLength(1);
    expect(server.open).not.toContain(former);
  });

  it('a tab without a token does not share the connection of a user', async () => {
    const signedIn = tab();
    await pass(100);
    const stranger = tab(() => null);
    await pass(100);
    server.publish('apps:created', app('one'));
    await pass(100);
    expect(userOf(stranger.client)).toBe(null);
    expect(stranger.received.filter((entry) => entry !== 'one as null')).toEqual([]);
    expect(signedIn.received.filter((entry) => entry !== 'one as ada')).toEqual([]);
    for (const { user } of server.open) {
      const sharedBy = [signedIn, stranger].filter(({ client }) => client.state === 'connected');
      expect(sharedBy.map(({ client }) => userOf(client))).toEqual(sharedBy.map(() => user?.userId ?? null));
    }
    for (const { client } of [signedIn, stranger]) client.close();
    await pass(10_000); // a tab whose socket has closed lingers
  });

  it('a tab that opens after a sign-in elsewhere switches the others too', async () => {
    const former = tab();
    await pass(100);
    who = 'grace';
    const fresh = tab();
    await pass(5_000);
    expect([former, fresh].map(({ client }) => userOf(client))).toEqual(['grace', 'grace']);
    expect(server.open).toHaveLength(1);
  });

  it('tabs without a token share one connection', async () => {
    const tabs = [tab(() => null), tab(() => null), tab(() => null)];
    await pass(5_000);
    expect(tabs.map(({ client }) => [client.state, userOf(client)])).toEqual(Array(3).fill(['connected', null]));
    expect(server.connections).toHaveLength(1);
  });

  it('a request that is forbidden to one tab does not affect the shared connection', async () => {
    const tabs = [tab(), tab()];
    await pass(100);
    await expect(tabs[1]?.client.request({ type: 'stats' })).rejects.toMatchObject({ code: 'forbidden' });
    await pass(1_000);
    expect(tabs.map(({ client }) => client.state)).toEqual(['connected', 'connected']);
    expect(server.connections).toHaveLength(1);
  });

  it('a tab whose token is refused does not affect the connection of the others', async () => {
    server = new FakeRealtimeServer({
      channels: ['apps:created'],
      identify: (token) => (token === 'bad' ? 'token_invalid' : { user: { userId: token, email: null, role: 'user' } }),
    });
    const signedIn = tab();
    await pass(100);
    const refused = tab(() => 'bad');
    await pass(); // the server closes a connection after three refused tokens
    expect(refused.client.state).not.toBe('connected');
    expect(server.connections[0]?.received).toContainEqual({ type: 'auth', token: 'bad', ref: expect.any(String) });
    expect(signedIn.client.state).toBe('connected');
    expect(server.connections).toHaveLength(1);
    refused.client.close();
    await pass(10_000);
  });
});
