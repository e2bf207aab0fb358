import ts from 'typescript';

const FILE = 'test/client/fixture.ts';

const HEAD = `
import '../../src/platform-events/index.js';
import type { RealtimeClient } from '../../src/client/index.js';
import { useChannel, useEvents } from '../../src/react/index.js';
import { useRealtimeInvalidation } from '../../src/react/query.js';
declare const client: RealtimeClient;
declare const own: RealtimeClient<{ 'my:channel': number; [room: \`room:\${string}\`]: string }>;
declare const id: string;
export const lines = [`;

/** Returns the first line of the compiler's message for each of these expressions. */
function problemsOf(expressions: readonly string[]): (string | undefined)[] {
  const text = [HEAD, ...expressions.map((expression) => `() => ${expression},`), '];'].join('\n');
  const options: ts.CompilerOptions = {
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    target: ts.ScriptTarget.ES2023,
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
  };
  const host = ts.createCompilerHost(options);
  const getSourceFile = host.getSourceFile.bind(host);
  host.getSourceFile = (file, ...rest) =>
    file === FILE ? ts.createSourceFile(file, text, ts.ScriptTarget.ES2023) : getSourceFile(file, ...rest);
  const program = ts.createProgram([FILE], options, host);
  const source = program.getSourceFile(FILE)!;
  const problems = expressions.map((): string | undefined => undefined);
  for (const { start, messageText } of program.getSemanticDiagnostics(source)) {
    const line = source.getLineAndCharacterOfPosition(start!).line - HEAD.split('\n').length;
    problems[line] = typeof messageText === 'string' ? messageText : messageText.messageText;
  }
  return problems;
}

it('the compiler names an unknown channel, in the client and in the hooks, and accepts the others', () => {
  const unknown = [
    ["client.channel('apps:creatde')", 'apps:creatde'],
    ["client.channel('apps:*')", 'apps:*'],
    ["own.channel('apps:created')", 'apps:created'],
    ["useChannel('apps:creatde', () => undefined)", 'apps:creatde'],
    ["useChannel(['apps:created', 'apps:creatde'], () => undefined)", 'apps:creatde'],
    ["useEvents('apps:creatde')", 'apps:creatde'],
    ["useRealtimeInvalidation('apps:creatde', [])", 'apps:creatde'],
  ] as const;
  const known = [
    "client.channel('apps:created')",
    "own.channel('my:channel')",
    'own.channel(`room:${id}`)',
    'client.channel(id)', // known only at run time
    "useEvents(['apps:created', 'apps:deleted'])",
  ];
  const problems = problemsOf([...unknown.map(([expression]) => expression), ...known]);
  for (const [index, [expression, name]] of unknown.entries()) {
    expect([expression, problems[index]]).toEqual([expression, expect.stringContaining(`UnknownChannel<"${name}">`)]);
  }
  expect(problems.slice(unknown.length)).toEqual(known.map(() => undefined));
});
