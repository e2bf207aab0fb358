import { parseArgs } from 'node:util';

export interface Arguments {
  /** The groups to measure; all where none is named. */
  readonly only: readonly string[];
  readonly quick: boolean;
  readonly runs: number;
  /** Where each server leaves a CPU profile. */
  readonly profile: string | undefined;
  /** Whether docs/performance.md and its charts are made anew. */
  readonly write: boolean;
}

/** @throws Error that says what may be given */
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
  if (unknown.length > 0) throw new Error(`--only ${unknown.join(',')}: there is ${groups.join(', ')}`);
  const runs = Number(values.runs ?? (values.quick ? 1 : 3));
  if (!Number.isInteger(runs) || runs < 1 || runs > 20) throw new Error('--runs: a whole number from 1 to 20');
  if (values.write && (values.quick || runs < 3 || values.profile !== undefined)) {
    throw new Error('--write wants 3 runs or more: leave out --quick and --profile');
  }
  return { only, quick: values.quick, runs, profile: values.profile, write: values.write };
}
