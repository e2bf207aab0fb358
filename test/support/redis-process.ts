import { once } from 'node:events';
import { connect } from 'node:net';
import { Child, type Exit } from './child.js';
import { freePort } from './ports.js';
import { makeTemporaryDirectory, removeDirectory } from './temporary-directory.js';
import { within } from './within.js';

/** Redis server binary for the tests: `redis-server`, or TEST_REDIS_SERVER, such as a valkey-server. */
export function redisServer(): string {
  return process.env['TEST_REDIS_SERVER'] ?? 'redis-server';
}

/** A Redis server for one test, which the test can kill and restart with its port and data. */
export class RedisProcess {
  private constructor(
    private child: Child,
    private readonly directory: string,
    private readonly args: readonly string[],
    readonly port: number,
  ) {}

  /**
   * Resolves once the server responds.
   * @param settings settings of redis.conf: `{ appendonly: 'yes', appendfsync: 'always' }`
   * @param at a free port. @default chosen by the system
   */
  static async start(settings: Readonly<Record<string, string>> = {}, at?: number): Promise<RedisProcess> {
    const port = at ?? (await freePort());
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

  /** Kills the server like a crash and waits until it has ended. `SIGTERM` lets it save first. */
  kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<Exit> {
    return this.child.stop(signal);
  }

  /** `SIGSTOP` freezes the server (it accepts connections but does not respond), `SIGCONT` resumes it. */
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.child.kill(signal);
  }

  /** Restarts the server on the same port, with the data that its settings persist. Kills it first if it still runs. */
  async restart(): Promise<void> {
    await this.kill();
    this.child = new Child(redisServer(), this.args);
    await this.ready();
  }

  /** Stops the server permanently and removes its data. */
  async stop(): Promise<void> {
    await this.kill();
    await removeDirectory(this.directory);
  }

  private async ready(): Promise<void> {
    await this.child.said('Ready to accept connections');
    const socket = connect(this.port, '127.0.0.1').setEncoding('utf8');
    try {
      socket.write('PING\r\n');
      const [answer] = (await within(20_000, 'an answer of Redis to PING', once(socket, 'data'))) as [string];
      // A server with a password answers before the client has sent it.
      if (!/^(?:\+PONG|-NOAUTH )/.test(answer)) throw new Error(`Redis answered PING with ${answer}`);
    } finally {
      socket.destroy();
    }
  }
}
