// The pages of the site, made from the docs: one address for each page, links that lead to them, and llms.txt.
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, normalize, relative } from 'node:path';

const INDEX = 'docs/README.md';
const OTHERS = ['README.md', 'SECURITY.md', 'CHANGELOG.md', 'CONTRIBUTING.md', 'src/client/README.md'];
/** Addresses that do not follow from the path of a file. */
const ADDRESSES = { 'README.md': 'index.md', [INDEX]: 'contents.md', 'src/client/README.md': 'packages/client.md' };

/** The address of a page of the docs in the site, as a path that ends with `.md`. */
function addressOf(file) {
  return ADDRESSES[file] ?? file.replace(/^docs\//, '').replace(/README\.md$/, 'index.md');
}

/** The pages, as paths in the repository. */
export function pagesOf() {
  const inFolder = (folder) =>
    readdirSync(folder, { recursive: true })
      .filter((name) => name.endsWith('.md'))
      .map((name) => join(folder, name));
  return [...OTHERS, ...inFolder('docs'), ...inFolder('bench')].sort();
}

/** Applies a change to each link of a page outside of its blocks of code. */
function mapLinks(text, change) {
  const parts = text.split(/^(```[^]*?^```)$/m);
  const prose = (part) => part.replaceAll(/(!?)\[((?:[^\]`]|`[^`]*`)+)\]\(([^)\s]+)\)/g, change);
  return parts.map((part, index) => (index % 2 === 0 ? prose(part) : part)).join('');
}

/**
 * Writes the pages into a folder. Images are copied into `images`, other files that a page links to into
 * `public`. A folder becomes its name in the repository.
 * @returns the text of each page by its address
 */
export function writePages(folder) {
  rmSync(folder, { recursive: true, force: true });
  const pages = new Map(pagesOf().map((file) => [file, addressOf(file)]));
  const written = new Map();
  for (const [file, address] of pages) {
    const text = mapLinks(readFileSync(file, 'utf8'), (link, image, label, target) => {
      if (/^[a-z]+:/.test(target) || target.startsWith('#')) return link;
      const [path, anchor] = target.split('#');
      const linked = normalize(join(dirname(file), path));
      const hash = anchor === undefined ? '' : `#${anchor}`;
      const page = pages.get(linked);
      if (page !== undefined) return `[${label}](${from(address, page)}${hash})`;
      if (!existsSync(linked)) throw new Error(`${file} links to ${target}, which does not exist`);
      if (statSync(linked).isDirectory()) return `${label} (\`${linked}\`)`;
      if (image !== '') return `${image}[${label}](${from(address, copy(linked, join(folder, 'images')))})`;
      return `[${label}](${'../'.repeat(address.split('/').length - 1)}${copy(linked, join(folder, 'public'))})`;
    });
    written.set(address, text);
    const out = join(folder, address);
    mkdirSync(dirname(out), { recursive: true });
    writeFileSync(out, text);
  }
  return written;
}

/** @returns the path of the copy, relative to the folder of the pages for an image, to the site for a file */
function copy(file, folder) {
  const plain = basename(file).replace(/^\./, '');
  const name = /\.(json|yaml|png|svg)$/.test(plain) ? plain : `${plain}.txt`; // with another ending it would be a page
  mkdirSync(folder, { recursive: true });
  cpSync(file, join(folder, name));
  return basename(folder) === 'images' ? `images/${name}` : name;
}

function from(address, target) {
  const path = relative(dirname(address), target);
  return path.startsWith('.') ? path : `./${path}`;
}

/** The groups of the table of contents, with their links: for the sidebar and for llms.txt. */
export function contentsOf() {
  const sections = readFileSync(INDEX, 'utf8').split(/^## /m).slice(1);
  return sections.map((section) => {
    const [title, ...lines] = section.split('\n');
    const items = lines.flatMap((line) => {
      const [, label, target, about] = /^- \[(.+?)\]\(([^)]+)\)(?:: (.*))?$/.exec(line) ?? [];
      if (target === undefined) return [];
      return [{ label, address: addressOf(normalize(join(dirname(INDEX), target))), about }];
    });
    return { title, items };
  });
}

/** Writes the files for language models: a list of pages, every page as Markdown, and all in one file. */
export function writeForModels(folder, pages, about) {
  const list = contentsOf().map(({ title, items }) => {
    const lines = items.map((item) => `- [${item.label}](./${item.address})${item.about ? `: ${item.about}` : ''}`);
    return [`## ${title}`, ...lines].join('\n');
  });
  writeFileSync(join(folder, 'llms.txt'), `${['# nestjs-realtime', `> ${about}`, ...list].join('\n\n')}\n`);
  writeFileSync(join(folder, 'llms-full.txt'), [...pages.values()].join('\n\n'));
  for (const [address, text] of pages) {
    mkdirSync(dirname(join(folder, address)), { recursive: true });
    writeFileSync(join(folder, address), text);
  }
}
