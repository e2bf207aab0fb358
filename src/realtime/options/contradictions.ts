import type { ResolvedRealtimeOptions } from './realtime-options.js';

/** The shortest secret that HS256 may be used with, in bytes (RFC 7518, 3.2: as long as the hash). */
export const MIN_SECRET_BYTES = 32;

/** Options that are each fine, and cannot stand together: a sentence for every case. */
export function contradictions(options: ResolvedRealtimeOptions): string[] {
  const { secret, publicKey, algorithms } = options.jwt;
  const problems: string[] = [];
  if (secret === undefined && publicKey === undefined) {
    problems.push('`jwt` needs `secret` (HS256) or `publicKey` (RS256, ES256)');
  }
  if (secret !== undefined && publicKey !== undefined) {
    problems.push('`jwt.secret` and `jwt.publicKey` exclude each other: give one of them');
  }
  const inProduction = process.env['NODE_ENV'] === 'production';
  if (inProduction && options.origins === undefined) {
    problems.push(
      '`origins` must be given in production: the web sites whose pages may connect, such as https://app.example.com, or self for the host that serves this; * lets every site connect',
    );
  }
  if (inProduction && secret !== undefined && Buffer.byteLength(secret) < MIN_SECRET_BYTES) {
    problems.push(`\`jwt.secret\` must have at least ${MIN_SECRET_BYTES} bytes in production`);
  }
  const wrong = (algorithms ?? []).filter((name) => name.startsWith('HS') !== (secret !== undefined));
  if (wrong.length > 0 && problems.length === 0) {
    const key = secret === undefined ? 'publicKey' : 'secret';
    problems.push(`\`jwt.algorithms\` ${wrong.join(', ')} cannot be verified with \`jwt.${key}\``);
  }
  if (options.redis.sentinels.length > 0 && options.redis.cluster.length > 0) {
    problems.push('`redis.sentinels` and `redis.cluster` exclude each other: give one of them');
  }
  const { url, tlsCa, tlsCert, tlsKey } = options.redis;
  if ((tlsCert === undefined) !== (tlsKey === undefined)) {
    problems.push('`redis.tlsCert` and `redis.tlsKey` belong together: give both, or none');
  }
  if ((tlsCa ?? tlsCert ?? tlsKey) !== undefined && url?.startsWith('rediss://') !== true) {
    problems.push('`redis.tlsCa`, `redis.tlsCert` and `redis.tlsKey` need a `redis.url` that begins with rediss://');
  }
  return problems;
}
