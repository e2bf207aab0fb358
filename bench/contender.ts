import { CHANNEL } from './channel.js';
import type { ConnectOptions } from './load/client.js';
import type { LoadHandlers } from './load/load.js';
import type { PeerSettings } from './servers/peer.js';
import type { PeerName } from './servers/peers.js';
import type { ServerHandlers } from './servers/serve.js';
import { Worker } from './worker.js';

/** Default size of an event on the wire, in bytes. */
export const EVENT_BYTES = 200;

const BEARER = { Authorization: 'Bearer {token}' };

/** How a client connects and subscribes, for each kind of server. */
const CONNECT_OPTIONS: Readonly<Record<PeerName, Omit<ConnectOptions, 'port'>>> = {
  module: {
    path: '/ws',
    headers: BEARER,
    hello: [JSON.stringify({ type: 'subscribe', channel: CHANNEL })],
    readyAfter: 2,
  },
  ws: { path: '/ws', readyAfter: 0 },
  'socket.io': { path: '/socket.io/?EIO=4&transport=websocket', hello: ['40'], readyAfter: 2 },
  'bare redis': { path: '/', readyAfter: 0 },
  nest: { path: '/', readyAfter: 0 },
};

/** Node flags of every server, such as those for profiling. */
export const nodeFlags: string[] = ['--expose-gc'];

/** A server under test in one process, and its load in another. */
export class Contender {
  private constructor(
    readonly name: PeerName,
    readonly server: Worker<ServerHandlers>,
    readonly load: Worker<LoadHandlers>,
    readonly connectOptions: ConnectOptions,
  ) {}

  static async start(name: PeerName, settings: PeerSettings = {}): Promise<Contender> {
    const server = new Worker<ServerHandlers>('./servers/serve.ts', [name], nodeFlags);
    const load = new Worker<LoadHandlers>('./load/load.ts');
    try {
      const { port } = await server.call('start', settings);
      const connectOptions: ConnectOptions = { ...CONNECT_OPTIONS[name], port, tls: settings.tls !== undefined };
      if (settings.compression !== true) return new Contender(name, server, load, connectOptions);
      const headers = { ...connectOptions.headers, 'Sec-WebSocket-Extensions': 'permessage-deflate' };
      return new Contender(name, server, load, { ...connectOptions, headers });
    } catch (error) {
      await Promise.all([server.stop(), load.stop()]);
      throw error;
    }
  }

  /** Opens a number of lasting connections, each with its subscriptions. */
  async connect(count: number, connectOptions: Partial<ConnectOptions> = {}): Promise<void> {
    await this.load.call('connect', { connectOptions: { ...this.connectOptions, ...connectOptions }, count });
  }

  /** Returns the CPU time of the server during some work, in microseconds. */
  async cpuOf(work: () => Promise<unknown>): Promise<number> {
    const before = await this.server.call('cpu', undefined);
    await work();
    return (await this.server.call('cpu', undefined)) - before;
  }

  async stop(): Promise<void> {
    await Promise.all([this.server.stop(), this.load.stop()]);
  }
}

/** Starts several contenders, and always ends them. */
export async function withContenders<T>(
  starts: readonly (() => Promise<Contender>)[],
  use: (contenders: readonly Contender[]) => Promise<T>,
): Promise<T> {
  const contenders: Contender[] = [];
  try {
    for (const start of starts) contenders.push(await start());
    return await use(contenders);
  } finally {
    await Promise.all(contenders.map((contender) => contender.stop()));
  }
}
