import { join } from 'node:path';
import { realtimeOptionsFromEnv, type ChannelDefinition, type RealtimeOptions } from '../../realtime/index.js';
import { DEPLOYMENT_LOG } from '../deployments/deployment.js';
import { USER_CHANNELS } from '../users/user-event.js';
import { StartError } from './start-error.js';
import { refusal, Variables } from './variables.js';

/** Log levels, from the least to the most verbose. */
export const LOG_LEVELS = ['fatal', 'error', 'warn', 'log', 'debug', 'verbose'] as const;

/** Location of the data: a Postgres server, or Postgres in this process with a directory or in memory. */
export type DatabaseLocation =
  | { readonly kind: 'server'; readonly url: string }
  | { readonly kind: 'directory'; readonly path: string }
  | { readonly kind: 'memory' };

/** Settings for signing and verifying tokens. The files are not read yet. */
export interface JwtSettings {
  readonly secret?: string;
  /** Secrets that only verify, during key rotation. */
  readonly extraSecrets: readonly string[];
  readonly publicKeyFile?: string;
  readonly privateKeyFile?: string;
  readonly jwksUrl?: string;
  readonly issuer?: string;
  readonly audience?: string;
  /** Lifetime of a token that a sign-in issues, in milliseconds. */
  readonly lifetimeMs: number;
}

/** Configuration from the environment. `.env.example` documents each variable. */
export class PlatformConfig {
  /** True unless NODE_ENV is `production`. In development the platform generates a missing secret and certificate. */
  readonly development: boolean;
  /** The address to listen on; `undefined` for all addresses of the machine. */
  readonly host: string | undefined;
  /** True if only this machine can connect. */
  readonly isLocal: boolean;
  /**
   * Enables users with public passwords. In development they are on by default if the platform listens on localhost
   * only; DEMO_USERS overrides it.
   */
  readonly demoUsers: boolean;
  /** Sign-ins per minute from one address. A tenth of them can go to one account. */
  readonly signInsPerMinute: number;
  readonly port: number;
  /** 0 disables TLS. */
  readonly tlsPort: number;
  readonly tlsFiles: { readonly key: string; readonly certificate: string } | null;
  readonly dataDir: string;
  readonly database: DatabaseLocation;
  readonly jwt: JwtSettings;
  /** Admin to create if the platform has no user yet. */
  readonly firstAdmin: { readonly email: string; readonly password: string } | null;
  readonly deployStepMs: number;
  readonly systemIntervalMs: number;
  /** Token that Prometheus sends to `GET /metrics`; `null` if only admins can read metrics. */
  readonly metricsToken: string | null;
  readonly logLevel: (typeof LOG_LEVELS)[number];
  readonly realtime: Omit<RealtimeOptions, 'jwt'>;

  /** @throws StartError with the variable, its value unless it is secret, and the allowed values */
  constructor(env: NodeJS.ProcessEnv) {
    const variables = new Variables(env);
    this.development =
      variables.oneOf('NODE_ENV', ['development', 'test', 'production'], 'development') !== 'production';
    this.host = variables.text('HOST') ?? (this.development ? LOOPBACK : undefined);
    this.isLocal = this.host !== undefined && isLoopback(this.host);
    this.demoUsers = readDemoUsers(variables, this.development, this.isLocal);
    this.signInsPerMinute = variables.whole('SIGN_INS_PER_MINUTE', 100, 10, 1_000_000);
    this.port = variables.whole('PORT', 8888, 0, 65_535);
    this.tlsPort = variables.whole('TLS_PORT', 8443, 0, 65_535);
    this.tlsFiles = readTlsFiles(variables);
    this.dataDir = variables.text('DATA_DIR') ?? '.data';
    this.database = readDatabase(variables, this.dataDir);
    this.jwt = readJwt(variables, this.development);
    this.firstAdmin = readFirstAdmin(variables);
    this.deployStepMs = variables.whole('DEPLOY_STEP_MS', 700, 0, 600_000);
    this.systemIntervalMs = variables.whole('SYSTEM_INTERVAL_MS', 5_000, 100, 3_600_000);
    this.metricsToken = readMetricsToken(variables);
    this.logLevel = variables.oneOf('LOG_LEVEL', LOG_LEVELS, 'log');
    this.realtime = readRealtime(env);
    if (this.port === this.tlsPort && this.port !== 0) {
      throw new StartError(`PORT and TLS_PORT are both ${this.port}, but must differ.`);
    }
  }
}

/** Default of HOST in development: only this machine can connect. */
const LOOPBACK = '127.0.0.1';

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host);
}

function readDemoUsers(variables: Variables, development: boolean, isLocal: boolean): boolean {
  const wanted = variables.oneOf('DEMO_USERS', ['true', 'false'], development && isLocal ? 'true' : 'false') === 'true';
  if (wanted && !development) {
    throw new StartError('DEMO_USERS is true, but everyone knows their password: in production leave it out.');
  }
  return wanted;
}

function readTlsFiles(variables: Variables): PlatformConfig['tlsFiles'] {
  const key = variables.text('TLS_KEY_FILE');
  const certificate = variables.text('TLS_CERT_FILE');
  if (key !== undefined && certificate !== undefined) return { key, certificate };
  if (key === undefined && certificate === undefined) return null;
  const [given, missing] = key === undefined ? ['TLS_CERT_FILE', 'TLS_KEY_FILE'] : ['TLS_KEY_FILE', 'TLS_CERT_FILE'];
  throw new StartError(`${given} is given without ${missing}: give both or neither.`);
}

const MEMORY = 'memory:';

function readDatabase(variables: Variables, dataDir: string): DatabaseLocation {
  const url = variables.text('DATABASE_URL');
  if (url === undefined) return { kind: 'directory', path: join(dataDir, 'pglite') };
  if (url === MEMORY) return { kind: 'memory' };
  if (/^postgres(ql)?:\/\//.test(url) && URL.canParse(url)) return { kind: 'server', url };
  // The value is not shown because it can contain a password.
  throw new StartError(
    `DATABASE_URL must be a URL such as postgres://user:password@host:5432/name, or ${MEMORY} (its value is not shown).`,
  );
}

/** Minimum length of a secret in production, in bytes: HS256 requires a key as long as its hash (RFC 7518, 3.2). */
const MIN_SECRET_BYTES = 32;

function readJwt(variables: Variables, development: boolean): JwtSettings {
  const secret = variables.text('JWT_SECRET');
  const publicKeyFile = variables.text('JWT_PUBLIC_KEY_FILE');
  const privateKeyFile = variables.text('JWT_PRIVATE_KEY_FILE');
  if (secret !== undefined && publicKeyFile !== undefined) {
    throw new StartError('JWT_SECRET and JWT_PUBLIC_KEY_FILE exclude each other: set one of them.');
  }
  const jwksUrl = variables.text('JWT_JWKS_URL');
  if (jwksUrl !== undefined && (secret ?? publicKeyFile) !== undefined) {
    throw new StartError('JWT_JWKS_URL excludes JWT_SECRET and JWT_PUBLIC_KEY_FILE: set one of them.');
  }
  if (privateKeyFile !== undefined && publicKeyFile === undefined) {
    throw new StartError('JWT_PRIVATE_KEY_FILE is given without JWT_PUBLIC_KEY_FILE: give both, or JWT_SECRET.');
  }
  if (!development && (secret ?? publicKeyFile ?? jwksUrl) === undefined) {
    throw new StartError(
      `JWT_SECRET is missing: in production give a secret of at least ${MIN_SECRET_BYTES} bytes, JWT_PUBLIC_KEY_FILE, or JWT_JWKS_URL.`,
    );
  }
  if (!development && secret !== undefined && Buffer.byteLength(secret) < MIN_SECRET_BYTES) {
    throw new StartError(
      `JWT_SECRET has ${Buffer.byteLength(secret)} bytes, but must have at least ${MIN_SECRET_BYTES} in production.`,
    );
  }
  const extraSecrets = readExtraSecrets(variables, secret, development);
  const issuer = variables.text('JWT_ISSUER');
  const audience = variables.text('JWT_AUDIENCE');
  return {
    ...(secret === undefined ? {} : { secret }),
    extraSecrets,
    ...(publicKeyFile === undefined ? {} : { publicKeyFile }),
    ...(privateKeyFile === undefined ? {} : { privateKeyFile }),
    ...(jwksUrl === undefined ? {} : { jwksUrl }),
    ...(issuer === undefined ? {} : { issuer }),
    ...(audience === undefined ? {} : { audience }),
    lifetimeMs: variables.duration('JWT_EXPIRES_IN', '8h'),
  };
}

/** @throws StartError without the secrets */
function readExtraSecrets(variables: Variables, secret: string | undefined, development: boolean): readonly string[] {
  const extra = (variables.text('JWT_EXTRA_SECRETS') ?? '').split(',').map((one) => one.trim());
  const secrets = extra.filter((one) => one !== '');
  if (secrets.length > 0 && secret === undefined) {
    throw new StartError('JWT_EXTRA_SECRETS is given without JWT_SECRET, which signs: give both.');
  }
  const shortest = Math.min(...secrets.map((one) => Buffer.byteLength(one)));
  if (!development && shortest < MIN_SECRET_BYTES) {
    throw new StartError(
      `JWT_EXTRA_SECRETS holds a secret of ${shortest} bytes, but each must have at least ${MIN_SECRET_BYTES} in production.`,
    );
  }
  return secrets;
}

/** Minimum length of a password, in characters. */
const MIN_PASSWORD = 8;

function readFirstAdmin(variables: Variables): PlatformConfig['firstAdmin'] {
  const email = variables.text('ADMIN_EMAIL');
  const password = variables.text('ADMIN_PASSWORD');
  if (email === undefined && password === undefined) return null;
  if (email === undefined || password === undefined) {
    throw new StartError('ADMIN_EMAIL and ADMIN_PASSWORD belong together: give both or neither.');
  }
  if (!/^[^\s@]+@[^\s@]+$/.test(email)) throw refusal('ADMIN_EMAIL', email, 'an email address');
  if (password.length < MIN_PASSWORD) {
    throw new StartError(`ADMIN_PASSWORD must have at least ${MIN_PASSWORD} characters.`);
  }
  return { email, password };
}

/** Route that gives the console the token of the session. */
export const CONSOLE_SESSION_PATH = '/api/auth/console';

/** Minimum length of METRICS_TOKEN, in characters. */
const MIN_METRICS_TOKEN = 16;

function readMetricsToken(variables: Variables): string | null {
  const token = variables.text('METRICS_TOKEN') ?? null;
  if (token !== null && token.length < MIN_METRICS_TOKEN) {
    throw new StartError(`METRICS_TOKEN must have at least ${MIN_METRICS_TOKEN} characters (its value is not shown).`);
  }
  return token;
}

/** Maximum size of a published event: 1 MiB, more than the module's default. */
const MAX_EVENT_BYTES = 1_048_576;

/**
 * Channel with presence only: the page subscribes to it to show which users are online, and what each of them looks at.
 * It has no events.
 */
const ONLINE: ChannelDefinition = { name: 'users:online', presence: { state: true }, history: false };

const CHANNELS: ChannelDefinition[] = [ONLINE, DEPLOYMENT_LOG, ...USER_CHANNELS];

function readRealtime(env: NodeJS.ProcessEnv): Omit<RealtimeOptions, 'jwt'> {
  try {
    const options = realtimeOptionsFromEnv(env);
    if (options.tenants?.claim !== undefined) {
      throw new Error('REALTIME_TENANT_CLAIM must be empty: the platform does not support tenants');
    }
    const session = options.console === true ? { consoleSession: CONSOLE_SESSION_PATH } : {};
    return { maxEventBytes: MAX_EVENT_BYTES, channels: CHANNELS, ...session, ...options };
  } catch (error) {
    throw new StartError((error as Error).message, { cause: error });
  }
}
