import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { makeTemporaryDirectory, removeDirectory } from '../support/temporary-directory.js';
import { DOCS } from './support/blocks.js';

interface Item {
  readonly label: string;
  readonly address: string;
  readonly about?: string;
}

interface Site {
  readonly pagesOf: () => string[];
  readonly writePages: (folder: string) => Map<string, string>;
  readonly contentsOf: () => { readonly title: string; readonly items: readonly Item[] }[];
  readonly writeForModels: (folder: string, pages: ReadonlyMap<string, string>, about: string) => void;
}

describe('the pages of the site', () => {
  let folder: string;
  let site: Site;
  let pages: Map<string, string>;

  beforeAll(async () => {
    folder = await makeTemporaryDirectory();
    site = (await import(pathToFileURL(resolve('site/pages.mjs')).href)) as Site;
    pages = site.writePages(join(folder, 'pages'));
  });
  afterAll(() => removeDirectory(folder));

  it('are all docs, each with an address', () => {
    expect(site.pagesOf()).toEqual(expect.arrayContaining([...DOCS]));
    expect(pages.size).toBe(site.pagesOf().length);
    expect([...pages.keys()]).toEqual(expect.arrayContaining(['index.md', 'client.md', 'decisions/index.md']));
  });

  it('have links and images that exist', () => {
    let links = 0;
    for (const [address, text] of pages) {
      const prose = text.replaceAll(/^```[^]*?^```$/gm, '');
      for (const [, target] of prose.matchAll(/\]\(([^)\s]+)\)/g)) {
        const path = target!.split('#')[0]!;
        if (path === '' || /^[a-z]+:/.test(path)) continue;
        links += 1;
        const linked = join(dirname(address), path);
        const isFound = ['pages', 'pages/public'].some((root) => existsSync(join(folder, root, linked)));
        expect([address, target, isFound]).toEqual([address, target, true]);
      }
    }
    expect(links).toBeGreaterThan(200);
  });

  it('are in the sidebar, each with a description', () => {
    const items = site.contentsOf().flatMap((group) => group.items);
    expect(items.length).toBeGreaterThan(30);
    expect(items.filter(({ address }) => !pages.has(address))).toEqual([]);
    expect(items.filter(({ about }) => about === undefined).map(({ label }) => label)).toEqual(['Changelog']);
  });

  it('are listed in llms.txt, and are all in llms-full.txt', () => {
    site.writeForModels(folder, pages, 'Realtime for NestJS');
    const list = readFileSync(join(folder, 'llms.txt'), 'utf8');
    expect(list).toMatch(
      /^# nestjs-realtime\n\n> Realtime for NestJS\n\n## Quick start\n\n?- \[README\]\(\.\/index\.md\): /,
    );
    for (const [, address] of list.matchAll(/\]\(\.\/([^)]+)\)/g))
      expect(existsSync(join(folder, address!))).toBe(true);
    expect(readFileSync(join(folder, 'llms-full.txt'), 'utf8')).toContain('# The client\n');
  });
});
