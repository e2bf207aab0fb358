import { JwtService } from '@nestjs/jwt';
import type { ResolvedRealtimeOptions } from '../../realtime/index.js';
import { tokenFor } from './test-token.js';

const SECRET = 'x'.repeat(32);
const claims = { userId: ['sub'], role: 'role', email: 'email', channels: 'channels' };
const optionsWith = (jwt: object = {}, claim?: string): ResolvedRealtimeOptions =>
  ({ jwt: { secret: SECRET, claims, ...jwt }, tenants: { claim } }) as unknown as ResolvedRealtimeOptions;
const decoded = (token: string): object => new JwtService().decode(token);

describe('a token of a test', () => {
  it('has a role, and lasts an hour', () => {
    expect(decoded(tokenFor({ userId: 'u1' }, optionsWith(), 5_999))).toEqual({
      ...{ sub: 'u1', role: 'user', iat: 5, exp: 3_605 },
    });
  });

  it('has what the user has, under the claims of the options', () => {
    const options = optionsWith({ issuer: 'me', audience: 'you' }, 'org');
    const user = {
      userId: 'u1',
      role: ['a', 'b'],
      email: 'e',
      tenant: 'acme',
      channels: ['x'],
      jti: 'j',
      endsInSeconds: 9,
    };
    expect(decoded(tokenFor(user, options, 1_000))).toEqual({
      ...{ sub: 'u1', role: ['a', 'b'], email: 'e', org: 'acme', channels: ['x'], jti: 'j' },
      ...{ iss: 'me', aud: 'you', iat: 1, exp: 10 },
    });
  });

  it('is signed with the first secret', () => {
    const token = tokenFor({ userId: 'u1' }, optionsWith({ secret: [SECRET, 'y'.repeat(32)] }), Date.now());
    expect(new JwtService().verify<{ sub: string }>(token, { secret: SECRET }).sub).toBe('u1');
  });

  it('needs a secret, and tenants for a tenant', () => {
    expect(() => tokenFor({ userId: 'u1' }, optionsWith({ secret: undefined }), 0)).toThrow('connect({ token })');
    expect(() => tokenFor({ userId: 'u1', tenant: 'acme' }, optionsWith(), 0)).toThrow('`tenants.claim` is not set');
  });
});
