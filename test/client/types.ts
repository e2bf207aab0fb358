/** Code of applications that must compile, and code that must not. `npm run lint` is the test. */
import {
  call,
  createRealtimeClient,
  events,
  follow,
  userChannel,
  withCommands,
  type Channel,
  type RealtimeClient,
  type WebSocketClass,
} from '../../src/client/index.js';
import { sharedWebSocket } from '../../src/client/shared/index.js';
import { sse } from '../../src/client/sse/index.js';
import { WebSocket as NodeWebSocket } from 'ws';

declare module '../../src/protocol/events.js' {
  interface RealtimeEvents {
    'types:merged': { readonly total: number };
  }
}

interface Commands {
  'types.add': { readonly input: { readonly by: number }; readonly output: number; readonly progress: string };
  'types.ping': { readonly output: 'pong' };
}

export async function callsCommands(client: RealtimeClient, name: string): Promise<void> {
  const typed = withCommands<Commands>(client);
  const signal = AbortSignal.timeout(1);
  const adding = typed.call('types.add', { by: 1 }, { timeoutMs: 1, offline: 'queue', signal });
  for await (const step of adding.progress) step.toUpperCase();
  const isComplete: boolean = await adding.settled;
  const total: number = await adding;
  const pong: 'pong' = await typed.call('types.ping');
  const unknown: unknown = await call(client, name, { any: 'input' }); // only known at run time
  typed.channel('types:merged').on('event', ({ data }) => data.total.toFixed(total));
  // @ts-expect-error an unknown command
  void typed.call('types.sub', { by: 1 });
  // @ts-expect-error an input that does not fit
  void typed.call('types.add', { by: '1' });
  // @ts-expect-error no input
  void typed.call('types.add');
  // @ts-expect-error an invalid option
  void typed.call('types.ping', undefined, { patience: 1 });
  // @ts-expect-error a command that is not in the command map
  void call(client, 'types.ping');
  return void [isComplete, pong, unknown];
}

export function compiles(client: RealtimeClient, name: string): void {
  client.channel('apps:created').on('event', ({ data, id }) => [data.name.length, id?.length]);
  client.channel('types:merged').on('event', ({ data }) => data.total.toFixed());
  client.channel('user:42').on('event', ({ data }: { data: unknown }) => data);
  const known: Channel = client.channel(name); // only known at run time
  known.on('event', async () => undefined);
  if (client.state === 'waiting') client.change.retryInMs?.toFixed();
  void client.request({ type: 'stats' }).then(({ stats }) => stats.cluster.instances.toFixed());
  void client.request({ type: 'greet', data: { name: 'Ada' } }).then((answer) => answer['data']);
  follow([client.channel('apps:created'), client.channel('apps:updated')], {
    load: () => Promise.resolve(1),
    onLoad: (total) => total.toFixed(),
    onEvent: ({ data }) => data.name.length,
  });
  const channel = userChannel('42');
  if (channel !== null) client.channel(channel).subscribe({ presence: true, after: 'e-1' });
  const own = createRealtimeClient<{ 'my:channel': { readonly mine: true } }>({ url: '/ws' });
  own.channel('my:channel').on('event', ({ data }) => data.mine);
  const classes: WebSocketClass[] = [NodeWebSocket, WebSocket];
  createRealtimeClient({ url: 'ws://localhost/ws', WebSocket: classes[0]! });
}

/** With `exactOptionalPropertyTypes`: an option can be `undefined`, which equals its absence. */
export function takesUndefined(client: RealtimeClient, id: string): void {
  createRealtimeClient({
    url: new URL('https://example.com/ws'),
    token: undefined,
    getToken: undefined,
    tokenVia: undefined,
    WebSocket: undefined,
    transports: undefined,
    minDelayMs: undefined,
    maxDelayMs: undefined,
    timeoutMs: undefined,
    maxWaitingEvents: undefined,
    debug: undefined,
  });
  sharedWebSocket({ name: 'one', WebSocket: undefined });
  sse({ url: undefined, retryWebSocketMs: undefined, fetch: undefined });
  sse({ fetch });
  client.channel('apps:created').subscribe({ after: undefined, presence: undefined });
  void client.request({ type: 'ping' }, { timeoutMs: undefined, signal: undefined });
  void client.request({ type: 'ping' }, { signal: AbortSignal.timeout(1) });
  const rooms = createRealtimeClient<{ [room: `room:${string}`]: { readonly text: string } }>({ url: '/ws' });
  rooms.channel(`room:${id}`).on('event', ({ data }) => data.text);
}

export async function compilesToo(client: RealtimeClient): Promise<void> {
  for await (const { data } of events(client.channel('deployments:status'))) data.status.length.toFixed();
}

export function doesNot(client: RealtimeClient): void {
  // @ts-expect-error an invalid name
  client.channel('apps:creatde');
  // @ts-expect-error a wildcard
  client.channel('apps:*');
  // @ts-expect-error a field that the event lacks
  client.channel('apps:created').on('event', ({ data }) => data.title);
  // @ts-expect-error an event that channels do not emit
  client.channel('apps:created').on('message', () => undefined);
  // @ts-expect-error an unknown state
  if (client.state === 'open') client.close();
  // @ts-expect-error no URL
  createRealtimeClient({ token: 'JWT' });
  // @ts-expect-error an invalid `tokenVia`
  createRealtimeClient({ url: '/ws', tokenVia: 'cookie' });
  // @ts-expect-error an invalid token
  createRealtimeClient({ url: '/ws', getToken: () => 42 });
  // @ts-expect-error a reported value is read-only
  client.change.state = 'idle';
}
