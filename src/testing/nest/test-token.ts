import { JwtService } from '@nestjs/jwt';
import type { ResolvedRealtimeOptions } from '../../realtime/index.js';

/** The user that a test connects as. */
export interface TestUser {
  readonly userId: string;
  /** One role or several; the first one is the `role` that clients see. @default 'user' */
  readonly role?: string | readonly string[];
  /** @default none */
  readonly email?: string;
  /** Tenant of the user; requires the option `tenants`. @default none */
  readonly tenant?: string;
  /** Channels and patterns to which the token is limited. @default no limit */
  readonly channels?: readonly string[];
  /** @default none */
  readonly jti?: string;
  /** Lifetime of the token, in seconds. @default 3600 */
  readonly endsInSeconds?: number;
}

/**
 * Creates a token that the application accepts, with its configured claim names.
 * @param now current time of the application, in milliseconds since 1970
 * @throws if the application verifies with a public key: only its issuer can create tokens then
 */
export function tokenFor(user: TestUser, { jwt, tenants }: ResolvedRealtimeOptions, now: number): string {
  const [secret] = [jwt.secret ?? []].flat();
  if (secret === undefined) {
    throw new Error('Tokens can only be created if `jwt.secret` is set. Otherwise pass one: connect({ token })');
  }
  const { userId, role = 'user', email, tenant, channels, jti, endsInSeconds = 3_600 } = user;
  if (tenant !== undefined && tenants.claim === undefined) {
    throw new Error('A test user has a tenant, but the option `tenants.claim` is not set');
  }
  const { claims } = jwt;
  const payload = {
    [claims.userId[0]!]: userId,
    [claims.role]: role,
    ...(email === undefined ? {} : { [claims.email]: email }),
    ...(tenant === undefined ? {} : { [tenants.claim!]: tenant }),
    ...(channels === undefined ? {} : { [claims.channels]: channels }),
    ...(jti === undefined ? {} : { jti }),
    ...(jwt.issuer === undefined ? {} : { iss: jwt.issuer }),
    ...(jwt.audience === undefined ? {} : { aud: jwt.audience }),
    iat: Math.floor(now / 1_000),
    exp: Math.floor(now / 1_000) + endsInSeconds,
  };
  return new JwtService().sign(payload, { secret, algorithm: 'HS256' });
}
