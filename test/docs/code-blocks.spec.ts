import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { compile, problemText, type SourceText } from '../support/compile.js';

/** Every block of TypeScript in these compiles as it stands, as a file of an application that has installed the package. */
const DOCS = [
  'docs/react.md',
  'docs/client.md',
  'docs/transactions.md',
  'docs/tenants.md',
  'docs/channels.md',
  'docs/testing.md',
  'docs/authentication.md',
  'docs/migrating.md',
  'docs/operations.md',
  'docs/module.md',
  'README.md',
];

interface Block extends SourceText {
  /** `docs/transactions.md:28` */
  readonly name: string;
}

function blocksOf(doc: string): Block[] {
  const text = readFileSync(doc, 'utf8');
  return [...text.matchAll(/^```(tsx?)\n([^]*?)^```$/gm)].map(({ index, 1: language, 2: code }) => {
    const line = text.slice(0, index).split('\n').length;
    return {
      name: `${doc}:${line}`,
      path: resolve('test/docs', `${doc.replaceAll(/\W/g, '-')}-${line}.${language}`),
      code: code!,
    };
  });
}

describe('the code in the docs', () => {
  const blocks = DOCS.flatMap(blocksOf);
  const mistake: SourceText = {
    path: resolve('test/docs/mistake.ts'),
    code: `import { EventsPublisher } from 'nestjs-realtime';
      export const tell = (events: EventsPublisher) => events.emit('apps:created', { id: '1' });`,
  };

  it('is found', () => {
    for (const doc of DOCS) expect(blocks.filter(({ name }) => name.startsWith(doc)).length).toBeGreaterThan(1);
  });

  it('compiles, and would not with a mistake in it', () => {
    const problems = compile([...blocks, mistake]).map(problemText);
    expect(problems).toEqual([expect.stringMatching(/mistake\.ts line 2: .*Property 'name' is missing/s)]);
  }, 100_000);
});
