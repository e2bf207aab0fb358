import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

interface Rule {
  readonly phrase: RegExp;
  readonly say: string;
  readonly example: string;
}

interface Check {
  readonly RULES: readonly Rule[];
  readonly findings: (file: string, text: string) => string[];
}

const load = async (): Promise<Check> => (await import(pathToFileURL(resolve('.ci/wording.mjs')).href)) as Check;

describe('the wording check', () => {
  it('finds each phrase of its list, with its line and the better wording', async () => {
    const { RULES, findings } = await load();
    expect(RULES.length).toBeGreaterThan(10);
    for (const { phrase, say, example } of RULES) {
      const found = phrase.exec(example)?.[0];
      expect(findings('a.md', `plain words\n${example}.`)).toEqual([`a.md:2: "${found}": write ${say}`]);
    }
  });

  it('accepts plain words, and its own advice', async () => {
    const { RULES, findings } = await load();
    expect(findings('a.md', RULES.map(({ say }) => say).join('\n'))).toEqual([]);
    expect(findings('a.md', 'The bridge fills the gap from the history. It is not a string.')).toEqual([]);
  });

  it('finds nothing in this repository', () => {
    const { status, stderr } = spawnSync(process.execPath, [resolve('.ci/wording.mjs')], { encoding: 'utf8' });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  });
});
