import { describeChange, type Mutation } from './mutations.js';

/** Mutants that no caller can tell from the code, by file. A reason says why. */
export interface Equivalent {
  /** Line and change, as a report prints them behind the line number: `return a < b; (< becomes <=)`. */
  readonly change: string;
  readonly reason: string;
}

export const EQUIVALENTS: Readonly<Record<string, readonly Equivalent[]>> = {
  'src/realtime/connections/connection-registry.ts': [
    {
      change: 'return b.subscribers - a.subscribers || (a.topic < b.topic ? -1 : 1); (< becomes <=)',
      reason: 'no two rows have the same topic',
    },
  ],
  'src/realtime/occupancy/occupancy-watchers.ts': [
    {
      change: 'watched = { watchers: new Set(), count: null, nextAt: 0, earliestAt: 0 }; (0 becomes (0 + 1))',
      reason: 'the clock, which begins with the process, is past 1 ms',
    },
  ],
};

/** Returns the reason why a mutant is equivalent; `undefined` if it is not in the list. */
export function equivalenceOf(file: string, code: string, mutation: Mutation): string | undefined {
  const change = describeChange(code, mutation);
  return EQUIVALENTS[file]?.find((equivalent) => equivalent.change === change)?.reason;
}
