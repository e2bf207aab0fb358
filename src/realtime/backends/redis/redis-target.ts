import { Cluster, Redis, type RedisOptions as ClientOptions } from 'ioredis';
import { withTimeout } from '../../timing/with-timeout.js';
import { release } from './client.js';
import { describeError } from './connection-error.js';
import type { RedisTarget } from './redis-address.js';

/** Minimum major version of Redis. Required for effect replication of scripts and RESP3. */
const MIN_MAJOR = 7;

/**
 * A connection never reconnects by itself. When it closes, all pending commands are rejected, and its owner creates a new one.
 * The automatic reconnect of ioredis would run scripts twice, leave promises pending, or execute commands that it had rejected.
 */
const ONCE = {
  protocol: 3,
  lazyConnect: true,
  retryStrategy: null,
  autoResubscribe: false,
  autoResendUnfulfilledCommands: false,
  enableOfflineQueue: false,
  enableAutoPipelining: false,
  maxRetriesPerRequest: null,
  connectTimeout: 1_500,
  // If no data arrives for this time while a reply is pending, the connection counts as dead.
  socketTimeout: 2_500,
  keepAlive: 5_000,
  failoverDetector: true,
  sentinelRetryStrategy: () => null,
  connectionName: 'nestjs-realtime',
} as const satisfies ClientOptions;

/** Time limit for the whole handshake of a connection, in milliseconds. */
const HANDSHAKE_MS = 5_000;

/**
 * Opens one connection to a server that accepts writes.
 * @throws Error with a sentence for the operator
 */
export async function connectMaster(target: RedisTarget): Promise<Redis> {
  const redis = target.sentinels
    ? new Redis({
        ...ONCE,
        ...credentials(target),
        ...(isEncrypted(target) ? { enableTLSForSentinelMode: true, sentinelTLS: target.tls ?? {} } : {}),
        ...target.sentinelCredentials,
        sentinels: [...target.sentinels],
        name: target.sentinelName!,
      })
    : // The client takes TLS from the URL or from the options, but not from both.
      new Redis(target.url!.replace(/^rediss:/, 'redis:'), {
        ...ONCE,
        ...(isEncrypted(target) ? { tls: target.tls ?? {} } : {}),
      });
  await ready(redis, isEncrypted(target));
  try {
    await checkServer(redis);
    return redis;
  } catch (error) {
    release(redis);
    throw error;
  }
}

/** Opens one connection to a node of the Cluster. Pub/sub reaches every node, so each attempt can use another one. */
export async function connectClusterNode(target: RedisTarget, attempt: number): Promise<Redis> {
  const nodes = target.cluster!;
  const redis = new Redis({ ...ONCE, ...credentials(target), ...nodes[attempt % nodes.length]! });
  await ready(redis, isEncrypted(target));
  try {
    checkVersion(await redis.info('server'));
    return redis;
  } catch (error) {
    release(redis);
    throw error;
  }
}

/** Opens a client of the whole Cluster. It follows no redirection by itself: the caller retries, to keep the order. */
export async function connectCluster(target: RedisTarget): Promise<Cluster> {
  const cluster = new Cluster([...target.cluster!], {
    redisOptions: { ...ONCE, ...credentials(target), lazyConnect: false },
    // A certificate contains host names, so they must not be resolved to addresses before it is verified.
    ...(isEncrypted(target) ? { dnsLookup: (host, callback) => callback(null, host) } : {}),
    clusterRetryStrategy: () => null,
    // The ready check of ioredis can query a node that was just disconnected, and then never completes.
    enableReadyCheck: false,
    enableOfflineQueue: false,
    enableAutoPipelining: false,
    maxRedirections: 0,
    lazyConnect: true,
    slotsRefreshTimeout: 2_000,
    scaleReads: 'master',
  });
  await ready(cluster, isEncrypted(target));
  return cluster;
}

async function ready(client: Redis | Cluster, encrypted: boolean): Promise<void> {
  client.on('error', () => undefined); // errors reject the pending commands
  let lastError: Error | null = null;
  const remember = (error: Error): void => void (lastError = error);
  client.on('error', remember);
  const connected = client.connect();
  connected.catch(() => undefined);
  const ended = new Promise<never>((_resolve, reject) => {
    client.once('end', () => reject(new Error('it closed the connection during the handshake')));
  });
  ended.catch(() => undefined); // it closes eventually in any case
  try {
    await withTimeout(Promise.race([connected, ended]), HANDSHAKE_MS, () => {
      throw new Error(`it did not complete the handshake within ${HANDSHAKE_MS} ms`);
    });
  } catch (error) {
    release(client);
    throw new Error(describeError(lastError ?? (error as Error), encrypted), { cause: error });
  } finally {
    client.off('error', remember);
  }
}

async function checkServer(redis: Redis): Promise<void> {
  const info = `${await redis.info('server')}\n${await redis.info('replication')}`;
  checkVersion(info);
  const role = /^role:(\S+)/m.exec(info)?.[1] ?? 'unknown';
  if (role !== 'master')
    throw new Error(`it is a ${role === 'slave' ? 'replica' : role}, not a master: it accepts no writes`);
  if (/^redis_mode:cluster/m.test(info)) {
    throw new Error('it is a node of a Cluster: name its nodes in `redis.cluster` (REALTIME_REDIS_CLUSTER)');
  }
}

/** @param info the reply to INFO */
function checkVersion(info: string): void {
  const version = /^(?:valkey|redis)_version:(\S+)/m.exec(info)?.[1] ?? 'unknown';
  // An unknown version is accepted: a proxy may hide it.
  if (Number.parseInt(version, 10) < MIN_MAJOR) {
    throw new Error(`it is version ${version}: Redis ${MIN_MAJOR} or Valkey 8, or later, is required`);
  }
}

/** Returns the database number in the URL. A Cluster has only database 0. */
export function databaseOf({ url, cluster }: RedisTarget): number {
  return url === undefined || cluster !== undefined ? 0 : Number(new URL(url).pathname.slice(1) || 0);
}

function isEncrypted({ url }: RedisTarget): boolean {
  return url?.startsWith('rediss:') === true;
}

function credentials(target: RedisTarget): ClientOptions {
  if (target.url === undefined) return {};
  const { username, password } = new URL(target.url);
  const db = databaseOf(target);
  return {
    ...(username === '' ? {} : { username: decodeURIComponent(username) }),
    ...(password === '' ? {} : { password: decodeURIComponent(password) }),
    ...(db === 0 ? {} : { db }),
    ...(isEncrypted(target) ? { tls: target.tls ?? {} } : {}),
  };
}
