import { freePort } from '../../support/ports.js';
import { TcpProxy } from '../proxy.js';
import type { Random } from '../../support/random.js';
import { RedisNode, type RedisNodeOptions } from '../redis-node.js';
import type { Backend } from './backend.js';

/** One Redis server, with a separate line for each instance. */
export class SingleBackend implements Backend {
  private constructor(
    readonly node: RedisNode,
    readonly lines: readonly TcpProxy[],
  ) {}

  static async start(
    instances: number,
    random: Random,
    config: readonly string[] = [],
    options: RedisNodeOptions = {},
  ): Promise<SingleBackend> {
    const node = await RedisNode.start({ config, ...options });
    return new SingleBackend(node, await linesTo(node.port, instances, random));
  }

  env(index: number): Readonly<Record<string, string>> {
    return { REDIS_URL: `redis://127.0.0.1:${this.lines[index]!.port}` };
  }

  async stop(): Promise<void> {
    await Promise.all(this.lines.map((line) => line.stop()));
    await this.node.stop();
  }
}

export async function linesTo(port: number, count: number, random: Random): Promise<TcpProxy[]> {
  const lines: TcpProxy[] = [];
  for (let index = 0; index < count; index += 1) {
    lines.push(await TcpProxy.start(await freePort(), port, random.next));
  }
  return lines;
}
