import { build } from 'esbuild';
import { createContext, runInContext } from 'node:vm';
import { WebSocket } from 'ws';
import type * as Client from '../../src/client/index.js';
import { RealtimeApp } from '../realtime/support/realtime-app.js';
import { signToken } from '../support/jwt.js';

/**
 * Features of Node that Hermes lacks, and globals of browsers that React Native lacks. It has a `window` that emits no
 * events, but no document, storage, crypto, BroadcastChannel or Event.
 */
const NOT_IN_HERMES = `
  for (const name of ['toSorted', 'toReversed', 'toSpliced', 'with', 'findLast', 'findLastIndex']) delete Array.prototype[name];
  for (const name of ['groupBy', 'fromAsync']) { delete Object[name]; delete Map[name]; delete Array[name]; }
  delete Promise.withResolvers;
  for (const name of ['FinalizationRegistry', 'SharedArrayBuffer', 'Atomics', 'WebAssembly']) delete globalThis[name];
`;

describe('the client, with the globals of React Native', () => {
  let app: RealtimeApp;
  let native: typeof Client;

  beforeAll(async () => {
    app = await RealtimeApp.start();
    const { outputFiles } = await build({
      stdin: { contents: `export * from './src/client/index.ts'`, resolveDir: '.', loader: 'ts' },
      ...{ bundle: true, format: 'iife', globalName: 'client', target: 'es2020', write: false },
    });
    const context = createContext({ WebSocket, setTimeout, clearTimeout, setInterval, clearInterval, queueMicrotask });
    runInContext(
      `${NOT_IN_HERMES}
      globalThis.window = globalThis.global = globalThis;
      globalThis.navigator = { product: 'ReactNative' };
      globalThis.performance = { now: () => Date.now() };`,
      context,
    );
    native = runInContext(`${outputFiles[0]!.text}; client`, context) as typeof Client;
  });
  afterAll(() => app.close());

  it('connects, receives events, loses its connection, and resumes when the application is active again', async () => {
    const states: string[] = [];
    // A retry delay so long that only `wake` ends it within this test.
    const client = native.createRealtimeClient({
      url: app.url,
      token: signToken({ sub: 'phone' }),
      minDelayMs: 600_000,
      maxDelayMs: 600_000,
    });
    client.on('state', ({ state }) => states.push(state));
    const received: string[] = [];
    let arrived: (() => void) | undefined;
    const channel = client.channel('apps:created');
    channel.on('event', ({ data }) => {
      received.push(data.name);
      arrived?.();
    });
    channel.subscribe();
    await native.subscribed(channel);
    const first = new Promise<void>((resolve) => (arrived = resolve));
    await app.events.emit('apps:created', { id: '1', name: 'heard' });
    await first;

    const waits = new Promise<void>((resolve) => client.on('state', ({ state }) => state === 'waiting' && resolve()));
    for (const connection of app.registry.ofUser('phone')) connection.close('heartbeatTimeout');
    await waits;
    const missed = new Promise<void>((resolve) => (arrived = resolve));
    await app.events.emit('apps:created', { id: '2', name: 'missed' });
    client.wake(); // as an application calls it when AppState becomes `active`
    await missed;
    expect(received).toEqual(['heard', 'missed']);
    client.close();
    expect(states).toEqual(['connecting', 'connected', 'waiting', 'connecting', 'connected', 'closed']);
  });
});
