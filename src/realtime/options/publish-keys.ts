import { ValidateBy } from 'class-validator';

/** Operations of a publishing key: `publish` for a single event, `batch` for a list of events. */
export type PublishOperation = 'publish' | 'batch';

export const PUBLISH_OPERATIONS: readonly PublishOperation[] = ['publish', 'batch'];

/** A key of one service, with a name for the logs and a scope. Omitted limits do not apply. */
export interface PublishKeyOptions {
  /**
   * Name in the audit log, in log lines and in refusals: A-Z a-z 0-9 _ . - , at most 64. Both keys of a rotation can have
   * the same name.
   */
  readonly name: string;
  /** Secret of 16 characters or more. */
  readonly key: string;
  /** Allowed channels, by name (`apps:created`) or by pattern (`apps:*`, `projects:{projectId}:updated`). */
  readonly channels?: readonly string[];
  /**
   * With the option `tenants`: allowed tenants. An event without a tenant belongs to the tenant of the key if it has
   * exactly one.
   */
  readonly tenants?: readonly string[];
  /** Allowed operations: `publish` for one event, `batch` for several. @default ['publish', 'batch'] */
  readonly operations?: readonly PublishOperation[];
}

const MIN_KEY_LENGTH = 16;
const NAME = /^[\w.-]{1,64}$/;
const CHANNEL = /^[\w.@-]+(:([\w.@%-]+|\{[A-Za-z_]\w*\}))*(:\*)?$/;
const MAX_TENANT_LENGTH = 200;

/** Description and check of each field of a key. Messages never contain a value, because it can be the secret. */
const FIELDS: Readonly<Record<keyof PublishKeyOptions, readonly [wanted: string, fits: (value: unknown) => boolean]>> =
  {
    name: ['1 to 64 characters of A-Z a-z 0-9 _ . -', (value) => typeof value === 'string' && NAME.test(value)],
    key: [`a string of ${MIN_KEY_LENGTH} characters or more`, isKey],
    channels: [
      'a list of channels or patterns such as apps:created, apps:* or projects:{projectId}:updated',
      listOf((entry) => typeof entry === 'string' && CHANNEL.test(entry)),
    ],
    tenants: [
      'a list of tenants',
      listOf((entry) => typeof entry === 'string' && entry !== '' && entry.length <= MAX_TENANT_LENGTH),
    ],
    operations: [
      `a list of ${PUBLISH_OPERATIONS.join(', ')}`,
      listOf((entry) => (PUBLISH_OPERATIONS as readonly unknown[]).includes(entry)),
    ],
  };

const REQUIRED: readonly string[] = ['name', 'key'];

/** Validates the option `publishApiKeys`. */
export function IsPublishKeys(): PropertyDecorator {
  return ValidateBy({
    name: 'isPublishKeys',
    validator: {
      validate: (value) => publishKeysProblem(value) === null,
      defaultMessage: (about) => publishKeysProblem(about?.value) ?? '',
    },
  });
}

/** Returns the problem of a list of keys as a sentence without its subject, or `null` if it is valid. */
export function publishKeysProblem(value: unknown): string | null {
  if (!Array.isArray(value)) return 'must be an array of keys';
  for (const [index, entry] of (value as unknown[]).entries()) {
    const problem = keyProblem(entry);
    if (problem !== null) return `has an invalid key: entry ${index + 1} ${problem}`;
  }
  const entries = value as (string | PublishKeyOptions)[];
  const keys = entries.map((entry) => (typeof entry === 'string' ? entry : entry.key));
  const repeated = entries.findIndex(
    (entry, index) => typeof entry !== 'string' && keys.indexOf(keys[index]!) !== keys.lastIndexOf(keys[index]!),
  );
  return repeated < 0 ? null : `must contain each key once: entry ${repeated + 1} repeats one`;
}

function keyProblem(entry: unknown): string | null {
  const [wantedKey] = FIELDS.key;
  if (typeof entry === 'string') return isKey(entry) ? null : `must be ${wantedKey}`;
  if (typeof entry !== 'object' || entry === null || Array.isArray(entry)) {
    return `must be a key, ${wantedKey}, or an object such as { name, key, channels }`;
  }
  const known = Object.keys(FIELDS);
  if (Object.keys(entry).some((field) => !known.includes(field)))
    return `must have no fields except ${known.join(', ')}`;
  for (const [field, [wanted, fits]] of Object.entries(FIELDS)) {
    const value = (entry as Readonly<Record<string, unknown>>)[field];
    if (value === undefined && !REQUIRED.includes(field)) continue;
    if (!fits(value)) return `needs \`${field}\`: ${wanted}`;
  }
  const { name, key } = entry as PublishKeyOptions;
  return name === key ? 'must not have its key as its name: names appear in logs' : null;
}

function isKey(value: unknown): boolean {
  return typeof value === 'string' && value.length >= MIN_KEY_LENGTH;
}

function listOf(fits: (entry: unknown) => boolean): (value: unknown) => boolean {
  return (value) => Array.isArray(value) && value.length > 0 && value.every(fits);
}
