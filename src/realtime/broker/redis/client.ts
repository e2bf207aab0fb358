import type { Cluster, Redis } from 'ioredis';
import type { Script } from './scripts.js';

/** A connection to one server, or those to the nodes of a Cluster. */
export type Client = Redis | Cluster;

/** Ends its connections. To one that has ended already it would only leave a timer behind, for which the process waits 2 s. */
export function letGo(client: Client): void {
  if (client.status !== 'end') client.disconnect();
}

/** Every node that may have subscribers: in a Cluster its replicas too. */
export function nodesOf(client: Client): Redis[] {
  return 'nodes' in client ? client.nodes('all') : [client];
}

/** The servers that take writes. */
export function mastersOf(client: Client): Redis[] {
  return 'nodes' in client ? client.nodes('master') : [client];
}

/** Runs a script that was loaded before. */
export async function runScript(
  client: Client,
  { sha, lua }: Script,
  keys: readonly string[],
  args: readonly (string | number)[],
): Promise<unknown> {
  try {
    return await client.evalsha(sha, keys.length, ...keys, ...args);
  } catch (error) {
    // A node of a Cluster that became a master has not got the script: it is sent along once.
    if (!('nodes' in client) || !(error as Error).message.includes('NOSCRIPT')) throw error;
    return client.eval(lua, keys.length, ...keys, ...args);
  }
}
