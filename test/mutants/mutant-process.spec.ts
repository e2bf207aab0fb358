import { readFileSync } from 'node:fs';
import { MutantProcess } from './mutant-process.js';

describe('MutantProcess', () => {
  const file = 'src/realtime/connections/sliding-window-limit.ts';
  const spec = 'src/realtime/connections/sliding-window-limit.spec.ts';
  const code = readFileSync(file, 'utf8');

  /** Replaces `was` in the file. */
  const change = (was: string, replacement: string): Record<string, string> => {
    const start = code.indexOf(was);
    return { file, start: String(start), end: String(start + was.length), replacement };
  };

  it('detects mutants one after the other in one process, also one that loops forever, and leaves the file as it is', async () => {
    const jest = new MutantProcess([spec], 2_000);
    try {
      expect(await jest.detects({}, [spec])).toBe(false);
      expect(await jest.detects(change('return false', 'return true'), [spec])).toBe(true);
      expect(await jest.detects(change('times.push(now);', 'for (;;) times.pop();'), [spec])).toBe(true);
      expect(await jest.detects(change('return false', 'return !true'), [spec])).toBe(false);
    } finally {
      await jest.stop();
    }
    expect(readFileSync(file, 'utf8')).toBe(code);
  });
});
