import { plainToInstance } from 'class-transformer';
import { validateSync, type ValidationError } from 'class-validator';
import { didYouMean } from './did-you-mean.js';
import { crossChecks, redisCrossChecks } from './cross-checks.js';
import { ResolvedRealtimeOptions, type RealtimeOptions } from './realtime-options.js';
import { RedisOptions } from './redis-options.js';

/** The options are invalid. The message has a line for each problem. */
export class RealtimeOptionsError extends Error {
  override readonly name = 'RealtimeOptionsError';

  constructor(readonly problems: readonly string[]) {
    super(
      `RealtimeModule: ${problems.length === 1 ? 'an option is' : 'some options are'} wrong.\n- ${problems.join('\n- ')}`,
    );
  }
}

/**
 * Options whose values are never shown. Their groups are not shown either, because a caller can pass the secret itself
 * instead of an object.
 */
const SECRETS =
  /^(jwt|redis)(\.(secret|publicKey|jwksUrl|url|tlsKey|sentinelPassword|\d+))?$|^(publishApiKeys|clusterKeys)$/;

/**
 * Merges the given options into the defaults and validates them.
 * @throws RealtimeOptionsError with each invalid option, its value (unless it is secret) and what is allowed
 */
export function resolveOptions(given: RealtimeOptions): ResolvedRealtimeOptions {
  if (typeof given !== 'object' || given === null) {
    throw new RealtimeOptionsError(['forRoot needs an object with at least `jwt`, for example { jwt: { secret } }']);
  }
  const [options, problems] = validated(ResolvedRealtimeOptions, given, '');
  problems.push(...(problems.length > 0 ? [] : crossChecks(options)));
  if (problems.length > 0) throw new RealtimeOptionsError(problems);
  return options;
}

/** Works like {@link resolveOptions}, for the Redis options that `redisBackend` takes. */
export function resolveRedisOptions(given: Partial<RedisOptions>): RedisOptions {
  if (typeof given !== 'object' || given === null) {
    throw new RealtimeOptionsError(['redisBackend needs an object such as { url: "redis://localhost:6379" }']);
  }
  const [options, problems] = validated(RedisOptions, given, 'redis.');
  problems.push(...(problems.length > 0 ? [] : redisCrossChecks(options)));
  if (problems.length > 0) throw new RealtimeOptionsError(problems);
  return options;
}

/** Merges options into the defaults of their class. Returns them with a line for each invalid option. */
function validated<T extends object>(type: new () => T, given: object, prefix: string): [T, string[]] {
  const options = plainToInstance(type, withoutUndefined(given), {
    exposeDefaultValues: true,
    enableImplicitConversion: false,
  });
  const errors = validateSync(options, { whitelist: true, forbidNonWhitelisted: true, forbidUnknownValues: true });
  return [options, errors.flatMap((error) => describe(error, prefix))];
}

/** Removes options that are `undefined`, so that their defaults apply. */
function withoutUndefined(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, field]) => field !== undefined)
      .map(([name, field]) => [name, withoutUndefined(field)]),
  );
}

function describe(error: ValidationError, prefix: string): string[] {
  const name = prefix + error.property;
  const nested = (error.children ?? []).flatMap((child) => describe(child, `${name}.`));
  const reasons = Object.entries(error.constraints ?? {}).map(([constraint, message]) =>
    constraint === 'whitelistValidation' ? unknownOption(error) : withoutName(message, error.property),
  );
  if (reasons.length === 0) return nested;
  const isUnknown = error.constraints?.['whitelistValidation'] !== undefined;
  const value = SECRETS.test(name) || isUnknown ? '' : ` (it is ${show(error.value)})`;
  return [`\`${name}\` ${[...new Set(reasons)].join(', ')}${value}`, ...nested];
}

/** The target has all known names, because the given object is merged into the defaults. */
function unknownOption({ property, target = {} }: ValidationError): string {
  const names = Object.keys(new (target.constructor as new () => object)());
  const meant = didYouMean(property, names);
  return `is not a known option${meant === undefined ? '' : `: did you mean \`${meant}\`?`}`;
}

/** Removes the name from the beginning of a message, because the name is printed before it. */
function withoutName(message: string, name: string): string {
  return message.startsWith(`${name} `) ? message.slice(name.length + 1) : message;
}

function show(value: unknown): string {
  const text = typeof value === 'bigint' ? `${value}n` : (JSON.stringify(value) ?? String(value));
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}
