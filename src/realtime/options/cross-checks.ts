import { asList } from './jwt-options.js';
import type { PublishKeyOptions } from './publish-keys.js';
import type { ResolvedRealtimeOptions } from './realtime-options.js';
import type { RedisOptions } from './redis-options.js';

/** Minimum length of an HS256 secret, in bytes (RFC 7518, 3.2: the length of the hash). */
export const MIN_SECRET_BYTES = 32;

/** Checks combinations of options of Redis. Returns a sentence for each conflict. */
export function redisCrossChecks({ url, sentinels, cluster, tlsCa, tlsCert, tlsKey }: RedisOptions): string[] {
  const problems: string[] = [];
  if (sentinels.length > 0 && cluster.length > 0) {
    problems.push('`redis.sentinels` and `redis.cluster` exclude each other: set one of them');
  }
  if ((tlsCert === undefined) !== (tlsKey === undefined)) {
    problems.push('`redis.tlsCert` and `redis.tlsKey` belong together: set both or neither');
  }
  if ((tlsCa ?? tlsCert ?? tlsKey) !== undefined && url?.startsWith('rediss://') !== true) {
    problems.push('`redis.tlsCa`, `redis.tlsCert` and `redis.tlsKey` need a `redis.url` that begins with rediss://');
  }
  return problems;
}

/** Checks combinations of options that are each valid. Returns a sentence for each conflict. */
export function crossChecks(options: ResolvedRealtimeOptions): string[] {
  const { secret, publicKey, jwksUrl, algorithms } = options.jwt;
  const problems: string[] = [];
  const keys = Object.entries({ secret, publicKey, jwksUrl }).filter(([, value]) => value !== undefined);
  if (keys.length === 0) {
    problems.push(
      '`jwt` needs `secret` (HS256), `publicKey` (RS256, ES256) or `jwksUrl` (keys that the issuer publishes)',
    );
  }
  if (keys.length > 1) {
    problems.push(`${keys.map(([name]) => `\`jwt.${name}\``).join(' and ')} exclude each other: set one of them`);
  }
  if (jwksUrl !== undefined && !isSafeUrl(jwksUrl)) {
    problems.push(
      '`jwt.jwksUrl` must begin with https://: over plain HTTP an attacker could replace the keys and sign tokens',
    );
  }
  const inProduction = process.env['NODE_ENV'] === 'production';
  if (inProduction && options.origins === undefined) {
    problems.push(
      '`origins` must be given in production: the websites whose pages can connect, such as https://app.example.com, self for the host of this service, or * for every site',
    );
  }
  const secrets = secret === undefined ? [] : asList(secret);
  if (inProduction && secrets.some((text) => Buffer.byteLength(text) < MIN_SECRET_BYTES)) {
    problems.push(`\`jwt.secret\` must have at least ${MIN_SECRET_BYTES} bytes in production`);
  }
  const wrong = (algorithms ?? []).filter((name) => name.startsWith('HS') !== (secret !== undefined));
  if (wrong.length > 0 && problems.length === 0) {
    problems.push(`\`jwt.algorithms\` ${wrong.join(', ')} cannot be verified with \`jwt.${keys[0]![0]}\``);
  }
  problems.push(...redisCrossChecks(options.redis));
  const { timeoutMs, windowMs } = options.commands;
  if (timeoutMs > windowMs) {
    problems.push('`commands.timeoutMs` must not be longer than `commands.windowMs`: a call is kept while it runs');
  }
  const { url, sentinels, cluster } = options.redis;
  if (options.backend !== undefined && (url !== undefined || sentinels.length > 0 || cluster.length > 0)) {
    problems.push('`backend` and `redis` exclude each other: set one of them');
  }
  if (options.publishApiKeys.length > 0 && !options.publishApi) {
    problems.push('`publishApiKeys` needs `publishApi`: no route accepts a key while it is off');
  }
  if (options.directPublishApi && !options.publishApi) {
    problems.push('`directPublishApi` needs `publishApi`: there is no route to answer while it is off');
  }
  if (options.tenants.claim === undefined && options.publishApiKeys.some(isForTenants)) {
    problems.push('`publishApiKeys` with `tenants` needs `tenants.claim`: without it there are no tenants');
  }
  const { claim, platformRole, metrics } = options.tenants;
  const forTenants = Object.entries({ platformRole: platformRole !== undefined, metrics }).filter(([, given]) => given);
  if (claim === undefined && forTenants.length > 0) {
    const names = forTenants.map(([name]) => `\`tenants.${name}\``).join(' and ');
    problems.push(`${names} needs \`tenants.claim\`: without it all users share one space`);
  }
  if (options.console && !options.operatorApi) {
    problems.push('`console` needs `operatorApi`: the console uses that API');
  }
  if (options.consoleSession !== undefined && !options.console) {
    problems.push('`consoleSession` needs `console`: it signs in to the console');
  }
  return problems;
}

function isForTenants(key: string | PublishKeyOptions): boolean {
  return typeof key !== 'string' && key.tenants !== undefined;
}

/** Returns true for a URL with TLS or on this machine, and for any URL in a test. */
function isSafeUrl(url: string): boolean {
  if (!URL.canParse(url)) return false;
  const { protocol, hostname } = new URL(url);
  return (
    protocol === 'https:' ||
    ['localhost', '127.0.0.1', '[::1]'].includes(hostname) ||
    process.env['NODE_ENV'] === 'test'
  );
}
