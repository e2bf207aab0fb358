import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

interface Rule {
  readonly name: string;
  readonly comment?: string;
}

const { forbidden } = createRequire(import.meta.url)('../../.ci/arrows.cjs') as { forbidden: readonly Rule[] };

/** What every room may import, and the table does not repeat. */
const EVERYWHERE = ['protocol', 'options', 'the clock', 'the counters'];

/** The arrows that are checked: the room, and what it may import besides. */
const arrows = forbidden.flatMap(({ comment = '' }) => {
  const [, room, imports] = /^src\/realtime\/([\w-]+) may import: (.+)$/.exec(comment) ?? [];
  return room === undefined ? [] : [[room, imports!.split(', ').filter((name) => !EVERYWHERE.includes(name))] as const];
});

const foldersOf = (path: string): string[] =>
  readdirSync(path, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? [entry.name] : []));

describe('docs/architecture.md', () => {
  it('has every room of the module with the arrows that are checked, and no other', () => {
    const section = readFileSync('docs/architecture.md', 'utf8')
      .split('\n## Who may import whom\n')[1]!
      .split('\n## ')[0]!;
    const rows = section.split('\n').filter((line) => line.startsWith('| `'));
    const named = (cell: string): string[] => [...cell.matchAll(/`([\w-]+)`/g)].map(([, name]) => name!);
    const table = rows.map((row) => {
      const [, room, , imports] = row.split('|');
      return [named(room!)[0], named(imports!)];
    });
    expect(arrows.length).toBeGreaterThan(15);
    expect(table).toEqual(arrows);
  });

  it('leaves no folder of the module without arrows', () => {
    expect(
      arrows
        .map(([room]) => room)
        .concat('clock', 'observability', 'schemas')
        .sort(),
    ).toEqual(foldersOf('src/realtime').sort());
  });
});

describe('the drawing in the README', () => {
  it('has every folder, and no other', () => {
    const drawing = readFileSync('README.md', 'utf8').split('\n## Architecture\n')[1]!.split('```')[1]!;
    const lines = drawing.split('\n').filter((line) => line.includes('→'));
    const drawn = (inside: boolean): string[] =>
      lines
        .filter((line) => line.startsWith('  ') === inside)
        .map((line) => line.trim().split(' ')[0]!)
        .sort();
    expect(drawn(true)).toEqual(foldersOf('src/realtime').sort());
    expect([...drawn(false), 'realtime'].sort()).toEqual(foldersOf('src').sort());
  });
});
