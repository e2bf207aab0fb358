import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import ts from 'typescript';

/** Every block of TypeScript in these compiles as it stands, as a file of an application that has installed the package. */
const DOCS = ['docs/react.md', 'docs/client.md', 'docs/transactions.md', 'docs/tenants.md', 'docs/channels.md'];

interface Block {
  /** `docs/transactions.md:28` */
  readonly name: string;
  readonly path: string;
  readonly code: string;
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

function compile(blocks: readonly Block[]): ts.Diagnostic[] {
  const config = ts.getParsedCommandLineOfConfigFile(
    'test/tsconfig.json',
    {
      noUnusedLocals: false,
      noUnusedParameters: false,
      paths: {
        'nestjs-realtime': [resolve('src/realtime/index.ts')],
        'nestjs-realtime/client': [resolve('src/client/index.ts')],
        'nestjs-realtime/client/shared': [resolve('src/client/shared/index.ts')],
        'nestjs-realtime/react': [resolve('src/react/index.ts')],
        'nestjs-realtime/react-query': [resolve('src/react/query.ts')],
        'nestjs-realtime/testing': [resolve('src/testing/index.ts')],
      },
    },
    { ...ts.sys, onUnRecoverableConfigFileDiagnostic: (problem) => expect(problem).toBeNull() },
  )!;
  const host = ts.createCompilerHost(config.options);
  const codeOf = (path: string) => blocks.find((block) => block.path === path)?.code;
  const onDisk = ts.createCompilerHost(config.options);
  host.fileExists = (path) => codeOf(path) !== undefined || onDisk.fileExists(path);
  host.readFile = (path) => codeOf(path) ?? onDisk.readFile(path);
  host.getSourceFile = (path, language, ...rest) => {
    const code = codeOf(path);
    return code === undefined
      ? onDisk.getSourceFile(path, language, ...rest)
      : ts.createSourceFile(path, code, language);
  };
  const program = ts.createProgram(
    blocks.map(({ path }) => path),
    config.options,
    host,
  );
  return blocks.flatMap(({ path }) => {
    const file = program.getSourceFile(path);
    return [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)];
  });
}

describe('the code in the docs', () => {
  const blocks = DOCS.flatMap(blocksOf);
  const mistake: Block = {
    name: 'a mistake',
    path: resolve('test/docs/mistake.ts'),
    code: `import { EventsPublisher } from 'nestjs-realtime';
      export const tell = (events: EventsPublisher) => events.emit('apps:created', { id: '1' });`,
  };

  it('is found', () => {
    for (const doc of DOCS) expect(blocks.filter(({ name }) => name.startsWith(doc)).length).toBeGreaterThan(1);
  });

  it('compiles, and would not with a mistake in it', () => {
    const problems = compile([...blocks, mistake]).map(({ file, start, messageText }) => {
      const block = [...blocks, mistake].find(({ path }) => path === file?.fileName);
      const line = file?.getLineAndCharacterOfPosition(start ?? 0).line ?? 0;
      return `${block?.name} line ${line + 1}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`;
    });
    expect(problems).toEqual([expect.stringMatching(/^a mistake line 2: .*Property 'name' is missing/s)]);
  }, 100_000);
});
