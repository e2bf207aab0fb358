import type { Redis } from 'ioredis';

/** Kills the previous publishing connection. Its commands may still be in transit, and would be executed after their retry. */
export class StaleConnections {
  /** By run id of a Redis server: the client id of our last publishing connection there. */
  private readonly ids = new Map<string, number>();

  async kill(node: Redis): Promise<void> {
    const server = /^run_id:(\w+)/m.exec(await node.info('server'))?.[1] ?? '';
    const stale = this.ids.get(server);
    if (stale !== undefined) await node.client('KILL', 'ID', stale);
    this.ids.set(server, await node.client('ID'));
  }
}
