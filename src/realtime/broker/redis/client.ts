import type { Cluster, Redis } from 'ioredis';
import { safely } from '../../observability/run-safely.js';
import type { Script } from './scripts.js';

/** A connection to one server, or those to the nodes of a Cluster. */
export type Client = Redis | Cluster;

/** Ends its connections. To one that has ended already it would only leave a timer behind, for which the process waits 2 s. */
export function release(client: Client): void {
  if (client.status !== 'end') client.disconnect();
}

/**
 * Idle connections do not keep the process alive: an application that failed to start, and was not closed, ends. What
 * waits for an answer has a timer that does.
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
  // A Cluster keeps one more connection for subscriptions, and has no name for it in its types.
  const { subscriber } = client as unknown as { subscriber?: { getInstance?(): Redis | null } };
  unref(subscriber?.getInstance?.());
}

/** Every node that can have subscribers, including replicas in a Cluster. */
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

/** Asks the Cluster which node owns which slot. Calls while it is under way share its answer. */
export function refreshSlots(client: Client): Promise<void> {
  if (!('nodes' in client)) return Promise.resolve();
  return new Promise((resolve) => {
    client.refreshSlotsCache(() => resolve());
  });
}
