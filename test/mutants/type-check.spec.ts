import { readFileSync } from 'node:fs';
import { mutationsOf } from './mutations.js';
import { TypeCheck } from './type-check.js';

describe('TypeCheck', () => {
  it('accepts a mutant that compiles, and refuses others', () => {
    const file = 'src/realtime/connections/top-k.ts';
    const code = readFileSync(file, 'utf8');
    const types = new TypeCheck([file]);
    const accepts = (was: string): boolean => {
      const start = code.indexOf(was);
      return types.accepts(
        file,
        mutationsOf(code).find((mutation) => mutation.start === start)!,
      );
    };
    expect(accepts('>= 0')).toBe(true);
    expect(accepts('!== null && ')).toBe(false); // `null` is not an item
    expect(accepts('this.kept.length = this.k;')).toBe(true);
  });
});
