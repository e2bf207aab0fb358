import { ValidateBy } from 'class-validator';
import { PLATFORM_CHANNELS } from '../../protocol/platform-events.js';
import { didYouMean } from './did-you-mean.js';

/** All built-in channels, none, or a list of them: `announcements`, `apps:created`, `apps:*`. */
export type BuiltInChannels = boolean | readonly string[];

const NAMES = Object.keys(PLATFORM_CHANNELS);

/** Entries that a list can contain: channels, and groups such as `apps:*`. */
const ENTRIES = new Set([
  ...NAMES,
  ...NAMES.filter((name) => name.includes(':')).map((name) => name.replace(/:.*/, ':*')),
]);

/** Validates the option `builtInChannels`. */
export function IsBuiltInChannels(): PropertyDecorator {
  return ValidateBy({
    name: 'isBuiltInChannels',
    validator: {
      validate: (value) => problemOf(value) === null,
      defaultMessage: (validated) => problemOf(validated?.value) ?? '',
    },
  });
}

function problemOf(value: unknown): string | null {
  if (typeof value === 'boolean') return null;
  if (!Array.isArray(value))
    return 'must be true, false, or a list of built-in channels such as announcements and apps:*';
  const unknown = (value as unknown[]).find((entry) => !ENTRIES.has(entry as string));
  if (unknown === undefined) return null;
  const meant = typeof unknown === 'string' ? didYouMean(unknown, [...ENTRIES]) : undefined;
  const hint = meant === undefined ? `Built in are ${[...ENTRIES].join(', ')}` : `did you mean ${meant}?`;
  return `names ${JSON.stringify(unknown)}, which is not built in: ${hint}`;
}
