import { parseArgs } from 'node:util';

export interface Arguments {
  /** Groups to measure; all if none is given. */
  readonly only: readonly string[];
  readonly quick: boolean;
  readonly runs: number;
  /** Folder for a CPU profile of each server. */
  readonly profile: string | undefined;
  /** Rewrites docs/performance.md and its charts. */
  readonly write: boolean;
}

/** @throws Error with the allowed arguments */
export function readArguments(args: readonly string[], groups: readonly string[]): Arguments {
  const { values } = parseArgs({
    args: [...args],
    options: {
      only: { type: 'string', multiple: true, default: [] },
      quick: { type: 'boolean', default: false },
      runs: { type: 'string' },
      profile: { type: 'string' },
      write: { type: 'boolean', default: false },
    },
  });
  const only = values.only.flatMap((names) => names.split(','));
  const unknown = only.filter((name) => !groups.includes(name));
  if (unknown.length > 0) throw new Error(`--only ${unknown.join(',')}: unknown group. Groups: ${groups.join(', ')}`);
  const runs = Number(values.runs ?? (values.quick ? 1 : 3));
  if (!Number.isInteger(runs) || runs < 1 || runs > 20) throw new Error('--runs: a whole number from 1 to 20');
  if (values.write && (values.quick || runs < 3 || values.profile !== undefined)) {
    throw new Error('--write needs at least 3 runs: leave out --quick and --profile');
  }
  return { only, quick: values.quick, runs, profile: values.profile, write: values.write };
}
