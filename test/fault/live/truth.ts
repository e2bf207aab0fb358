import { createServer, type Server, type ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { freePort } from '../../support/ports.js';
import type { Random } from '../../support/random.js';

/** A state. Each setter has a number and cards that no other setter changes. */
export interface Board {
  readonly numbers: Record<string, number>;
  readonly cards: Record<string, { text: string; column: number }>;
  readonly ballast: string;
}

/** Time before and after a board is read, in milliseconds: a load overlaps changes, and some take long. */
const LOAD_MS = [0, 100] as const;
const SLOW_MS = [300, 700] as const;

/** The boards as they are, outside of all instances and of Redis. Instances load them over HTTP. */
export class Truth {
  readonly boards = new Map<string, Board>();

  private constructor(
    private readonly server: Server,
    readonly url: string,
    private readonly random: Random,
  ) {
    server.on('request', ({ url: path }, response) => {
      void this.answer((path ?? '').slice(1), response);
    });
  }

  static async start(random: Random): Promise<Truth> {
    const [server, port] = [createServer(), await freePort()];
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
    return new Truth(server, `http://127.0.0.1:${port}`, random);
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private async answer(channel: string, response: ServerResponse): Promise<void> {
    const { random } = this;
    if (random.chance(0.02)) {
      response.writeHead(503).end();
      return;
    }
    const [from, to] = random.chance(0.2) ? SLOW_MS : LOAD_MS;
    const pause = (): Promise<void> => delay(random.between(from, to));
    await pause();
    const json = JSON.stringify(this.boards.get(channel) ?? null);
    await pause();
    response.end(json);
  }
}
