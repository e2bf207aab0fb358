import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DOCS } from './support/blocks.js';

/** Returns the text outside code blocks. */
const textOf = (doc: string): string => readFileSync(doc, 'utf8').replaceAll(/^```[^]*?^```$/gm, '');

/** Returns the anchors of the headings, as GitHub generates them. */
const anchorsOf = (doc: string): string[] =>
  [...textOf(doc).matchAll(/^#+ (.+)$/gm)].map(([, heading]) =>
    heading!
      .toLowerCase()
      .replaceAll(/[^\w\- ]/g, '')
      .replaceAll(' ', '-'),
  );

/** Returns the problem of a link; `null` if its target exists. */
function problemOf(doc: string, link: string): string | null {
  if (/^[a-z]+:/.test(link)) return null; // another site
  const [path, anchor] = link.split('#') as [string, string?];
  const target = path === '' ? doc : join(dirname(doc), path);
  if (!existsSync(target)) return `${doc}: ${link} is no file`;
  if (anchor === undefined || anchorsOf(target).includes(anchor)) return null;
  return `${doc}: ${link} is no heading`;
}

const linksOf = (doc: string): string[] => [...textOf(doc).matchAll(/\]\(([^)\s]+)\)/g)].map(([, link]) => link!);

describe('the links of the docs', () => {
  it('have targets that exist', () => {
    const links = DOCS.flatMap((doc) => linksOf(doc).map((link) => [doc, link] as const));
    expect(links.length).toBeGreaterThan(100);
    expect(links.map(([doc, link]) => problemOf(doc, link)).filter((problem) => problem !== null)).toEqual([]);
  });

  it('are reported if their target is missing', () => {
    expect(problemOf('README.md', 'docs/absent.md')).toBe('README.md: docs/absent.md is no file');
    expect(problemOf('docs/client.md', 'channels.md#absent')).toBe('docs/client.md: channels.md#absent is no heading');
  });

  it('reach every document from the README, directly or through other documents', () => {
    const reached = new Set(['README.md']);
    for (const doc of reached) {
      for (const link of linksOf(doc)) {
        const target = join(dirname(doc), link.split('#')[0]!);
        if (DOCS.includes(target)) reached.add(target);
      }
    }
    expect(DOCS.filter((doc) => !reached.has(doc))).toEqual([]);
  });

  it('lead to every document from the index', () => {
    const listed = linksOf('docs/README.md').map((link) => join('docs', link));
    const records = DOCS.filter((doc) => doc.startsWith('docs/decisions/0')); // listed by docs/decisions/README.md
    const others = DOCS.filter((doc) => doc !== 'docs/README.md' && !records.includes(doc));
    expect(others.filter((doc) => !listed.includes(doc))).toEqual([]);
    expect(listed.filter((doc, at) => listed.indexOf(doc) !== at)).toEqual([]);
    const recorded = linksOf('docs/decisions/README.md').map((link) => join('docs/decisions', link));
    expect(records.filter((doc) => !recorded.includes(doc))).toEqual([]);
  });
});
