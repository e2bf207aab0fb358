import { existsSync, readFileSync } from 'node:fs';
import { EQUIVALENTS } from './equivalents.js';
import { describeChange, mutationsOf } from './mutations.js';

describe('the equivalent mutants', () => {
  it('are still mutants of their files', () => {
    const outdated = Object.entries(EQUIVALENTS).flatMap(([file, equivalents]) => {
      const code = existsSync(file) ? readFileSync(file, 'utf8') : '';
      const changes = new Set(mutationsOf(code).map((mutation) => describeChange(code, mutation)));
      return equivalents.filter(({ change }) => !changes.has(change)).map(({ change }) => `${file}: ${change}`);
    });
    expect(outdated).toEqual([]);
  });
});
