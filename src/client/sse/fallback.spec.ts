import { pass, virtualClients, type VirtualClient } from '../../../test/support/virtual-client.js';
import { FakeBrowser } from '../../../test/support/fake-browser.js';
import { FakeNetwork } from '../../../test/support/fake-network.js';
import { FakeRealtimeServer, type FakeServerOptions } from '../../testing/index.js';
import {
  createRealtimeClient,
  serverChannels,
  viaHeader,
  viaQuery,
  viaSubprotocol,
  type RealtimeClientOptions,
} from '../index.js';
import { shareIn } from '../shared/shared-web-socket.js';
import { sse, type SseOptions } from './index.js';

/** Virtual time between the tries of a WebSocket after which another one is certain: the interval and its jitter. */
const INTERVAL_MS = 300_000 * 1.25;

const FIRST_TRY_MS = 15_000 * 1.25;

interface Streaming extends VirtualClient {
  readonly network: FakeNetwork;
  /** Names of the apps whose events arrived. */
  readonly received: string[];
  readonly resets: string[];
  readonly publish: (name: string) => void;
}

describe('a client that can stream', () => {
  const start = virtualClients();

  function connect(
    network: Partial<FakeNetwork> = {},
    options: Partial<RealtimeClientOptions> = {},
    server: FakeServerOptions = {},
    stream: SseOptions = {},
  ): Streaming {
    const fakeServer = new FakeRealtimeServer(server);
    const fakeNetwork = Object.assign(new FakeNetwork(fakeServer), network);
    const { WebSocket, fetch } = fakeNetwork;
    const transports = ['websocket', sse({ fetch, ...stream })] as const;
    const client = start({ WebSocket, transports, token: 'ada', ...options }, fakeServer);
    const received: string[] = [];
    const resets: string[] = [];
    const channel = client.client.channel('apps:created');
    channel.on('event', ({ data }) => received.push(data.name));
    channel.on('reset', ({ reason }) => resets.push(reason));
    channel.subscribe();
    const publish = (name: string): void => void fakeServer.publish('apps:created', { id: '1', name });
    return { ...client, network: fakeNetwork, received, resets, publish };
  }

  it('uses the WebSocket if it works, and sends no request', async () => {
    const { client, network, publish, received } = connect();
    await pass(60_000);
    publish('one');
    await pass();
    expect(client.transport).toBe('websocket');
    expect(client.change).toMatchObject({ state: 'connected', transport: 'websocket' });
    expect(received).toEqual(['one']);
    expect(network.requests).toEqual([]);
    expect(network.sockets).toBe(1);
  });

  it('streams within a second after two refused upgrades, and says so in its state', async () => {
    const { client, network, publish, received, changes, states, errors } = connect({ webSocket: 'refused' });
    await pass(1_000);
    expect(states()).toEqual([
      'connect → connecting',
      'unreachable → waiting',
      'retry → connecting',
      'ready → connected',
    ]);
    expect(changes.map(({ transport }) => transport)).toEqual([undefined, undefined, undefined, 'sse']);
    expect(client.transport).toBe('sse');
    expect(client.identity?.user?.userId).toBe('ada');
    publish('one');
    await pass();
    expect(received).toEqual(['one']);
    expect(network.sockets).toBe(2);
    expect(errors).toEqual([]);
    client.close();
    expect(client.transport).toBeUndefined();
    await pass();
    expect(network.server.open).toEqual([]);
  });

  it('streams after two seconds beside a WebSocket that opens and stays silent', async () => {
    const { client, network } = connect({ webSocket: 'silent' });
    await pass(1_999);
    expect(network.requests).toEqual([]);
    await pass(1);
    expect(client.transport).toBe('sse');
    expect(client.channel('apps:created').state).toBe('subscribed');
  });

  it('takes a WebSocket that is only slow, also after it began to stream', async () => {
    const { client, network, states } = connect({ webSocket: 'silent' });
    await pass(2_000);
    expect(client.transport).toBe('sse');
    network.answerLate();
    await pass(10);
    expect(client.transport).toBe('websocket');
    expect(states().slice(2)).toEqual(['lost → waiting', 'retry → connecting', 'ready → connected']);
    await pass(60_000);
    expect(network.server.open).toHaveLength(1);
    expect(network.sockets).toBe(1);
  });

  it('waits longer for a silent WebSocket if one has worked before: the server may be overloaded', async () => {
    const { client, network } = connect();
    await pass();
    network.webSocket = 'silent';
    await pass(500 + 9_999); // the first wait, and the time limit of an attempt
    expect(network.requests).toEqual([]);
    await pass(1 + 750 + 2_000); // the second attempt
    expect(client.transport).toBe('sse');
  });

  it('does not change the transport because the network is offline', async () => {
    const { client, network, publish, received, resets } = connect();
    await pass();
    network.all = 'refused';
    await pass(120_000);
    expect(client.state).toBe('waiting');
    publish('missed');
    network.all = 'open';
    await pass(30_000);
    expect(client.transport).toBe('websocket');
    expect(received).toEqual(['missed']);
    expect(resets).toEqual([]);
    expect(network.server.connections).toHaveLength(2);
  });

  it('does not change the transport because every connection stays silent', async () => {
    const { client, network } = connect();
    await pass();
    network.all = 'silent';
    await pass(120_000);
    network.all = 'open';
    await pass(45_000);
    expect(client.transport).toBe('websocket');
  });

  it('tries a WebSocket first after it was offline while it streamed', async () => {
    const { network, changes } = connect({ webSocket: 'refused' });
    await pass(1_000);
    network.all = 'refused';
    await pass(60_000);
    network.all = 'open';
    await pass(45_000);
    expect(changes.flatMap(({ transport }) => transport ?? [])).toEqual(['sse', 'websocket']);
  });

  it('streams again at once after a stream has ended, because it remembers that WebSocket is blocked', async () => {
    const { client, network, publish, received, resets } = connect({ webSocket: 'refused' });
    await pass(1_000);
    network.cutStreams();
    publish('missed');
    await pass(500);
    expect(client.transport).toBe('sse');
    expect(network.sockets).toBe(2);
    expect(received).toEqual(['missed']);
    expect(resets).toEqual([]);
  });

  it('tries a WebSocket again after 15 s, 60 s and then every five minutes', async () => {
    const { client, network } = connect({ webSocket: 'refused' });
    await pass(1_000);
    const counts: number[] = [];
    for (const ms of [15_000, 60_000, 240_000, 300_000, 300_000]) {
      await pass(ms);
      counts.push(network.sockets);
    }
    expect(counts).toEqual([3, 4, 5, 6, 7]);
    expect(client.transport).toBe('sse');
    expect(client.change.previous).toBe('connecting');
    expect(network.requestsOf('GET')).toHaveLength(1); // the stream was not dropped
  });

  it('changes to a WebSocket that works, without losing or repeating an event', async () => {
    const { client, network, publish, received, resets } = connect({ webSocket: 'refused' });
    await pass(1_000);
    network.webSocket = 'open';
    for (let at = 0; at < FIRST_TRY_MS; at += 10) {
      publish(`${at}`);
      await pass(10);
    }
    expect(client.transport).toBe('websocket');
    expect(received).toEqual(Array.from({ length: FIRST_TRY_MS / 10 }, (_, index) => `${index * 10}`));
    expect(resets).toEqual([]);
    expect(network.server.open).toHaveLength(1);
    await pass(INTERVAL_MS);
    expect(network.sockets).toBe(3); // no further tries
  });

  it('keeps the stream until the WebSocket is authenticated', async () => {
    const { client, network, states } = connect({ webSocket: 'refused' });
    await pass(1_000);
    network.webSocket = 'silent';
    await pass(FIRST_TRY_MS + 9_000);
    expect(client.transport).toBe('sse');
    expect(states()).toHaveLength(4);
    await pass(60_000);
    expect(network.server.open.length).toBeLessThanOrEqual(2); // a silent socket is closed after the time limit
  });

  it.each([
    ['in band', undefined],
    ['in the query', viaQuery],
    ['as a subprotocol', viaSubprotocol],
    ['as a header', viaHeader],
  ])('sends a token %s as a header of the stream, and takes over the WebSocket', async (_, tokenVia) => {
    const { client, network } = connect({ webSocket: 'refused' }, { tokenVia }, { anonymous: tokenVia === viaHeader });
    await pass(1_000);
    expect(client.transport).toBe('sse');
    expect(client.identity?.user?.userId).toBe('ada');
    network.webSocket = 'open';
    await pass(FIRST_TRY_MS);
    expect(client.transport).toBe('websocket');
    expect(network.sockets).toBe(3);
    expect(client.channel('apps:created').state).toBe('subscribed');
  });

  it('streams without a token as an anonymous client', async () => {
    const { client, network } = connect({ webSocket: 'refused' }, { token: undefined });
    await pass(1_000);
    expect(client.identity?.user).toBeNull();
    expect(network.requestsOf('GET')[0]!.headers).not.toHaveProperty('Authorization');
    network.webSocket = 'open';
    await pass(FIRST_TRY_MS);
    expect(client.transport).toBe('websocket');
    expect(network.sockets).toBe(3);
  });

  it('gets another token if the stream is refused, which a browser cannot see on a WebSocket', async () => {
    const reasons: string[] = [];
    const getToken = ({ reason }: { reason: string }): string => {
      reasons.push(reason);
      return reasons.length > 1 ? 'ada' : 'old';
    };
    const identify = (token: string) =>
      token === 'old' ? ('token_expired' as const) : { user: { userId: token, email: null, role: 'user' } };
    const { client } = connect({ webSocket: 'refused' }, { getToken }, { identify });
    await pass(2_000);
    expect(client.transport).toBe('sse');
    expect(reasons).toEqual(['connect', 'refused']);
  });

  it('stops if a fixed token has expired', async () => {
    const { client } = connect({ webSocket: 'refused' }, {}, { identify: () => 'token_expired' });
    await pass(2_000);
    expect(client.change).toMatchObject({ state: 'closed', code: 'refused' });
  });

  it('renews its token on the stream, and sends it with later requests', async () => {
    let tokens = 0;
    const identify = (token: string) => ({
      user: { userId: token.split(' ')[0]!, email: null, role: 'user' },
      expiresInMs: 60_000,
    });
    const { client, network, errors } = connect(
      { webSocket: 'refused' },
      { getToken: () => `ada ${(tokens += 1)}` },
      { identify },
    );
    await pass(1_000);
    await pass(55_000);
    expect(tokens).toBe(2);
    client.send({ type: 'ping' });
    await pass();
    const [first, , , last] = network.requestsOf('POST').map(({ headers }) => headers['Authorization']);
    expect([first, last]).toEqual(['Bearer ada 1', 'Bearer ada 2']);
    expect(network.requestsOf('GET')).toHaveLength(1);
    expect(errors).toEqual([]);
    client.close();
    await pass(); // the server ends the timer of the token
  });

  it('does not stream because the server refuses the token on a WebSocket', async () => {
    const { client, network } = connect({}, { getToken: () => 'bad' }, { identify: () => 'token_invalid' });
    await pass(120_000);
    expect(client.state).toBe('closed');
    expect(network.requests).toEqual([]);
  });

  it('streams if the constructor of the WebSocket throws', async () => {
    const Blocked = class {
      constructor() {
        throw new Error('blocked by the policy of the page');
      }
    } as unknown as RealtimeClientOptions['WebSocket'];
    const { client } = connect({}, { WebSocket: Blocked });
    await pass(1_000);
    expect(client.transport).toBe('sse');
  });

  it('closes a WebSocket that was ready when the application closes the client during the change', async () => {
    const { client, network } = connect({ webSocket: 'refused' });
    await pass(1_000);
    network.webSocket = 'open';
    client.on('state', ({ state }) => state === 'waiting' && client.close());
    await pass(FIRST_TRY_MS);
    expect(client.state).toBe('closed');
    await pass(5_000);
    expect(network.server.open).toEqual([]);
  });

  it('closes a try that has no answer yet when the application closes the client', async () => {
    const { client, network } = connect({ webSocket: 'refused' });
    await pass(1_000);
    network.webSocket = 'silent';
    await pass(FIRST_TRY_MS);
    expect(network.server.open).toHaveLength(2);
    client.close();
    await pass();
    expect(network.server.open).toEqual([]);
  });

  it('closes a stream that has no answer yet when the WebSocket is answered', async () => {
    const { client, network } = connect({ webSocket: 'silent', stream: 'silent' });
    await pass(3_000);
    expect(network.pending).toBe(1);
    network.answerLate();
    await pass();
    expect(client.transport).toBe('websocket');
    expect(network.pending).toBe(0);
  });

  it('resumes the channels to which the server subscribes it', async () => {
    const autoSubscribe = (): string[] => ['apps:updated'];
    const { client, network } = connect({ webSocket: 'refused' }, {}, { autoSubscribe });
    const names: string[] = [];
    serverChannels(client);
    client.channel('apps:updated').on('event', ({ data }) => names.push(data.name));
    await pass(1_000);
    network.server.publish('apps:updated', { id: '1', name: 'streamed' });
    network.webSocket = 'open';
    await pass(FIRST_TRY_MS);
    expect(client.transport).toBe('websocket');
    await pass(60_000); // without the server's subscription the channel would be left
    network.server.publish('apps:updated', { id: '1', name: 'over a socket' });
    await pass();
    expect(names).toEqual(['streamed', 'over a socket']);
  });

  it('sends frames that were passed before the change, and answers requests', async () => {
    const { client } = connect({ webSocket: 'refused' });
    await pass(1_000);
    const answer = client.request({ type: 'list_channels' });
    await pass();
    expect(await answer).toMatchObject({ type: 'channels', subscribed: ['apps:created'] });
  });
});

describe('tabs that share a connection', () => {
  const start = virtualClients();

  it('share a stream while WebSocket is blocked, and the WebSocket afterwards', async () => {
    const network = Object.assign(new FakeNetwork(new FakeRealtimeServer()), { webSocket: 'refused' });
    const browser = new FakeBrowser();
    const received: string[] = [];
    const tabs = ['one', 'two', 'three'].map((tab) => {
      const WebSocket = shareIn(browser.world(network), 'test');
      const transports = ['websocket', sse({ fetch: network.fetch })] as const;
      const { client } = start({ WebSocket, transports, token: 'ada' }, network.server);
      client.channel('apps:created').on('event', ({ data }) => received.push(`${tab}: ${data.name}`));
      client.channel('apps:created').subscribe();
      return client;
    });
    const publish = async (name: string): Promise<string[]> => {
      network.server.publish('apps:created', { id: '1', name });
      await pass(100);
      return received.splice(0).toSorted();
    };
    await pass(2_000);
    expect(tabs.map(({ transport }) => transport)).toEqual(['sse', 'sse', 'sse']);
    expect(network.server.open).toHaveLength(1);
    expect(await publish('a')).toEqual(['one: a', 'three: a', 'two: a']);

    tabs[0]!.close(); // the tab with the stream
    await pass(2_000);
    expect(tabs.map(({ transport }) => transport)).toEqual([undefined, 'sse', 'sse']);
    expect(await publish('b')).toEqual(['three: b', 'two: b']);

    network.webSocket = 'open';
    await pass(FIRST_TRY_MS);
    expect(tabs.map(({ transport }) => transport)).toEqual([undefined, 'websocket', 'websocket']);
    expect(await publish('c')).toEqual(['three: c', 'two: c']);
    expect(network.server.open).toHaveLength(1);
    for (const tab of tabs) tab.close();
    await pass(10_000);
  });
});

describe('a client that only streams', () => {
  const start = virtualClients();

  it('opens no WebSocket, and sends nothing while it is idle', async () => {
    const network = new FakeNetwork(new FakeRealtimeServer());
    const { client } = start(
      { WebSocket: network.WebSocket, transports: [sse({ fetch: network.fetch })], token: 'ada' },
      network.server,
    );
    client.connect();
    for (let beats = 0; beats < 20; beats += 1) {
      await pass(30_000);
      network.sendToStreams(':\n\n');
    }
    expect(client.transport).toBe('sse');
    expect(network.sockets).toBe(0);
    expect(network.requestsOf('POST')).toEqual([]);
  });

  it('works without a WebSocket in the environment', async () => {
    const network = new FakeNetwork(new FakeRealtimeServer());
    const { client } = start(
      { WebSocket: undefined, transports: [sse({ fetch: network.fetch })], token: 'ada' },
      network.server,
    );
    client.connect();
    await pass();
    expect(client.transport).toBe('sse');
  });
});

it.each([
  ['the stream first', [sse(), 'websocket']],
  ['two streams', [sse(), sse()]],
  ['two WebSockets', ['websocket', 'websocket', sse()]],
] as const)('refuses %s', (_, transports) => {
  expect(() => createRealtimeClient({ url: 'ws://fake/ws', transports })).toThrow(
    "use ['websocket', sse()] or [sse()]",
  );
});

it.each([0, -1, NaN, Infinity, '5000'])('refuses to try a WebSocket every %p ms', (retryWebSocketMs) => {
  expect(() => sse({ retryWebSocketMs: retryWebSocketMs as number })).toThrow(
    `retryWebSocketMs is ${retryWebSocketMs}`,
  );
});
