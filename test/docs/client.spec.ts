import { readFileSync } from 'node:fs';
import { CHANNEL_STATES, CLIENT_STATES } from '../../src/client/index.js';

const doc = readFileSync('docs/client.md', 'utf8');

/** Returns the rows of the table with these column headers, as text. */
function rowsOf(...heads: string[]): string[][] {
  const table = new RegExp(`^\\| ${heads.join(' +\\| ')} +\\|\n\\|[ -|]+\\|\n((?:\\|.*\n)+)`, 'gm');
  return [...doc.matchAll(table)].flatMap(([, rows]) =>
    rows!
      .trim()
      .split('\n')
      .map((row) =>
        row
          .split('|')
          .slice(1, -1)
          .map((cell) => cell.trim()),
      ),
  );
}
/** Returns one row for each state and next state, with the causes. */
const rowsFor = (states: Record<string, Record<string, string>>): string[][] =>
  Object.entries(states).flatMap(([state, row]) =>
    [...new Set(Object.values(row))].map((next) => [
      `\`${state}\``,
      `\`${next}\``,
      Object.keys(row)
        .filter((cause) => row[cause] === next)
        .join(', '),
    ]),
  );
const causesOf = (states: Record<string, Record<string, string>>): string[] =>
  [...new Set(Object.values(states).flatMap(Object.keys))].toSorted();
const codesIn = (rows: string[][]): string[] => rows.flatMap(([codes]) => codes!.match(/\w+/g)!).toSorted();

describe('docs/client.md', () => {
  it('has the tables of states that the code has', () => {
    expect(rowsOf('state', 'goes to', 'on')).toEqual([...rowsFor(CLIENT_STATES), ...rowsFor(CHANNEL_STATES)]);
  });

  it('explains every code', () => {
    expect(codesIn(rowsOf('code', 'of a client'))).toEqual(causesOf(CLIENT_STATES));
    expect(codesIn(rowsOf('code', 'of a channel'))).toEqual(causesOf(CHANNEL_STATES));
  });
});
