import { makePrincipal, type Principal } from '../../src/realtime/auth/principal.js';
import { Connection, type ConnectionLimits } from '../../src/realtime/connections/connection.js';
import { Counters } from '../../src/realtime/observability/counters.js';
import { ResolvedRealtimeOptions } from '../../src/realtime/options/realtime-options.js';
import { FakeTransport } from './fake-transport.js';

const LIMITS: ConnectionLimits = { maxBufferedBytes: 1_000_000, framesPerSecond: 100, heartbeatIntervalMs: 25_000 };

/** A connection whose transport records what it is sent. */
export type OfflineConnection = Connection & { readonly transport: FakeTransport };

/** Creates a connection without a network. */
export function offlineConnection(
  principal: Principal | null = null,
  options: Partial<ConnectionLimits> & {
    since?: number;
    counters?: Counters;
    onSlow?: (slow: Connection) => void;
  } = {},
): OfflineConnection {
  const { since = 0, counters = new Counters(), onSlow = () => undefined, ...limits } = options;
  const transport = new FakeTransport();
  const all = { ...LIMITS, ...limits };
  return new Connection(transport, '192.0.2.1', principal, all, onSlow, counters, since) as OfflineConnection;
}

interface PrincipalOfTest {
  readonly tenant?: string;
  readonly roles?: readonly string[];
  readonly session?: string;
  readonly issuedAt?: number;
  readonly expiresAt?: number;
}

/** Creates the principal of a user; with `tenant`, in an installation with tenants. */
export function principalOf(userId: string, given: PrincipalOfTest = {}): Principal {
  const { tenant = null, roles = ['user'], session = `s-${userId}`, issuedAt = 0, expiresAt = Infinity } = given;
  const options = new ResolvedRealtimeOptions();
  if (tenant !== null) options.tenants.claim = 'tenant';
  const parts = { userId, email: null, roles, homeTenant: tenant, session, claimsDigest: 'd', issuedAt, expiresAt };
  return makePrincipal(parts, options, Date.now());
}

/** Parses the frames that a connection was sent. */
export const framesOf = ({ transport }: OfflineConnection): Record<string, unknown>[] =>
  transport.sent.map((text) => JSON.parse(text) as Record<string, unknown>);
