import { FakeClock } from '../fake-clock.js';
import type { TcpProxy } from '../proxy.js';
import { RedisNode } from '../redis-node.js';
import type { Random } from '../../support/random.js';
import type { Backend } from './backend.js';
import { linesTo } from './single.js';

/** One Redis server and its instances, each with an adjustable clock. */
export class ClockedBackend implements Backend {
  private constructor(
    private readonly node: RedisNode,
    readonly lines: readonly TcpProxy[],
    /** Clock of Redis. */
    readonly clock: FakeClock,
    /** Clocks of the instances. */
    readonly clocks: readonly FakeClock[],
  ) {}

  static async start(instances: number, random: Random): Promise<ClockedBackend> {
    const clock = await FakeClock.create();
    const clocks = await Promise.all(Array.from({ length: instances }, () => FakeClock.create()));
    const node = await RedisNode.start({ env: clock.envOfRedis });
    return new ClockedBackend(node, await linesTo(node.port, instances, random), clock, clocks);
  }

  env(index: number): Readonly<Record<string, string>> {
    return { ...this.clocks[index]!.env, REDIS_URL: `redis://127.0.0.1:${this.lines[index]!.port}` };
  }

  async stop(): Promise<void> {
    await Promise.all(this.lines.map((line) => line.stop()));
    await this.node.stop();
    await Promise.all([this.clock, ...this.clocks].map((clock) => clock.remove()));
  }
}
