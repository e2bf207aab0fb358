import { readFileSync } from 'node:fs';

/** Entries of the list of attacks: the attack, the defense and its test. */
const entries = readFileSync('SECURITY.md', 'utf8')
  .split(/^## /m)
  .find((section) => section.startsWith('What can be done to it'))!
  .split('\n### Out of scope')[0]!
  .split('\n- ')
  .slice(1)
  .map((entry) => /^\*\*(?<attack>.+)\*\* (?<defence>.+)\n  (?<test>.+)/.exec(entry)?.groups ?? { attack: entry });

describe('SECURITY.md', () => {
  it('lists attacks', () => {
    expect(entries.length).toBeGreaterThan(100);
  });

  it.each(entries)('names a test that exists: $attack', ({ test }: Record<string, string>) => {
    const [, file, name] = /^`([\w./-]+\.spec\.ts)`: (.+)$/.exec(test ?? '') ?? [];
    expect(name).toBeDefined();
    const titles = [...readFileSync(file!, 'utf8').matchAll(/\(\s*'((?:[^'\\\n]|\\.)+)',\s*(?:async )?\(/g)].map(
      ([, title]) => title,
    );
    expect(titles).toContain(name);
  });
});
