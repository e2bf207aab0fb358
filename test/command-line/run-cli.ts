import { existsSync } from 'node:fs';
import { runTool } from '../../src/command-line/run-command.js';
import { SERVER_TOOL } from '../../src/command-line/server-tool.js';
import { Child } from '../support/child.js';
import { memoryTerminal } from '../support/memory-terminal.js';

const CLI = 'dist/command-line/cli.js';

/** Environment of a command: only what is named. */
export type CliEnv = Readonly<Record<string, string>>;

/** Starts the built command. */
export function startCli(args: readonly string[], env: CliEnv = {}): Child {
  if (!existsSync(CLI)) throw new Error(`${CLI} is missing: run "npm run build" first`);
  return new Child(process.execPath, [CLI, ...args], { env: { ...env } });
}

/** Runs the built command to its end. */
export async function runCli(args: readonly string[], env: CliEnv = {}) {
  const child = startCli(args, env);
  const { code } = await child.exited;
  return { code, out: child.stdout, problems: child.stderr };
}

/** Runs a line of bash, in which `cli` is the built command. */
export async function runBash(line: string, env: CliEnv = {}) {
  const child = new Child('bash', ['-c', `cli() { "${process.execPath}" ${CLI} "$@"; }\n${line}`], {
    env: { PATH: process.env['PATH'], ...env },
  });
  const { code } = await child.exited;
  return { code, out: child.stdout, problems: child.stderr };
}

/** Runs the command in this process, which costs less. */
export async function runHere(args: readonly string[], env: CliEnv = {}) {
  const terminal = memoryTerminal(env);
  const code = await runTool(SERVER_TOOL, args, terminal);
  return { code, out: terminal.out, problems: terminal.problems };
}
