import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { valuesOf, type BoardState, type Change } from '../model/board-model.js';
import { MISSING, type Commit, type Load } from './check.js';

/** The states outside the instances, which load them over HTTP. */
export class Database {
  readonly commits: Commit[] = [];
  readonly loads: Load[] = [];
  private readonly states = new Map<string, BoardState>();

  private constructor(
    private readonly server: Server,
    private readonly delayMs: () => number,
  ) {
    server.on('request', (request, response) => this.answer(request, response));
  }

  /** @param delayMs time between the read of a state and the answer, in milliseconds */
  static async open(channels: readonly string[], delayMs: () => number): Promise<Database> {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const database = new Database(server, delayMs);
    for (const channel of channels) {
      database.states.set(channel, { name: '', cards: {} });
      database.commit(channel, { apply: (state) => (state.name = 'start') });
    }
    return database;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** Instances that load now. */
  get loading(): readonly string[] {
    return this.loads.filter(({ to }) => to === Infinity).map(({ by }) => by);
  }

  stateOf(channel: string): BoardState {
    return this.states.get(channel)!;
  }

  commit(channel: string, { apply }: Pick<Change, 'apply'>): void {
    const state = this.stateOf(channel);
    const before = valuesOf('admin', state);
    apply(state);
    const after = valuesOf('admin', state);
    const at = performance.now();
    for (const path of new Set([...before.keys(), ...after.keys()])) {
      const text = after.get(path) ?? MISSING;
      if (text !== (before.get(path) ?? MISSING)) this.commits.push({ channel, path, text, at });
    }
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }

  private answer(request: IncomingMessage, response: ServerResponse): void {
    const { searchParams } = new URL(request.url!, 'http://127.0.0.1');
    const [channel, by] = [searchParams.get('channel')!, searchParams.get('by')!];
    const load = { channel, by, from: performance.now(), to: Infinity };
    this.loads.push(load);
    const json = JSON.stringify(this.stateOf(channel));
    const timer = setTimeout(() => response.end(json), this.delayMs());
    response.once('close', () => {
      clearTimeout(timer);
      load.to = performance.now();
    });
  }
}
