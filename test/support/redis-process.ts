import { once } from 'node:events';
import { connect } from 'node:net';
import { Child, type Exit } from './child.js';
import { freePort } from './ports.js';
import { makeTemporaryDirectory, removeDirectory } from './temporary-directory.js';
import { within } from './within.js';

/** The server that the tests run on: `redis-server`, or what TEST_REDIS_SERVER names, such as a valkey-server. */
export function redisServer(): string {
  return process.env['TEST_REDIS_SERVER'] ?? 'redis-server';
}

/** A Redis server of the test's own, which it may kill and bring back with its port and its data. */
export class RedisProcess {
  private constructor(
    private child: Child,
    private readonly directory: string,
    private readonly args: readonly string[],
    readonly port: number,
  ) {}

  /**
   * Resolves when it answers.
   * @param settings what a redis.conf would hold: `{ appendonly: 'yes', appendfsync: 'always' }`
   */
  static async start(settings: Readonly<Record<string, string>> = {}): Promise<RedisProcess> {
    const port = await freePort();
    const directory = await makeTemporaryDirectory();
    const all = { port: String(port), bind: '127.0.0.1', dir: directory, save: '', ...settings };
    const args = Object.entries(all).flatMap(([name, value]) => [`--${name}`, value]);
    const redis = new RedisProcess(new Child(redisServer(), args), directory, args, port);
    try {
      await redis.ready();
    } catch (error) {
      await redis.stop();
      throw error;
    }
    return redis;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  /** Ends it at once, as a crash would, and waits until it is gone. `SIGTERM` lets it save first. */
  kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<Exit> {
    return this.child.stop(signal);
  }

  /** `SIGSTOP` freezes it (it accepts connections and answers none), `SIGCONT` thaws it. */
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.child.kill(signal);
  }

  /** Brings it back on the same port, with whatever its settings made it keep; kills it first if it still runs. */
  async restart(): Promise<void> {
    await this.kill();
    this.child = new Child(redisServer(), this.args);
    await this.ready();
  }

  /** Ends it for good and removes its data. */
  async stop(): Promise<void> {
    await this.kill();
    await removeDirectory(this.directory);
  }

  private async ready(): Promise<void> {
    await this.child.said('Ready to accept connections');
    const socket = connect(this.port, '127.0.0.1').setEncoding('utf8');
    try {
      socket.write('PING\r\n');
      const [answer] = (await within(5000, 'an answer of Redis to PING', once(socket, 'data'))) as [string];
      if (answer !== '+PONG\r\n') throw new Error(`Redis answered PING with ${answer}`);
    } finally {
      socket.destroy();
    }
  }
}
