import { readFileSync } from 'node:fs';
import { REALTIME_VARIABLES } from '../../src/realtime/options/options-from-env.js';
import { optionsReference } from './support/options-reference.js';

describe('docs/options.md', () => {
  let page = '';
  let entries: string[] = [];

  beforeAll(async () => {
    page = await optionsReference();
    entries = page.split('\n### ').slice(1);
  }, 60_000);

  it('is what `npm run docs:options` writes', () => {
    expect(readFileSync('docs/options.md', 'utf8')).toBe(page);
  });

  it('has every variable', () => {
    expect(REALTIME_VARIABLES.filter((name) => !page.includes(`- Variable: \`${name}\``))).toEqual([]);
  });

  it('describes every option, and names the default of every option with a range', () => {
    const titled = (entry: string): string => entry.split('\n')[0]!;
    expect(entries.length).toBeGreaterThan(80);
    expect(entries.filter((entry) => !/^`[\w.]+`\n\n[A-Z`]/.test(entry)).map(titled)).toEqual([]);
    expect(entries.filter((entry) => entry.includes('- Range:') && !entry.includes('- Default:')).map(titled)).toEqual(
      [],
    );
  });
});
