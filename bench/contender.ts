import { CHANNEL } from './channel.js';
import type { Door } from './load/client.js';
import type { LoadHandlers } from './load/load.js';
import type { PeerSettings } from './servers/peer.js';
import type { PeerName, ServerHandlers } from './servers/serve.js';
import { Worker } from './worker.js';

/** What an event of the benchmark has on the wire, in bytes, where a row does not say otherwise. */
export const EVENT_BYTES = 200;

const BEARER = { Authorization: 'Bearer {token}' };

/** How a subscriber comes in, for each kind of server. */
const DOORS: Readonly<Record<PeerName, Omit<Door, 'port'>>> = {
  module: {
    path: '/ws',
    headers: BEARER,
    hello: [JSON.stringify({ type: 'subscribe', channel: CHANNEL })],
    readyAfter: 2,
  },
  ws: { path: '/ws', readyAfter: 0 },
  'socket.io': { path: '/socket.io/?EIO=4&transport=websocket', hello: ['40'], readyAfter: 2 },
  'bare redis': { path: '/', readyAfter: 0 },
};

/** Flags of Node for every server, set once: how they are profiled. */
export const nodeFlags: string[] = ['--expose-gc'];

/** A server under test in a process of its own, and what loads it in another. */
export class Contender {
  private constructor(
    readonly name: PeerName,
    readonly server: Worker<ServerHandlers>,
    readonly load: Worker<LoadHandlers>,
    readonly door: Door,
  ) {}

  static async start(name: PeerName, settings: PeerSettings = {}): Promise<Contender> {
    const server = new Worker<ServerHandlers>('./servers/serve.ts', [name], nodeFlags);
    const load = new Worker<LoadHandlers>('./load/load.ts');
    try {
      const { port } = await server.call('start', settings);
      const door: Door = { ...DOORS[name], port, tls: settings.tls !== undefined };
      if (settings.compression !== true) return new Contender(name, server, load, door);
      const headers = { ...door.headers, 'Sec-WebSocket-Extensions': 'permessage-deflate' };
      return new Contender(name, server, load, { ...door, headers });
    } catch (error) {
      await Promise.all([server.stop(), load.stop()]);
      throw error;
    }
  }

  /** Opens so many connections that stay, each with its subscriptions. */
  async connect(count: number, door: Partial<Door> = {}): Promise<void> {
    await this.load.call('connect', { door: { ...this.door, ...door }, count });
  }

  /** CPU time of the server that something costs, in microseconds. */
  async cpuOf(work: () => Promise<unknown>): Promise<number> {
    const before = await this.server.call('cpu', undefined);
    await work();
    return (await this.server.call('cpu', undefined)) - before;
  }

  async stop(): Promise<void> {
    await Promise.all([this.server.stop(), this.load.stop()]);
  }
}

/** Starts several contenders, and ends them whatever happens. */
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
