import { readFileSync } from 'node:fs';
import { CHANNEL_STATES, CLIENT_STATES } from '../../src/client/index.js';

const doc = readFileSync('docs/client.md', 'utf8');

/** The rows of the table with these heads, as texts. */
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
/** One row for each state and the state that follows, with the causes. */
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
  it('has the tables of states as they are', () => {
    expect(rowsOf('state', 'goes to', 'on')).toEqual([...rowsFor(CLIENT_STATES), ...rowsFor(CHANNEL_STATES)]);
  });

  it('says what each code means', () => {
    expect(codesIn(rowsOf('code', 'of a client'))).toEqual(causesOf(CLIENT_STATES));
    expect(codesIn(rowsOf('code', 'of a channel'))).toEqual(causesOf(CHANNEL_STATES));
  });
});
