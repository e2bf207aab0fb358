/** Error pattern → meaning and remedy. The original message follows in parentheses. */
const EXPLANATIONS: readonly (readonly [RegExp, string])[] = [
  [
    /certificate required|CERTIFICATE_REQUIRED|alert handshake failure/i,
    'it requires a client certificate: set `redis.tlsCert` and `redis.tlsKey`',
  ],
  [
    /wrong version number|packet length too long|bad record type/i,
    'it does not speak TLS on this port: use redis:// or its TLS port',
  ],
  [
    /altnames|ERR_TLS_CERT_ALTNAME_INVALID/i,
    'its certificate is for another host: use the host name in the certificate',
  ],
  [
    /self[- ]signed certificate|unable to (verify|get)|certificate is not yet valid|certificate has expired|UNABLE_TO/i,
    'its certificate is not trusted: set `redis.tlsCa` to the authority that signed it',
  ],
  [
    /^All sentinels.*(NOAUTH|WRONGPASS|no password is set|without any password)/is,
    'the Sentinels refused the login: check `redis.sentinelUsername` and `redis.sentinelPassword`',
  ],
  [/WRONGPASS/, 'it refused the user name or the password'],
  [/NOAUTH|no password is set|without any password/i, 'it refused the user name and password in the URL'],
  [/cluster support disabled/, 'it is not a Cluster node: set `redis.url` instead'],
  [/NOPERM|user executing the script can't/, 'its user lacks permissions: see the ACL in docs/redis.md'],
  [/unknown command.*hello/i, 'it is too old: Redis 7 or Valkey 8, or later, is required'],
];

/**
 * Explains a connection error to the operator.
 * @param encrypted true if the connection uses TLS
 */
export function describeError(error: Error, encrypted: boolean): string {
  const { message } = rootCause(error);
  if (encrypted && message === 'connect ETIMEDOUT') {
    return `no TLS answer in time: check that it runs and that this is its TLS port (${message})`;
  }
  // A server that requires a client certificate can close the connection before it reports the reason.
  if (encrypted && /closed the connection|ECONNRESET|EPIPE|Connection is closed/.test(message)) {
    return `it closed the connection; if it requires a client certificate, set \`redis.tlsCert\` (${message})`;
  }
  const known = EXPLANATIONS.find(([pattern]) => pattern.test(message));
  return known === undefined ? message : `${known[1]} (${message})`;
}

/** Returns the error of the last node of a Cluster. The Cluster client itself only reports that it failed. */
function rootCause(error: Error & { readonly lastNodeError?: Error }): Error {
  return error.lastNodeError === undefined ? error : rootCause(error.lastNodeError);
}
