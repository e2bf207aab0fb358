import { RedisProcess } from '../../support/redis-process.js';
import { TEST_SECRET } from '../../support/jwt.js';
import { withDefaults, type TestOptions } from '../../realtime/support/realtime-app.js';
import { PUBLISH_KEY } from './route-rows.js';

const LARGE = 1_000_000;
const UNLIMITED: TestOptions = {
  handshakesPerSecond: LARGE,
  handshakesPerSecondPerUser: LARGE,
  maxConnectionsPerAddress: LARGE,
  maxConnectionsPerUser: LARGE,
  requestBytesPerSecond: 1_000 * LARGE,
  requestBytesPerSecondOfUser: 1_000 * LARGE,
  requestBytesPerSecondOfAddress: 1_000 * LARGE,
};

/** name → options of an application in addition to {@link UNLIMITED}. */
const APPS: Readonly<Record<string, TestOptions>> = {
  main: {
    channels: [
      { name: 'rooms:{id}', access: 'authenticated' },
      { name: 'lobby:{id}', access: 'authenticated', presence: { state: true }, occupancy: true },
    ],
    framesPerSecond: 100_000,
    maxSubscriptionsPerConnection: 1_000,
    presenceGraceMs: 0,
    operatorApi: true,
    compression: true,
    publishApiKeys: [PUBLISH_KEY],
  },
  poor: { requestBytesPerSecond: 4_096 },
  slow: { framesPerSecond: 20, requestBytesPerSecond: 4_096, maxSubscriptionsPerConnection: 5_000 },
  full: { maxConnections: 1 },
  'single user': { maxConnectionsPerUser: 1 },
  'full address': { maxConnectionsPerAddress: 1 },
  'slow user': { handshakesPerSecondPerUser: 1 },
  'slow instance': { handshakesPerSecond: 1 },
  keyless: { jwt: { jwksUrl: 'http://127.0.0.1:9/jwks.json' } },
  blocked: { maxEventLoopDelayMs: 50 },
  impatient: { handshakeTimeoutMs: 100, tenants: { claim: 'tenant' } },
  draining: {},
};

/** name → all options of an application. Each uses a separate key prefix in Redis. */
export function optionsOfApps(redis: RedisProcess): Record<string, TestOptions> {
  const entries = Object.entries(APPS).map(([name, options], index): [string, TestOptions] => {
    const own = { redis: { url: redis.url, prefix: `app${index}:` }, jwt: { secret: TEST_SECRET } };
    return [name, withDefaults({ ...own, ...UNLIMITED, ...options })];
  });
  return Object.fromEntries(entries);
}
