import { WebSocket } from 'ws';
import { createRealtimeClient, subscribed, type Call, type RealtimeClient } from '../../src/client/index.js';
import { sse } from '../../src/client/sse/index.js';
import {
  Call as CallOf,
  Command,
  EventsPublisher,
  ProtocolError,
  RealtimeCommands,
  type CommandCall,
} from '../../src/realtime/index.js';
import { RealtimeApp } from '../realtime/support/realtime-app.js';
import { BlockingProxy } from '../support/blocking-proxy.js';
import { callByName } from '../support/call-by-name.js';
import { signToken } from '../support/jwt.js';
import { until } from '../support/until.js';
import { deferred } from '../support/virtual-client.js';

let runs: CommandCall[] = [];
let end = deferred();

@RealtimeCommands()
class StreamedCommands {
  constructor(private readonly events: EventsPublisher) {}

  @Command('rename')
  async *rename(@CallOf() call: CommandCall): AsyncGenerator<string, string> {
    runs.push(call);
    yield 'begun';
    await end.promise;
    await this.events.emit('apps:updated', { id: '1', name: 'new' });
    return 'renamed';
  }

  @Command('refused')
  refused(): never {
    throw new ProtocolError('conflict', { message: 'The name is taken' });
  }
}

describe.each([
  ['only streams', () => [sse()]],
  ['streams because WebSockets are blocked', () => ['websocket', sse()] as const],
])('calls of a client that %s', (_, transports) => {
  let app: RealtimeApp;
  let proxy: BlockingProxy;
  let client: RealtimeClient;
  const names: string[] = [];

  beforeAll(async () => {
    app = await RealtimeApp.start({}, { providers: [StreamedCommands] });
    proxy = await BlockingProxy.start(app.port);
  });
  beforeEach(async () => {
    runs = [];
    end = deferred();
    names.length = 0;
    proxy.set('webSocket', 'refuse');
    client = createRealtimeClient({
      url: `ws://127.0.0.1:${proxy.port}/ws`,
      WebSocket,
      transports: [...transports()],
      minDelayMs: 20,
      getToken: () => signToken({ sub: 'ada' }),
    });
    const channel = client.channel('apps:updated');
    channel.on('event', ({ data }) => void names.push(data.name));
    channel.subscribe();
    await subscribed(channel);
  });
  afterEach(() => client.close());
  afterAll(async () => {
    await proxy.close();
    await app.close();
  });

  /** Calls the command, and waits until it runs. */
  async function running(): Promise<{ readonly call: Call }> {
    expect(client.transport).toBe('sse');
    const call = callByName(client, 'rename');
    for await (const step of call.progress) {
      expect(step).toBe('begun');
      break;
    }
    return { call };
  }

  it('have progress, a result and their events, or an error', async () => {
    const { call } = await running();
    end.resolve();
    expect([await call, await call.settled, names]).toEqual(['renamed', true, ['new']]);
    await expect(callByName(client, 'refused')).rejects.toMatchObject({
      code: 'conflict',
      message: 'The name is taken',
    });
  });

  it('are cancelled on the server', async () => {
    const { call } = await running();
    const aborted = new Promise((resolve) => runs[0]!.signal.addEventListener('abort', resolve));
    call.cancel();
    await expect(call).rejects.toMatchObject({ code: 'cancelled' });
    await aborted;
    end.resolve();
  });

  it('are sent again after a break, and run once', async () => {
    const { call } = await running();
    const back = new Promise<void>((resolve) => client.on('state', ({ state }) => state === 'connected' && resolve()));
    for (const connection of app.registry.ofUser('ada')) connection.transport.terminate();
    await back;
    await client.request({ type: 'ping' });
    end.resolve();
    expect([await call, await call.settled, names, runs.length, client.transport]).toEqual([
      ...['renamed', true, ['new'], 1, 'sse'],
    ]);
  });
});

describe('a call of a client that returns to WebSocket meanwhile', () => {
  it('runs once, and has its result and its event there', async () => {
    runs = [];
    end = deferred();
    const app = await RealtimeApp.start({}, { providers: [StreamedCommands] });
    const proxy = await BlockingProxy.start(app.port);
    proxy.set('webSocket', 'refuse');
    const client = createRealtimeClient({
      url: `ws://127.0.0.1:${proxy.port}/ws`,
      WebSocket,
      transports: ['websocket', sse({ retryWebSocketMs: 50 })],
      minDelayMs: 20,
      getToken: () => signToken({ sub: 'ada' }),
    });
    try {
      const channel = client.channel('apps:updated');
      channel.subscribe();
      await subscribed(channel);
      const call = callByName(client, 'rename');
      await until(() => runs.length === 1);
      proxy.set('webSocket', 'pass');
      await until(() => client.transport === 'websocket');
      await client.request({ type: 'ping' });
      end.resolve();
      expect([await call, await call.settled, runs.length]).toEqual(['renamed', true, 1]);
    } finally {
      client.close();
      await proxy.close();
      await app.close();
    }
  });
});
