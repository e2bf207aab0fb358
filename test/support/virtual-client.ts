import { jest } from '@jest/globals';
import {
  createRealtimeClient,
  type Identity,
  type RealtimeClient,
  type RealtimeClientOptions,
  type StateChange,
} from '../../src/client/index.js';
import { FakeRealtimeServer, type FakeServerOptions } from '../../src/testing/index.js';

/** A client of a fake server on a virtual clock, with its recorded events. */
export interface VirtualClient {
  readonly server: FakeRealtimeServer;
  readonly client: RealtimeClient;
  readonly changes: readonly StateChange[];
  /** `cause → state` of each change. */
  readonly states: () => string[];
  readonly errors: string[];
  readonly identities: readonly (Identity | null)[];
}

export const pass = (ms = 0): Promise<void> => jest.advanceTimersByTimeAsync(ms);

/**
 * Sets up a virtual clock and a fixed jitter (0.5) for each test of the file. @returns a function that creates clients
 */
export function virtualClients(): (
  options?: Partial<RealtimeClientOptions>,
  server?: FakeServerOptions | FakeRealtimeServer,
) => VirtualClient {
  const clients: RealtimeClient[] = [];
  beforeEach(() => {
    jest.useFakeTimers();
    jest.spyOn(Math, 'random').mockReturnValue(0.5);
  });
  afterEach(() => {
    for (const client of clients.splice(0)) client.close();
    const left = jest.getTimerCount();
    jest.useRealTimers();
    jest.restoreAllMocks();
    if (left > 0) throw new Error(`The client left ${left} timers behind`);
  });
  return (options = {}, given = {}) => {
    const server = given instanceof FakeRealtimeServer ? given : new FakeRealtimeServer(given);
    const client = createRealtimeClient({ url: 'ws://fake/ws', WebSocket: server.WebSocket, ...options });
    clients.push(client);
    const changes: StateChange[] = [];
    const errors: string[] = [];
    const identities: (Identity | null)[] = [];
    client.on('state', (change) => changes.push(change));
    client.on('error', ({ code }) => errors.push(code));
    client.on('identity', (identity) => identities.push(identity));
    const states = (): string[] => changes.map(({ state, code }) => `${code} → ${state}`);
    return { server, client, changes, states, errors, identities };
  };
}

/** A promise with the functions that settle it. */
export function deferred<T = void>(): { promise: Promise<T>; resolve(value: T): void; reject(error: Error): void } {
  let resolve!: (value: T) => void;
  let reject!: (error: Error) => void;
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}
