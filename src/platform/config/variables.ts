import { StartError } from './start-error.js';

/** Reads environment variables. An empty variable counts as unset. */
export class Variables {
  constructor(private readonly env: NodeJS.ProcessEnv) {}

  /** @returns the trimmed value, or `undefined` */
  text(name: string): string | undefined {
    const value = this.env[name]?.trim();
    return value === '' ? undefined : value;
  }

  /** @throws StartError if the value is not a whole number from `min` to `max` */
  whole(name: string, byDefault: number, min: number, max: number): number {
    const value = this.text(name);
    if (value === undefined) return byDefault;
    const number = /^\d{1,15}$/.test(value) ? Number(value) : NaN;
    if (!(number >= min && number <= max)) throw refusal(name, value, `a whole number from ${min} to ${max}`);
    return number;
  }

  /** @throws StartError if the value is not in `allowed` */
  oneOf<T extends string>(name: string, allowed: readonly T[], byDefault: T): T {
    const value = this.text(name);
    if (value === undefined) return byDefault;
    const found = allowed.find((one) => one === value);
    if (found === undefined) throw refusal(name, value, `${allowed.slice(0, -1).join(', ')} or ${allowed.at(-1)}`);
    return found;
  }

  /** @throws StartError if the value is not a duration such as `90s` */
  duration(name: string, byDefault: string): number {
    const value = this.text(name) ?? byDefault;
    const milliseconds = parseDuration(value);
    if (milliseconds === null) throw refusal(name, value, DURATION_FORM);
    return milliseconds;
  }
}

/** Describes the format of {@link parseDuration} for error messages. */
export const DURATION_FORM = 'a number with s, m, h or d behind it, such as 15m or 8h, from 1s to 365d';

const UNITS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Parses `90s`, `15m`, `8h` or `7d` to milliseconds. Returns `null` for any other format, and above 365 days. */
export function parseDuration(text: string): number | null {
  const match = /^([1-9]\d{0,7})([smhd])$/.exec(text);
  if (!match) return null;
  const milliseconds = Number(match[1]) * UNITS[match[2]!]!;
  return milliseconds <= 365 * UNITS['d']! ? milliseconds : null;
}

/** Creates the error for a value that is not allowed. */
export function refusal(name: string, value: string, allowed: string): StartError {
  return new StartError(`${name} is ${JSON.stringify(value)}, but must be ${allowed}.`);
}
