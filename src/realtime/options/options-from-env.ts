import { readFileSync } from 'node:fs';
import type { RealtimeOptions } from './realtime-options.js';

type Parse = (text: string) => unknown;

const text: Parse = (value) => value;
const list: Parse = (value) => {
  const entries = value
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '');
  // A template such as "$FIRST,$SECOND" without its variables gives an empty list, and an empty list of keys would
  // disable a protection.
  if (entries.length === 0) throw new Error('must hold an entry, or be empty');
  return entries;
};
/** Keys separated by commas, or a JSON list of keys and of objects with a name and a scope. */
const keys: Parse = (value) => {
  if (!/^\s*[[{]/.test(value)) return list(value);
  try {
    return JSON.parse(value) as unknown;
  } catch {
    throw new Error('must be keys separated by commas, or a JSON list'); // the error of JSON.parse contains part of the value
  }
};
const whole: Parse = (value) => {
  if (!/^\d+$/.test(value)) throw new Error('must be a whole number');
  return Number(value);
};
const flag: Parse = (value) => {
  if (value !== 'true' && value !== 'false') throw new Error('must be true or false');
  return value === 'true';
};
/** `true`, `false`, or names separated by commas. */
const flagOrList: Parse = (value) => (['true', 'false'].includes(value) ? value === 'true' : list(value));
/** The variable is the path of a file that contains the value. */
const file: Parse = (value) => {
  try {
    return readFileSync(value, 'utf8');
  } catch (error) {
    throw new Error(`must name a file that can be read: ${(error as Error).message}`, { cause: error });
  }
};

/** Option and parser by variable. A dot separates a group from its option. */
const VARIABLES: Readonly<Record<string, readonly [option: string, parse: Parse]>> = {
  REALTIME_PATH: ['path', text],
  REALTIME_ADMIN_ROLE: ['adminRole', text],
  REALTIME_ORIGINS: ['origins', list],
  REALTIME_HOSTS: ['hosts', list],
  REALTIME_ANONYMOUS: ['anonymous', flag],
  REALTIME_AUTH_TIMEOUT_MS: ['authTimeoutMs', whole],
  REALTIME_HEARTBEAT_INTERVAL_MS: ['heartbeatIntervalMs', whole],
  REALTIME_MAX_FRAME_BYTES: ['maxFrameBytes', whole],
  REALTIME_MAX_FRAGMENTS: ['maxFragments', whole],
  REALTIME_MAX_RUNNING_MESSAGES: ['maxRunningMessages', whole],
  REALTIME_MESSAGE_TIMEOUT_MS: ['messageTimeoutMs', whole],
  REALTIME_FRAMES_PER_SECOND: ['framesPerSecond', whole],
  REALTIME_REQUEST_BYTES_PER_SECOND: ['requestBytesPerSecond', whole],
  REALTIME_REQUEST_BYTES_PER_SECOND_OF_USER: ['requestBytesPerSecondOfUser', whole],
  REALTIME_REQUEST_BYTES_PER_SECOND_OF_ADDRESS: ['requestBytesPerSecondOfAddress', whole],
  REALTIME_MAX_CONNECTIONS: ['maxConnections', whole],
  REALTIME_MAX_CONNECTIONS_PER_USER: ['maxConnectionsPerUser', whole],
  REALTIME_MAX_CONNECTIONS_PER_ADDRESS: ['maxConnectionsPerAddress', whole],
  REALTIME_TRUSTED_PROXIES: ['trustedProxies', list],
  REALTIME_HANDSHAKES_PER_SECOND: ['handshakesPerSecond', whole],
  REALTIME_HANDSHAKES_PER_SECOND_PER_USER: ['handshakesPerSecondPerUser', whole],
  REALTIME_HANDSHAKE_TIMEOUT_MS: ['handshakeTimeoutMs', whole],
  REALTIME_CLOSE_UNFINISHED_REQUESTS: ['closeUnfinishedRequests', flag],
  REALTIME_MAX_EVENT_LOOP_DELAY_MS: ['maxEventLoopDelayMs', whole],
  REALTIME_ANONYMOUS_TIMEOUT_MS: ['anonymousTimeoutMs', whole],
  REALTIME_MAX_SUBSCRIPTIONS_PER_CONNECTION: ['maxSubscriptionsPerConnection', whole],
  REALTIME_COMPRESSION: ['compression', flag],
  REALTIME_MAX_BUFFERED_BYTES: ['maxBufferedBytes', whole],
  REALTIME_MAX_BUFFERED_BYTES_TOTAL: ['maxBufferedBytesTotal', whole],
  REALTIME_CLOSE_TIMEOUT_MS: ['closeTimeoutMs', whole],
  REALTIME_MAX_EVENT_BYTES: ['maxEventBytes', whole],
  REALTIME_MAX_EVENT_KEYS: ['maxEventKeys', whole],
  REALTIME_DECLARED_FIELDS_ONLY: ['declaredFieldsOnly', flag],
  REALTIME_HISTORY_SIZE: ['history.size', whole],
  REALTIME_HISTORY_TTL_MS: ['history.ttlMs', whole],
  REALTIME_RECOVERY_MAX_EVENTS: ['recoveryMaxEvents', whole],
  REALTIME_RECOVERY_MAX_BYTES: ['recoveryMaxBytes', whole],
  REALTIME_BUILT_IN_CHANNELS: ['builtInChannels', flagOrList],
  REALTIME_INVALID_EVENTS: ['invalidEvents', text],
  REALTIME_POLICY_TIMEOUT_MS: ['policyTimeoutMs', whole],
  REALTIME_POLICY_CONCURRENCY: ['policyConcurrency', whole],
  REALTIME_PRESENCE_GRACE_MS: ['presenceGraceMs', whole],
  REALTIME_OCCUPANCY_GRACE_MS: ['occupancyGraceMs', whole],
  REALTIME_PUBLISH_API_KEYS: ['publishApiKeys', keys],
  REALTIME_PUBLISH_API: ['publishApi', flag],
  REALTIME_DIRECT_PUBLISH_API: ['directPublishApi', flag],
  REALTIME_TICKET_API: ['ticketApi', flag],
  REALTIME_HISTORY_API: ['historyApi', flag],
  REALTIME_STREAM_API: ['streamApi', flag],
  REALTIME_CLUSTER_KEYS: ['clusterKeys', list],
  REALTIME_OPERATOR_API: ['operatorApi', flag],
  REALTIME_CONSOLE: ['console', flag],
  REALTIME_CONSOLE_SESSION: ['consoleSession', text],
  REALTIME_REVOCATION_TTL_MS: ['revocationTtlMs', whole],
  REALTIME_TENANT_CLAIM: ['tenants.claim', text],
  REALTIME_TENANT_PLATFORM_ROLE: ['tenants.platformRole', text],
  REALTIME_TENANT_METRICS: ['tenants.metrics', flag],
  REALTIME_TENANT_MAX_CONNECTIONS: ['tenants.maxConnections', whole],
  REALTIME_TENANT_MAX_SUBSCRIPTIONS: ['tenants.maxSubscriptions', whole],
  REALTIME_TENANT_EVENTS_PER_SECOND: ['tenants.eventsPerSecond', whole],
  REALTIME_COMMAND_WINDOW_MS: ['commands.windowMs', whole],
  REALTIME_COMMAND_LEASE_MS: ['commands.leaseMs', whole],
  REALTIME_COMMAND_TIMEOUT_MS: ['commands.timeoutMs', whole],
  REALTIME_COMMAND_PER_SECOND: ['commands.perSecond', whole],
  REALTIME_COMMAND_MAX_RUNNING: ['commands.maxRunning', whole],
  REALTIME_COMMAND_MAX_RUNNING_PER_USER: ['commands.maxRunningPerUser', whole],
  REALTIME_COMMAND_MAX_RESULT_BYTES: ['commands.maxResultBytes', whole],
  REALTIME_COMMAND_MAX_KEPT_PER_USER: ['commands.maxKeptPerUser', whole],
  REALTIME_COMMAND_MAX_KEPT_BYTES_PER_USER: ['commands.maxKeptBytesPerUser', whole],
  REALTIME_COMMAND_MAX_KEPT_PER_TENANT: ['commands.maxKeptPerTenant', whole],
  REALTIME_COMMAND_MAX_KEPT_BYTES_PER_TENANT: ['commands.maxKeptBytesPerTenant', whole],
  REALTIME_COMMAND_GLOBAL_ENHANCERS: ['commands.globalEnhancers', flag],
  REALTIME_COMMAND_HTTP: ['commands.http', flag],
  REALTIME_LIVE_MAX_BYTES: ['live.maxBytes', whole],
  REALTIME_LIVE_TTL_MS: ['live.ttlMs', whole],
  REALTIME_LIVE_LOAD_TIMEOUT_MS: ['live.loadTimeoutMs', whole],
  REALTIME_LIVE_CONCURRENT_LOADS: ['live.concurrentLoads', whole],
  REALTIME_LIVE_CACHE_BYTES: ['live.cacheBytes', whole],
  REALTIME_STREAM_MAX_BYTES: ['streams.maxBytes', whole],
  REALTIME_STREAM_TTL_MS: ['streams.ttlMs', whole],
  REALTIME_STREAM_JOIN_MS: ['streams.joinMs', whole],
  REALTIME_STREAM_LEASE_MS: ['streams.leaseMs', whole],
  REALTIME_STREAM_MAX_OPEN: ['streams.maxOpen', whole],
  REALTIME_STREAM_MAX_WAITING_BYTES: ['streams.maxWaitingBytes', whole],
  REALTIME_DRAIN_DELAY_MS: ['drainDelayMs', whole],
  REALTIME_RECONNECT_SPREAD_MS: ['reconnectSpreadMs', whole],
  REDIS_URL: ['redis.url', text],
  REALTIME_REDIS_SENTINELS: ['redis.sentinels', list],
  REALTIME_REDIS_SENTINEL_NAME: ['redis.sentinelName', text],
  REALTIME_REDIS_SENTINEL_USERNAME: ['redis.sentinelUsername', text],
  REALTIME_REDIS_SENTINEL_PASSWORD: ['redis.sentinelPassword', text],
  REALTIME_REDIS_CLUSTER: ['redis.cluster', list],
  REALTIME_REDIS_TLS_CA_FILE: ['redis.tlsCa', file],
  REALTIME_REDIS_TLS_CERT_FILE: ['redis.tlsCert', file],
  REALTIME_REDIS_TLS_KEY_FILE: ['redis.tlsKey', file],
  REALTIME_REDIS_PREFIX: ['redis.prefix', text],
};

/** Variables whose value is never shown. */
const SECRET_VARIABLES = new Set([
  'REALTIME_PUBLISH_API_KEYS',
  'REALTIME_CLUSTER_KEYS',
  'REDIS_URL',
  'REALTIME_REDIS_SENTINEL_PASSWORD',
]);

/** All variables that {@link realtimeOptionsFromEnv} reads. */
export const REALTIME_VARIABLES: readonly string[] = Object.keys(VARIABLES);

/** Returns the variable that sets an option such as `history.size`, or `undefined`. */
export function realtimeVariableOf(option: string): string | undefined {
  return REALTIME_VARIABLES.find((name) => VARIABLES[name]![0] === option);
}

/**
 * Reads the module's variables (see .env.example). An unset or empty variable leaves the default.
 * @throws Error with the variable, its value and what is allowed; also for an unknown `REALTIME_…` variable
 */
export function realtimeOptionsFromEnv(env: NodeJS.ProcessEnv): Omit<RealtimeOptions, 'jwt'> {
  const options: Record<string, unknown> = {};
  const unknown = Object.keys(env).find((name) => name.startsWith('REALTIME_') && !REALTIME_VARIABLES.includes(name));
  if (unknown !== undefined) {
    throw new Error(`${unknown} is not a known variable. Known variables: ${REALTIME_VARIABLES.join(', ')}`);
  }
  for (const [variable, [option, parse]] of Object.entries(VARIABLES)) {
    const value = read(env, variable, parse);
    if (value === undefined) continue;
    const [group, field] = option.split('.') as [string, string?];
    if (field === undefined) options[group] = value;
    else options[group] = { ...(options[group] as object | undefined), [field]: value };
  }
  return options;
}

function read(env: NodeJS.ProcessEnv, variable: string, parse: Parse): unknown {
  const value = env[variable];
  if (value === undefined || value === '') return undefined;
  try {
    return parse(value);
  } catch (error) {
    const shown = SECRET_VARIABLES.has(variable) ? '' : ` (it is ${JSON.stringify(value)})`;
    throw new Error(`${variable} ${(error as Error).message}${shown}`, { cause: error });
  }
}
