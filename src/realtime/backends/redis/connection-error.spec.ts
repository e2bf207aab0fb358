import { describeError } from './connection-error.js';

describe('describeError', () => {
  it.each([
    ['WRONGPASS invalid username-password pair or user is disabled.', 'it refused the user name or the password'],
    ['NOAUTH HELLO must be called with the client already authenticated', 'user name and password in the URL'],
    ['self-signed certificate in certificate chain', 'certificate is not trusted'],
    ['unable to verify the first certificate', 'certificate is not trusted'],
    ["Hostname/IP does not match certificate's altnames: IP: 127.0.0.1", 'certificate is for another host'],
    ['SSL routines:ssl3_get_record:wrong version number', 'does not speak TLS'],
    ['tlsv13 alert certificate required', 'requires a client certificate'],
    ['ERR This instance has cluster support disabled', 'it is not a Cluster node'],
    ['NOPERM this user has no permissions', 'see the ACL in docs/redis.md'],
  ])('%s', (message, sentence) => {
    expect(describeError(new Error(message), true)).toContain(sentence);
    expect(describeError(new Error(message), true)).toContain(`(${message})`);
  });

  it('returns the message unchanged if it is clear enough', () => {
    expect(describeError(new Error('connect ECONNREFUSED 127.0.0.1:1'), true)).toBe('connect ECONNREFUSED 127.0.0.1:1');
    expect(describeError(new Error('read ECONNRESET'), false)).toBe('read ECONNRESET');
    expect(describeError(new Error('read ECONNRESET'), true)).toMatch(/client certificate.*read ECONNRESET/);
    const closed = 'it closed the connection during the handshake'; // the message of redis-target.ts
    expect(describeError(new Error(closed), true)).toMatch(/requires a client certificate/);
    expect(describeError(new Error('connect ETIMEDOUT'), false)).toBe('connect ETIMEDOUT');
    expect(describeError(new Error('connect ETIMEDOUT'), true)).toMatch(/its TLS port \(connect ETIMEDOUT\)/);
  });

  it('returns the error of the last node of a Cluster', () => {
    const error = Object.assign(new Error('Failed to refresh slots cache.'), {
      lastNodeError: Object.assign(new Error('None'), { lastNodeError: new Error('connect ECONNREFUSED') }),
    });
    expect(describeError(error, false)).toBe('connect ECONNREFUSED');
  });
});
