import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { MUTANTS } from './client.js';

const sources = readdirSync('src/client', { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts') && !file.endsWith('.spec.ts'))
  .map((file) => readFileSync(join('src/client', file), 'utf8'))
  .join('\0');

describe('the mutants of the client', () => {
  it('replace code that occurs exactly once', () => {
    const wrong = Object.values(MUTANTS)
      .flat()
      .filter(({ was }) => sources.split(was).length !== 2)
      .map(({ name }) => name);
    expect(wrong).toEqual([]);
  });
});
