import { accessSync, constants } from 'node:fs';
import { GROUPS } from '../../bench/rows/index.js';
import { scenarioNamed } from '../fault/scenarios/index.js';
import { Child } from '../support/child.js';
import { blocksIn } from './support/blocks.js';
import { npmProblem } from './support/npm-scripts.js';
import { commandsOf, type Command } from './support/shell.js';

/** Programs of docs/languages. The tests have no network for their packages, and not all of these programs. */
const OTHER_LANGUAGES = ['dart', 'dotnet', 'export', 'go', 'java', 'jq', 'pip', 'python', 'swift'];

/** Returns the problem of a command, or `null`. run-commands.spec.ts and command-line.spec.ts run the commands of curl and npx. */
function problemOf(command: Command, doc: string): string | null {
  const [program] = command;
  if (program === 'npm') return npmProblem(command);
  if (program === '.ci/run') return accessSync(program, constants.X_OK) ?? null;
  if (program === 'curl' || program === 'npx') return null;
  if (doc.startsWith('docs/languages/') && OTHER_LANGUAGES.includes(program!)) return null;
  return `nobody checks ${program}`;
}

/** Checks of flags whose values are names. */
const NAMES: Readonly<Record<string, (name: string) => unknown>> = {
  '--scenario': scenarioNamed,
  '--only': (group) => expect(Object.keys(GROUPS)).toContain(group),
  '--node': (release) => expect(['20', '22', '24']).toContain(release),
};

describe.each(blocksIn('sh'))('the commands at $name', ({ code, doc }) => {
  it('are valid bash', async () => {
    const bash = new Child('bash', ['-n', '-c', code]);
    expect([await bash.exited, bash.stderr]).toEqual([{ code: 0, signal: null }, '']);
  });

  it('exist, with their arguments', () => {
    const commands = commandsOf(code);
    expect(commands).not.toEqual([]);
    expect(commands.map((command) => problemOf(command, doc)).filter((problem) => problem !== null)).toEqual([]);
    for (const command of commands) {
      for (const [at, flag] of command.entries()) {
        for (const name of command[at + 1]?.split(',') ?? []) NAMES[flag]?.(name);
      }
    }
  });
});
