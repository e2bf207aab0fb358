import type { RealtimeOptions, ResolvedRealtimeOptions } from './realtime-options.js';

type Parse = (text: string) => unknown;

const text: Parse = (value) => value;
const list: Parse = (value) =>
  value
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '');
const whole: Parse = (value) => {
  if (!/^\d+$/.test(value)) throw new Error('must be a whole number');
  return Number(value);
};
const flag: Parse = (value) => {
  if (value !== 'true' && value !== 'false') throw new Error('must be true or false');
  return value === 'true';
};

type EnvOption = Exclude<keyof ResolvedRealtimeOptions, 'jwt' | 'history' | 'channels'>;

/** Variable → option. `REALTIME_HISTORY_SIZE` and `REALTIME_HISTORY_TTL_MS` make up `history`. */
const VARIABLES: Readonly<Record<string, { option: EnvOption; parse: Parse }>> = {
  REALTIME_PATH: { option: 'path', parse: text },
  REALTIME_ADMIN_ROLE: { option: 'adminRole', parse: text },
  REALTIME_ANONYMOUS: { option: 'anonymous', parse: flag },
  REALTIME_AUTH_TIMEOUT_MS: { option: 'authTimeoutMs', parse: whole },
  REALTIME_HEARTBEAT_INTERVAL_MS: { option: 'heartbeatIntervalMs', parse: whole },
  REALTIME_MAX_FRAME_BYTES: { option: 'maxFrameBytes', parse: whole },
  REALTIME_FRAMES_PER_SECOND: { option: 'framesPerSecond', parse: whole },
  REALTIME_MAX_CONNECTIONS: { option: 'maxConnections', parse: whole },
  REALTIME_MAX_CONNECTIONS_PER_USER: { option: 'maxConnectionsPerUser', parse: whole },
  REALTIME_MAX_SUBSCRIPTIONS_PER_CONNECTION: { option: 'maxSubscriptionsPerConnection', parse: whole },
  REALTIME_MAX_BUFFERED_BYTES: { option: 'maxBufferedBytes', parse: whole },
  REALTIME_CLOSE_TIMEOUT_MS: { option: 'closeTimeoutMs', parse: whole },
  REALTIME_MAX_EVENT_BYTES: { option: 'maxEventBytes', parse: whole },
  REALTIME_RECOVERY_MAX_EVENTS: { option: 'recoveryMaxEvents', parse: whole },
  REALTIME_RECOVERY_MAX_BYTES: { option: 'recoveryMaxBytes', parse: whole },
  REALTIME_PUBLISH_API_KEYS: { option: 'publishApiKeys', parse: list },
  REALTIME_DRAIN_DELAY_MS: { option: 'drainDelayMs', parse: whole },
  REALTIME_RECONNECT_SPREAD_MS: { option: 'reconnectSpreadMs', parse: whole },
  REDIS_URL: { option: 'redisUrl', parse: text },
};

const HISTORY = { REALTIME_HISTORY_SIZE: 'size', REALTIME_HISTORY_TTL_MS: 'ttlMs' } as const;

/** Variables whose value is never shown. */
const SECRET_VARIABLES = new Set(['REALTIME_PUBLISH_API_KEYS', 'REDIS_URL']);

/** Every variable that {@link realtimeOptionsFromEnv} reads. */
export const REALTIME_VARIABLES: readonly string[] = [...Object.keys(VARIABLES), ...Object.keys(HISTORY)];

/**
 * Reads the module's variables (see .env.example). One that is unset or empty is left to its default.
 * @throws Error naming the variable, its value and what is allowed; an unknown `REALTIME_…` variable is refused too
 */
export function realtimeOptionsFromEnv(env: NodeJS.ProcessEnv): Omit<RealtimeOptions, 'jwt'> {
  const options: Record<string, unknown> = {};
  const unknown = Object.keys(env).find((name) => name.startsWith('REALTIME_') && !REALTIME_VARIABLES.includes(name));
  if (unknown !== undefined) {
    throw new Error(`${unknown}: there is no such variable. Known are: ${REALTIME_VARIABLES.join(', ')}`);
  }
  for (const [variable, { option, parse }] of Object.entries(VARIABLES)) {
    const value = read(env, variable, parse);
    if (value !== undefined) options[option] = value;
  }
  const history: Record<string, unknown> = {};
  for (const [variable, field] of Object.entries(HISTORY)) {
    const value = read(env, variable, whole);
    if (value !== undefined) history[field] = value;
  }
  if (Object.keys(history).length > 0) options['history'] = history;
  return options as Omit<RealtimeOptions, 'jwt'>;
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
