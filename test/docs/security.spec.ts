import { readFileSync } from 'node:fs';

/** The rows of the threat table: what is done, what stops it, and the test. */
const rows = readFileSync('SECURITY.md', 'utf8')
  .split(/^## /m)
  .find((section) => section.startsWith('What can be done to it'))!
  .split('\n')
  .filter((line) => line.startsWith('|'))
  .slice(2)
  .map((line) => line.split('|').map((cell) => cell.trim()));

describe('SECURITY.md', () => {
  it('has threats', () => {
    expect(rows.length).toBeGreaterThan(20);
  });

  it.each(rows)('%s%s is stopped, and a test shows it', (_edge, _threat, defence, test) => {
    expect(defence).not.toBe('');
    const [, file, name] = /^`([\w./-]+\.spec\.ts)`: (.+)$/.exec(test) ?? [];
    expect(name).toBeDefined();
    const titles = [...readFileSync(file!, 'utf8').matchAll(/\('((?:[^'\\\n]|\\.)+)', (?:async )?\(/g)].map(
      ([, title]) => title,
    );
    expect(titles).toContain(name);
  });
});
