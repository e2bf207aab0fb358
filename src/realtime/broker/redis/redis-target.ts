import type { ConnectionOptions } from 'node:tls';
import { Cluster, Redis, type RedisOptions as ClientOptions } from 'ioredis';
import type { RedisOptions } from '../../options/redis-options.js';
import { release } from './client.js';
import { describeError } from './connection-error.js';

/** One address of a Redis server. */
export interface RedisNode {
  readonly host: string;
  readonly port: number;
}

/** Which Redis joins the instances: one server, a master that Sentinels know, or a Cluster. */
export interface RedisTarget {
  /** `redis://` or `rediss://`, with user, password and database; beside Sentinels or Cluster nodes it gives only these. */
  readonly url?: string;
  readonly sentinels?: readonly RedisNode[];
  /** The name under which the Sentinels know the master. */
  readonly sentinelName?: string;
  /** Credentials for the Sentinels. */
  readonly sentinelCredentials?: Pick<ClientOptions, 'sentinelUsername' | 'sentinelPassword'>;
  readonly cluster?: readonly RedisNode[];
  /** Trusted certificates and client certificate for `rediss://`, as PEM. */
  readonly tls?: Pick<ConnectionOptions, 'ca' | 'cert' | 'key'>;
}

/** @returns `null` where no Redis is configured */
export function redisTarget(options: RedisOptions): RedisTarget | null {
  const { url, sentinels, sentinelName, sentinelUsername, sentinelPassword, cluster, tlsCa, tlsCert, tlsKey } = options;
  const sentinelCredentials = {
    ...(sentinelUsername === undefined ? {} : { sentinelUsername }),
    ...(sentinelPassword === undefined ? {} : { sentinelPassword }),
  };
  if (url === undefined && sentinels.length === 0 && cluster.length === 0) return null;
  const tls = Object.entries({ ca: tlsCa, cert: tlsCert, key: tlsKey }).filter(([, pem]) => pem !== undefined);
  return {
    ...(tls.length === 0 ? {} : { tls: Object.fromEntries(tls) }),
    ...(url === undefined ? {} : { url }),
    ...(sentinels.length === 0 ? {} : { sentinels: sentinels.map(nodeOf), sentinelName, sentinelCredentials }),
    ...(cluster.length === 0 ? {} : { cluster: cluster.map(nodeOf) }),
  };
}

/** `redis-1:6379`, `[::1]:6379` */
function nodeOf(address: string): RedisNode {
  const colon = address.lastIndexOf(':');
  return { host: address.slice(0, colon).replace(/^\[|\]$/g, ''), port: Number(address.slice(colon + 1)) };
}

/** The oldest Redis that does: scripts whose effects are replicated, RESP3. */
const MIN_MAJOR = 7;

/**
 * Each connection is made once and never reconnects by itself: when it closes, everything that waits for an answer is
 * rejected, and its owner makes a new one. ioredis's own reconnection would run scripts twice, leave promises pending, or
 * execute later what it had rejected.
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
  // Without any data for this time while a reply is pending, the peer counts as gone.
  socketTimeout: 2_500,
  keepAlive: 5_000,
  failoverDetector: true,
  sentinelRetryStrategy: () => null,
  connectionName: 'nestjs-realtime',
} as const satisfies ClientOptions;

/** Time limit for the whole handshake of a connection, in milliseconds. */
const HANDSHAKE_MS = 5_000;

/** One connection to a server that takes writes. @throws with a sentence for the operator */
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
    : // The client takes TLS from the address or from the options, and not from both.
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

/** One connection to any node of the Cluster: pub/sub reaches every node. Another one each time, where it can. */
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

/** A client of the whole Cluster that follows no redirection by itself: the caller tries again, in order. */
export async function connectCluster(target: RedisTarget): Promise<Cluster> {
  const cluster = new Cluster([...target.cluster!], {
    redisOptions: { ...ONCE, ...credentials(target), lazyConnect: false },
    // A certificate contains host names, so they must not be resolved to addresses before it is verified.
    ...(isEncrypted(target) ? { dnsLookup: (host, callback) => callback(null, host) } : {}),
    clusterRetryStrategy: () => null,
    // Its check can ask a node that was just disconnected, and then stops without an error.
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
  client.on('error', () => undefined); // pending commands are rejected
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(
      () => reject(new Error(`it did not complete the handshake within ${HANDSHAKE_MS} ms`)),
      HANDSHAKE_MS,
    );
  });
  let lastError: Error | null = null;
  const remember = (error: Error): void => void (lastError = error);
  client.on('error', remember);
  const connected = client.connect();
  connected.catch(() => undefined);
  const ended = new Promise<never>((_resolve, reject) => {
    client.once('end', () => reject(new Error('it closed the connection during the handshake')));
  });
  ended.catch(() => undefined); // it ends at some time in any case
  try {
    await Promise.race([connected, ended, late]);
  } catch (error) {
    release(client);
    throw new Error(describeError(lastError ?? (error as Error), encrypted), { cause: error });
  } finally {
    clearTimeout(timer);
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

/** The database number that the URL names; a Cluster has only one. */
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
