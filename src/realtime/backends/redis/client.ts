import type { Cluster, Redis } from 'ioredis';
import { safely } from '../../observability/run-safely.js';
import type { Script } from './scripts.js';

/** A connection to one server, or the connections to the nodes of a Cluster. */
export type Client = Redis | Cluster;

/** Closes its connections. Disconnecting a closed client would start a timer that keeps the process alive for 2 s. */
export function release(client: Client): void {
  if (client.status !== 'end') client.disconnect();
}

/**
 * Lets the process exit while connections are idle, so that an application that failed to start, and was not closed, exits.
 * Pending commands have their own timers, which keep the process alive.
 */
export function unrefConnections(client: Client): void {
  if (!('nodes' in client)) {
    client.stream.unref();
    return;
  }
  const unref = (node: Redis | null | undefined): void => void node?.stream?.unref();
  const watch = (node: Redis): void => {
    unref(node);
    node.on(
      'connect',
      safely('A connection to Redis', () => unref(node)),
    );
  };
  for (const node of client.nodes('all')) watch(node);
  client.on('+node', safely('A node of Redis', watch));
  // A Cluster keeps another connection for subscriptions, which its types do not declare.
  const { subscriber } = client as unknown as { subscriber?: { getInstance?(): Redis | null } };
  unref(subscriber?.getInstance?.());
}

/** Returns every node that can have subscribers, including replicas in a Cluster. */
export function nodesOf(client: Client): Redis[] {
  return 'nodes' in client ? client.nodes('all') : [client];
}

/** Returns the nodes that accept writes. */
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
    // A Cluster node that has just become a master does not know the script, so it is sent once.
    if (!('nodes' in client) || !(error as Error).message.includes('NOSCRIPT')) throw error;
    return client.eval(lua, keys.length, ...keys, ...args);
  }
}

/**
 * Runs a script that no connection has loaded, for data other than events. A server that does not know it, because it was restarted
 * or its scripts were flushed, receives it once.
 */
export async function runOrLoadScript(
  client: Client,
  { sha, lua }: Script,
  keys: readonly string[],
  args: readonly (string | number)[],
): Promise<unknown> {
  try {
    return await client.evalsha(sha, keys.length, ...keys, ...args);
  } catch (error) {
    if (!(error as Error).message.includes('NOSCRIPT')) throw error;
    return client.eval(lua, keys.length, ...keys, ...args);
  }
}

/** Refreshes the slot owners of a Cluster. Concurrent calls share one request. */
export function refreshSlots(client: Client): Promise<void> {
  if (!('nodes' in client)) return Promise.resolve();
  return new Promise((resolve) => {
    client.refreshSlotsCache(() => resolve());
  });
}
