import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

interface Rule {
  readonly name: string;
  readonly comment?: string;
}

const { forbidden } = createRequire(import.meta.url)('../../.ci/arrows.cjs') as { forbidden: readonly Rule[] };

/** Folders that every folder is allowed to import. The page names them once. */
const EVERYWHERE = ['protocol', 'options', 'timing', 'observability'];

/** The checked arrows: folder → the folders that it is allowed to import. */
const arrows = forbidden.flatMap(({ comment = '' }) => {
  const [, folder, imports] = /^src\/realtime\/([\w/-]+) is allowed to import: (.+)$/.exec(comment) ?? [];
  return folder === undefined
    ? []
    : [[folder, imports!.split(', ').filter((name) => !EVERYWHERE.includes(name))] as const];
});

const foldersOf = (path: string): string[] =>
  readdirSync(path, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? [entry.name] : []));

/** Returns the items of the list below a heading: the folder at the start of each, and the rest of its text. */
function folders(intro: string): [folder: string, text: string][] {
  const list = readFileSync('docs/architecture.md', 'utf8')
    .split(intro)[1]!
    .split(/\n(?:\[|Folders of|Two packages)/)[0]!;
  return [...list.matchAll(/^- `([\w/-]+)`: (.+)$/gm)].map(([, folder, text]) => [folder!, text!]);
}

describe('docs/architecture.md', () => {
  it('lists exactly the folders of the module, with their checked arrows', () => {
    const listed = folders('\nFolders of `src/realtime`.').map(([folder, text]) => [
      folder,
      [...text.split('. Imports ')[1]!.matchAll(/`([\w/-]+)`/g)].map(([, name]) => name),
    ]);
    expect(arrows.length).toBeGreaterThan(15);
    expect(listed).toEqual(arrows);
  });

  it('covers every folder of the module', () => {
    const named = new Set(arrows.map(([folder]) => folder.split('/')[0]!));
    for (const folder of ['timing', 'nest', 'observability', 'schemas']) named.add(folder);
    expect([...named].sort()).toEqual(foldersOf('src/realtime').sort());
  });

  it('lists exactly the top-level folders', () => {
    const listed = folders('\nTop-level folders of `src`:').map(([folder]) => folder);
    expect(listed.sort()).toEqual(foldersOf('src').sort());
  });
});
