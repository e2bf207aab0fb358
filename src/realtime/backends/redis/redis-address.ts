import type { RedisOptions as ClientOptions } from 'ioredis';
import type { ConnectionOptions } from 'node:tls';
import type { RedisOptions } from '../../options/redis-options.js';

/** Address of a Redis server. */
export interface RedisNode {
  readonly host: string;
  readonly port: number;
}

/** The Redis that connects the instances: one server, a master behind Sentinels, or a Cluster. */
export interface RedisTarget {
  /** `redis://` or `rediss://`, with user, password and database. With Sentinels or a Cluster, only these parts are used. */
  readonly url?: string;
  readonly sentinels?: readonly RedisNode[];
  /** Name of the master in the Sentinel configuration. */
  readonly sentinelName?: string;
  /** Credentials for the Sentinels. */
  readonly sentinelCredentials?: Pick<ClientOptions, 'sentinelUsername' | 'sentinelPassword'>;
  readonly cluster?: readonly RedisNode[];
  /** Trusted certificates and client certificate for `rediss://`, as PEM. */
  readonly tls?: Pick<ConnectionOptions, 'ca' | 'cert' | 'key'>;
}

/** @returns `null` if no Redis is configured */
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

/** Parses addresses such as `redis-1:6379` and `[::1]:6379`. */
function nodeOf(address: string): RedisNode {
  const colon = address.lastIndexOf(':');
  return { host: address.slice(0, colon).replace(/^\[|\]$/g, ''), port: Number(address.slice(colon + 1)) };
}
