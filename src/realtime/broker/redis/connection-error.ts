/** What went wrong → what it means and what to do about it. What the other side said follows in parentheses. */
const EXPLANATIONS: readonly (readonly [RegExp, string])[] = [
  [
    /certificate required|CERTIFICATE_REQUIRED|alert handshake failure/i,
    'it asks for a certificate of this client: give `redis.tlsCert` and `redis.tlsKey`',
  ],
  [
    /wrong version number|packet length too long|bad record type/i,
    'it does not speak TLS on this port: use redis:// or its TLS port',
  ],
  [
    /altnames|ERR_TLS_CERT_ALTNAME_INVALID/i,
    'its certificate is for another host: use the name that the certificate has',
  ],
  [
    /self[- ]signed certificate|unable to (verify|get)|certificate is not yet valid|certificate has expired|UNABLE_TO/i,
    'its certificate is not trusted: give the authority that signed it in `redis.tlsCa`',
  ],
  [
    /^All sentinels.*(NOAUTH|WRONGPASS|no password is set|without any password)/is,
    'the Sentinels refuse: give `redis.sentinelUsername` and `redis.sentinelPassword` as they want them',
  ],
  [/WRONGPASS/, 'it refuses the user or the password'],
  [/NOAUTH|no password is set|without any password/i, 'user and password in the URL are not what it wants'],
  [/cluster support disabled/, 'it is no node of a Cluster: give it as `redis.url`'],
  [/NOPERM|user executing the script can't/, 'its user may not do what is needed: see the ACL in docs/redis.md'],
  [/unknown command.*hello/i, 'it is too old: Redis 7 or Valkey 8, or later, is needed'],
];

/** Why there is no connection, as a sentence for the operator. @param encrypted whether it was to speak TLS */
export function describeError(error: Error, encrypted: boolean): string {
  const { message } = rootCause(error);
  if (encrypted && message === 'connect ETIMEDOUT') {
    return `it did not answer with TLS in time: is it there, and is this its TLS port? (${message})`;
  }
  // Whoever asks for a certificate of the client and gets none may end the connection before it says so.
  if (encrypted && /ended the connection|ECONNRESET|EPIPE|Connection is closed/.test(message)) {
    return `it ended the connection; if it asks for a certificate of this client, give \`redis.tlsCert\` (${message})`;
  }
  const known = EXPLANATIONS.find(([pattern]) => pattern.test(message));
  return known === undefined ? message : `${known[1]} (${message})`;
}

/** A Cluster's client says only that it failed; the last node's own error says why. */
function rootCause(error: Error & { readonly lastNodeError?: Error }): Error {
  return error.lastNodeError === undefined ? error : rootCause(error.lastNodeError);
}
