import { once } from 'node:events';
import { WebSocket, WebSocketServer } from 'ws';
import { freePort } from '../support/ports.js';
import { blocksOf } from '../docs/support/blocks.js';
import { Nginx } from '../fault/nginx.js';

const CONFIGURATION = blocksOf('docs/scaling.md').find(({ language }) => language === 'nginx')!.code;
const CLIENTS = 20;

/** Two servers behind the nginx of docs/scaling.md. */
class Pair {
  private readonly servers: (WebSocketServer | null)[] = [null, null];
  private readonly clients: WebSocket[] = [];

  private constructor(
    private readonly ports: readonly number[],
    private readonly nginx: Nginx,
  ) {}

  static async start(configuration = CONFIGURATION): Promise<Pair> {
    const ports = [await freePort(), await freePort()];
    const here = ports.reduce(
      (text, port, n) => text.replace(`10.0.0.${n + 1}:8888`, `127.0.0.1:${port}`),
      configuration,
    );
    const nginx = await Nginx.serve((port) => here.replace('listen 80;', `listen 127.0.0.1:${port};`));
    const pair = new Pair(ports, nginx);
    await pair.listen(0);
    await pair.listen(1);
    return pair;
  }

  async listen(index: 0 | 1, options: { readonly isDraining?: boolean } = {}): Promise<void> {
    const verifyClient = (_: unknown, answer: (isAccepted: boolean, code?: number) => void): void =>
      answer(options.isDraining !== true, 503);
    const server = new WebSocketServer({ host: '127.0.0.1', port: this.ports[index]!, verifyClient });
    this.servers[index] = server;
    await once(server, 'listening');
  }

  /** Ends a server and its connections like a killed process. */
  async kill(index: 0 | 1): Promise<void> {
    const server = this.servers[index]!;
    for (const client of server.clients) client.terminate();
    server.close();
    await once(server, 'close');
  }

  /** Connects clients sequentially. */
  async connect(count: number): Promise<void> {
    for (; count > 0; count -= 1) {
      const client = new WebSocket(`ws://127.0.0.1:${this.nginx.port}/ws`);
      this.clients.push(client);
      await once(client, 'open');
    }
  }

  get counts(): number[] {
    return this.servers.map((server) => server!.clients.size);
  }

  async stop(): Promise<void> {
    for (const client of this.clients) client.terminate();
    await this.nginx.stop();
    await Promise.all([this.kill(0), this.kill(1)]);
  }
}

describe('the nginx of docs/scaling.md', () => {
  let pair: Pair;
  afterEach(() => pair.stop());

  async function restartOne(): Promise<void> {
    await pair.kill(0);
    await pair.connect(4); // nginx first sends some of them to the ended server
    await pair.listen(0);
    await pair.connect(CLIENTS);
  }

  it('sends new connections to a restarted instance until both have the same number', async () => {
    pair = await Pair.start();
    await restartOne();
    expect(pair.counts).toEqual([CLIENTS / 2 + 2, CLIENTS / 2 + 2]);
  });

  it('needs max_fails=0: without it a restarted instance gets one connection', async () => {
    pair = await Pair.start(CONFIGURATION.replaceAll(' max_fails=0', ''));
    await restartOne();
    expect(pair.counts[0]).toBeLessThanOrEqual(1);
  });

  it('needs least_conn: round robin leaves the restarted instance behind', async () => {
    pair = await Pair.start(CONFIGURATION.replace('least_conn;', ''));
    await pair.connect(CLIENTS);
    await pair.kill(0);
    await pair.listen(0);
    await pair.connect(4);
    expect(pair.counts).toEqual([2, CLIENTS / 2 + 2]);
  });

  it('retries on the other instance if a draining instance refuses a handshake', async () => {
    pair = await Pair.start();
    await pair.kill(0);
    await pair.listen(0, { isDraining: true });
    await pair.connect(CLIENTS);
    expect(pair.counts).toEqual([0, CLIENTS]);
  });

  it('needs http_503 for that: without it clients get the 503', async () => {
    pair = await Pair.start(CONFIGURATION.replace(' http_503', ''));
    await pair.kill(0);
    await pair.listen(0, { isDraining: true });
    await expect(pair.connect(2)).rejects.toThrow('503');
  });
});
