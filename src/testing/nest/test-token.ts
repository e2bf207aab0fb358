import { JwtService } from '@nestjs/jwt';
import type { ResolvedRealtimeOptions } from '../../realtime/index.js';

/** Who a test connects as. */
export interface TestUser {
  readonly userId: string;
  /** One role or several, of which the first is the `role` that clients see. @default 'user' */
  readonly role?: string | readonly string[];
  /** @default none */
  readonly email?: string;
  /** Where the option `tenants` is set. @default none */
  readonly tenant?: string;
  /** @default none */
  readonly jti?: string;
  /** When the token ends, in seconds from now. @default 3600 */
  readonly endsInSeconds?: number;
}

/**
 * A token that the application takes, by its own names of claims.
 * @param now what time it is for the application, in milliseconds since 1970
 * @throws where it verifies with a public key: then only its issuer can make one
 */
export function tokenFor(user: TestUser, { jwt, tenants }: ResolvedRealtimeOptions, now: number): string {
  const [secret] = [jwt.secret ?? []].flat();
  if (secret === undefined) {
    throw new Error('Tokens can only be made where `jwt.secret` is set: bring one yourself, connect({ token })');
  }
  const { userId, role = 'user', email, tenant, jti, endsInSeconds = 3_600 } = user;
  if (tenant !== undefined && tenants.claim === undefined) {
    throw new Error('A test user has a tenant, but the option `tenants.claim` is not set');
  }
  const { claims } = jwt;
  const payload = {
    [claims.userId[0]!]: userId,
    [claims.role]: role,
    ...(email === undefined ? {} : { [claims.email]: email }),
    ...(tenant === undefined ? {} : { [tenants.claim!]: tenant }),
    ...(jti === undefined ? {} : { jti }),
    ...(jwt.issuer === undefined ? {} : { iss: jwt.issuer }),
    ...(jwt.audience === undefined ? {} : { aud: jwt.audience }),
    iat: Math.floor(now / 1_000),
    exp: Math.floor(now / 1_000) + endsInSeconds,
  };
  return new JwtService().sign(payload, { secret, algorithm: 'HS256' });
}
