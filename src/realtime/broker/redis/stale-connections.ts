import type { Redis } from 'ioredis';

/**
 * Commands of the previous connection may still be in transit and would be executed after their retry. So Redis is
 * asked to kill that connection first.
 */
export class StaleConnections {
  /** run id of a Redis server → the id that it gave to our last publishing connection */
  private readonly ids = new Map<string, number>();

  async kill(node: Redis): Promise<void> {
    const server = /^run_id:(\w+)/m.exec(await node.info('server'))?.[1] ?? '';
    const stale = this.ids.get(server);
    if (stale !== undefined) await node.client('KILL', 'ID', stale);
    this.ids.set(server, await node.client('ID'));
  }
}
