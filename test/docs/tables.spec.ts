import { readFileSync } from 'node:fs';
import { DOCS } from './support/blocks.js';

const LONGEST_CELL = 120;

/** Returns the table cells of a page that are too long to skim. Link targets do not count. */
function longCellsOf(text: string): string[] {
  const rows = text
    .replaceAll(/^```[^]*?^```$/gm, '')
    .split('\n')
    .filter((line) => line.startsWith('|'));
  return rows
    .flatMap((row) => row.split(/(?<!\\)\|/).map((cell) => cell.trim().replaceAll(/\]\([^)]*\)/g, ']')))
    .filter((cell) => cell.length > LONGEST_CELL);
}

describe('the tables of the docs', () => {
  it('have no cell that is too long to skim', () => {
    const long = DOCS.flatMap((doc) => longCellsOf(readFileSync(doc, 'utf8')).map((cell) => `${doc}: ${cell}`));
    expect(long).toEqual([]);
  });

  it('are reported if a cell is too long, not counting its link targets', () => {
    const row = (cell: string): string => `| a | ${cell} |\n`;
    const letters = 'x'.repeat(LONGEST_CELL);
    expect(longCellsOf(row(letters))).toEqual([]);
    expect(longCellsOf(row(`${letters}y`))).toEqual([`${letters}y`]);
    expect(longCellsOf(row(`[link](${letters})`))).toEqual([]);
    expect(longCellsOf(`\`\`\`text\n${row(`${letters}y`)}\`\`\`\n`)).toEqual([]);
  });
});
