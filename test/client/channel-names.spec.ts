import { resolve } from 'node:path';
import { compile } from '../support/compile.js';

const HEAD = `
import '${resolve('src/platform-events/index.js')}';
import type { RealtimeClient } from '${resolve('src/client/index.js')}';
import { useChannel, useEvents } from '${resolve('src/react/index.js')}';
import { useRealtimeInvalidation } from '${resolve('src/react/query.js')}';
declare const client: RealtimeClient;
declare const own: RealtimeClient<{ 'my:channel': number; [room: \`room:\${string}\`]: string }>;
declare const id: string;
export const lines = [`;

/** Returns the first line of the compiler's message for each of these expressions. */
function problemsOf(expressions: readonly string[]): (string | undefined)[] {
  const code = [HEAD, ...expressions.map((expression) => `() => ${expression},`), '];'].join('\n');
  const problems = expressions.map((): string | undefined => undefined);
  for (const { line, message } of compile([{ name: 'fixture.ts', code }])) {
    problems[line - 1 - HEAD.split('\n').length] = message.split('\n')[0];
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
