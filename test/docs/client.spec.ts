import { readFileSync } from 'node:fs';
import { CLIENT_STATES } from '../../src/client/index.js';

const doc = readFileSync('docs/client.md', 'utf8');

describe('docs/client.md', () => {
  it('has the table of states as it is', () => {
    const rows = [...doc.matchAll(/^\| `(\w+)` +\| (.*?) +\|$/gm)].map(([, state, text]) => [state, text]);
    const expected = Object.entries(CLIENT_STATES).map(([state, row]) => [
      state,
      Object.entries(row)
        .map(([cause, next]) => `${cause} → \`${next}\``)
        .join(', '),
    ]);
    expect(rows).toEqual(expected);
  });
});
