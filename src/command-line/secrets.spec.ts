import { memoryTerminal } from '../../test/support/memory-terminal.js';
import { readSecret } from './secrets.js';

const read = (token: string | undefined, env = {}, input = '') =>
  readSecret(
    'token',
    { words: [], texts: token === undefined ? {} : { token }, flags: new Set() },
    memoryTerminal(env, input),
  );

describe('a secret', () => {
  it('comes from its option, from its variable, or from the standard input', async () => {
    expect(await read('a', { REALTIME_TOKEN: 'b' })).toBe('a');
    expect(await read(undefined, { REALTIME_TOKEN: 'b' })).toBe('b');
    expect(await read('-', {}, 'c\n')).toBe('c');
    expect(await read(undefined, { REALTIME_TOKEN: '' })).toBeUndefined();
    expect(await read(undefined, { REALTIME_KEY: 'k' })).toBeUndefined();
  });

  it('can be copied with the word Bearer', async () => {
    expect(await read(' Bearer  abc ')).toBe('abc');
  });

  it('can have spaces if it is a key', async () => {
    const given = { words: [], texts: { key: 'two words' }, flags: new Set<string>() };
    expect(await readSecret('key', given, memoryTerminal())).toBe('two words');
  });

  it.each(['two words', 'line\nbreak', 'ü', '-'])('is refused if a header cannot have it: %j', async (token) => {
    await expect(read(token)).rejects.toThrow(
      /^the token is empty, or contains a line break or another character that it cannot have$/,
    );
  });
});
