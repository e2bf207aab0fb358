import type { Mutant } from './mutant.js';
import { memory } from './scenarios/calm.js';
import { clientCut } from './scenarios/clients.js';

const CURSOR = 'realtime/connections/stream-cursor.js';

/** Mutants of the cursor with which the clients of streams resume. */
export const MUTANTS_OF_STREAMS: readonly Mutant[] = [
  {
    name: 'cursor-ahead',
    scenarios: [memory, clientCut],
    shows: ['breach', 'gap'],
    patches: [
      {
        file: CURSOR,
        find: 'this.move(channel, formatPosition(position));',
        replace: 'this.move(channel, formatPosition({ ...position, offset: position.offset + 1 }));',
      },
    ],
  },
  {
    name: 'cursor-ignored',
    scenarios: [memory, clientCut],
    shows: ['silentLoss', 'breach', 'gap'],
    patches: [{ file: CURSOR, find: "if (start === '')", replace: 'if (true)' }],
  },
  {
    // The cursor stays where the stream began, and every resume repeats too much.
    name: 'cursor-stays',
    scenarios: [memory, clientCut],
    shows: ['breach'],
    patches: [
      {
        file: CURSOR,
        find: 'if (this.positions.has(channel))',
        replace: 'if (false)',
      },
    ],
  },
];
