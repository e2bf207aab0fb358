import { readFileSync } from 'node:fs';
import * as hooks from '../../src/react/index.js';
import * as queryHooks from '../../src/react/query.js';

const doc = readFileSync('docs/react.md', 'utf8');

describe('docs/react.md', () => {
  it('names files of the live page that use the hooks it lists', () => {
    const rows = [...doc.matchAll(/^\| `([\w/-]+\.tsx?)` +\| (.*?) +\|/gm)];
    expect(rows.length).toBeGreaterThan(5);
    for (const [, file, names] of rows) {
      const source = readFileSync(`src/platform/page/${file}`, 'utf8');
      for (const [, name] of names!.matchAll(/`([^`]+)`/g)) expect(source).toContain(name);
    }
  });

  it('names every hook', () => {
    const names = [...Object.keys(hooks), ...Object.keys(queryHooks)];
    expect(names.filter((name) => ![`${name}(`, `${name}<`, `<${name} `].some((use) => doc.includes(use)))).toEqual([]);
  });
});
