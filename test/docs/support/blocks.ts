import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A fenced code block of the docs. */
export interface Block {
  readonly doc: string;
  readonly line: number;
  /** `docs/transactions.md:28` */
  readonly name: string;
  /** Language after the opening fence; empty if it has none. */
  readonly language: string;
  readonly code: string;
}

/** All pages, sorted by name. */
export const DOCS: readonly string[] = [
  ...['README.md', 'SECURITY.md', 'CONTRIBUTING.md', 'CHANGELOG.md', 'src/client/README.md'],
  ...readdirSync('docs', { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => join('docs', name))
    .sort(),
];

/** @throws Error at a fence that is not closed, or that Markdown parsers interpret differently */
export function blocksOf(doc: string, text: string = readFileSync(doc, 'utf8')): Block[] {
  const blocks: Block[] = [];
  let open: { line: number; language: string; code: string } | null = null;
  for (const [index, content] of text.split('\n').entries()) {
    const line = index + 1;
    if (/^\s+(```|~~~)|^~~~|^````/.test(content))
      throw new Error(`${doc}:${line}: a fence must be three backticks at the start of the line`);
    if (!content.startsWith('```')) {
      if (open !== null) open.code += `${content}\n`;
    } else if (open === null) {
      open = { line, language: content.slice(3), code: '' };
    } else if (content !== '```') {
      throw new Error(`${doc}:${line}: the block opened in line ${open.line} is not closed`);
    } else {
      blocks.push({ doc, name: `${doc}:${open.line}`, ...open });
      open = null;
    }
  }
  if (open !== null) throw new Error(`${doc}:${open.line}: this block is not closed`);
  return blocks;
}

/** Page whose blocks form one application. test/tutorial compiles and runs them together. */
export const TUTORIAL = 'docs/tutorial.md';

/** Returns the blocks of these languages in all docs except the tutorial. */
export function blocksIn(...languages: readonly string[]): Block[] {
  return DOCS.filter((doc) => doc !== TUTORIAL)
    .flatMap((doc) => blocksOf(doc))
    .filter(({ language }) => languages.includes(language));
}
