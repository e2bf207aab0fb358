import { parseArgs } from 'node:util';
import { ToolError } from '../asyncapi-tools/tool-error.js';
import { DONE, INVALID, type Command, type Given } from './command.js';
import type { Terminal } from './terminal.js';

/** A program with its commands. */
export interface Tool {
  readonly name: string;
  readonly commands: readonly Command[];
  /** Commands that another package has, each with a sentence that says where. */
  readonly elsewhere?: Readonly<Record<string, string>>;
  /** Sentences after the commands in the help. */
  readonly notes: string;
}

/**
 * Runs a program.
 * @param args arguments after its name
 * @returns the exit code: 0; 1 if the server refused or a check failed; 2 for invalid input
 */
export async function runTool(tool: Tool, args: readonly string[], terminal: Terminal): Promise<number> {
  try {
    return await run(tool, args, terminal);
  } catch (error) {
    if (!(error instanceof ToolError)) throw error;
    terminal.writeError(`${tool.name}: ${error.message}\n`);
    return INVALID;
  }
}

async function run(tool: Tool, args: readonly string[], terminal: Terminal): Promise<number> {
  const [name, ...rest] = args;
  if (name === '--help' || name === '-h' || name === 'help') return help(tool, tool.commands, terminal);
  const command = tool.commands.find((one) => one.name === name);
  const elsewhere = tool.elsewhere ?? {};
  if (name !== undefined && Object.hasOwn(elsewhere, name)) throw new ToolError(elsewhere[name]);
  if (command === undefined) throw new ToolError(`${problemOf(name)}: see ${tool.name} --help`);
  if (rest.includes('--help') || rest.includes('-h')) return help(tool, [command], terminal);
  return command.run(parse(command, rest, tool), terminal);
}

function help(tool: Tool, commands: readonly Command[], terminal: Terminal): number {
  const lines = commands.map(({ usage }) => `  ${tool.name} ${usage}\n`);
  void terminal.write(`Usage:\n${lines.join('')}\n${tool.notes}`);
  return DONE;
}

function problemOf(name: string | undefined): string {
  if (name === undefined) return 'no command given';
  if (name.startsWith('-')) return 'options come after the command';
  // Anything else can be a secret in the wrong place.
  const quoted = /^[a-z-]{1,20}$/i.test(name) ? ` "${name}"` : '';
  return `unknown command${quoted}`;
}

/** Messages never repeat an argument that is not the name of an option: it can be a secret. */
function parse({ name, options }: Command, args: readonly string[], tool: Tool): Given {
  const { tokens } = parseArgs({ args: [...args], options, allowPositionals: true, strict: false, tokens: true });
  const texts: Partial<Record<string, string>> = {};
  const flags = new Set<string>();
  const words: string[] = [];
  for (const token of tokens) {
    if (token.kind === 'positional') words.push(token.value);
    if (token.kind !== 'option') continue;
    const { rawName, value } = token;
    const option = Object.hasOwn(options, token.name) ? options[token.name] : undefined;
    if (option === undefined) throw new ToolError(`${name} has no option ${rawName}: see ${tool.name} ${name} --help`);
    if (option.type === 'boolean') {
      if (value !== undefined) throw new ToolError(`${rawName} takes no value`);
      flags.add(token.name);
    } else {
      // `--url --token …`: the value was forgotten
      const isForgotten = value === undefined || value === '' || (!token.inlineValue && /^-./.test(value));
      if (isForgotten) throw new ToolError(`${rawName} needs a value; write ${rawName}=… if it starts with "-"`);
      texts[token.name] = value;
    }
  }
  return { words, texts, flags };
}
