import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import type { Change } from './changes.js';
import { compareContracts } from './compare.js';
import { readContract, type Contract } from './contract.js';
import { eventTypes } from './event-types.js';
import { ToolError } from './tool-error.js';
import { writeText } from './write-text.js';
import type { DocumentOptions } from './write-document.js';

/** The command as one of the packages has it. */
export interface Tool {
  readonly name: string;
  /** Describes an application, for `write`. Only the package of the server can do it. */
  readonly documentText?: (file: string, options: DocumentOptions) => Promise<string>;
}

const usageOf = ({ name, documentText }: Tool): string => `Usage:
${documentText === undefined ? '' : writeUsageOf(name)}  ${name} types <document.json> [--out <file.ts>] [--no-augment]
      Writes TypeScript types of the events, for clients: the event map \`Events\`. It is also merged into the event map
      of nestjs-realtime-client, unless --no-augment is given. Without --out it prints the types.
  ${name} diff <old.json> <new.json>
      Lists the changes for clients. The exit code is 1 if a change breaks them.

types and diff read documents from nestjs-realtime-asyncapi write or from GET /realtime/asyncapi.json. The exit code is
2 for invalid input.
`;

const writeUsageOf = (name: string): string => `  ${name} write <module.js> [--out <file.json>] [--module <name>]
      [--title <text>] [--version <text>] [--host <host:port>] [--protocol ws|wss]
      Writes the AsyncAPI document of an application, from the built file that exports its root module (AppModule, if
      it exports several). The application is not started: it does not listen, and connects to no database or Redis.
      Its options are read, so it needs their environment variables. Without --out it prints the document.
`;

/** Output streams of a command. */
export interface Output {
  write(text: string): void;
  complain(text: string): void;
}

/**
 * Runs the command.
 * @param tool the command as the package has it
 * @param args arguments after the name of the command
 * @returns the exit code: 0; 1 if `diff` found a breaking change; 2 for invalid input
 */
export async function runCommand(tool: Tool, args: readonly string[], output: Output): Promise<number> {
  try {
    return await run(tool, args, output);
  } catch (error) {
    if (!(error instanceof ToolError)) throw error;
    output.complain(`${tool.name}: ${error.message}\n`);
    return 2;
  }
}

async function run(tool: Tool, args: readonly string[], output: Output): Promise<number> {
  const usage = usageOf(tool);
  const { values, positionals } = parse(args, usage);
  const [command, ...files] = positionals;
  if (values.help === true) {
    output.write(usage);
    return 0;
  }
  const { help: _, out, 'no-augment': isPlain, ...ofDocument } = values;
  if (command === 'write' && files.length === 1) {
    if (isPlain !== undefined) throw new ToolError(`--no-augment is for types.\n\n${usage}`);
    if (tool.documentText === undefined)
      throw new ToolError('write needs the server: run nestjs-realtime-asyncapi, of the package nestjs-realtime');
    await writeOutput(await tool.documentText(files[0]!, ofDocument), out, output);
    return 0;
  }
  const [foreign] = Object.keys(ofDocument);
  if (foreign !== undefined) throw new ToolError(`--${foreign} is for write.\n\n${usage}`);
  if (command === 'types' && files.length === 1) {
    await writeOutput(eventTypes(await read(files[0]!), { augment: isPlain !== true }), out, output);
    return 0;
  }
  if (command === 'diff' && files.length === 2) {
    if (out !== undefined || isPlain !== undefined) throw new ToolError(`diff takes no options.\n\n${usage}`);
    return printChanges(compareContracts(await read(files[0]!), await read(files[1]!)), output);
  }
  throw new ToolError(`${problemOf(command, files.length)}.\n\n${usage}`);
}

function parse(args: readonly string[], usage: string) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        ...{ out: { type: 'string', short: 'o' }, module: { type: 'string' }, title: { type: 'string' } },
        ...{ version: { type: 'string' }, host: { type: 'string' }, protocol: { type: 'string' } },
        ...{ 'no-augment': { type: 'boolean' }, help: { type: 'boolean', short: 'h' } },
      },
    });
  } catch (error) {
    throw new ToolError(`${(error as Error).message}\n\n${usage}`, { cause: error });
  }
}

function problemOf(command: string | undefined, files: number): string {
  if (command === 'write') return `write takes the file of one module, not ${files}`;
  if (command === 'types') return `types takes one document, not ${files}`;
  if (command === 'diff') return `diff takes two documents, the older one first, not ${files}`;
  return command === undefined ? 'no command given' : `unknown command ${JSON.stringify(command)}`;
}

async function writeOutput(text: string, out: string | undefined, output: Output): Promise<void> {
  if (out === undefined) output.write(text);
  else await writeText(out, text);
}

async function read(file: string): Promise<Contract> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    throw new ToolError(`${file} cannot be read: ${(error as Error).message}`, { cause: error });
  }
  try {
    return readContract(text);
  } catch (error) {
    if (!(error instanceof ToolError)) throw error;
    throw new ToolError(`${file}: ${error.message}`, { cause: error });
  }
}

function printChanges(changes: readonly Change[], output: Output): number {
  const breaking = changes.filter(({ breaks }) => breaks);
  const harmless = changes.filter(({ breaks }) => !breaks);
  for (const { channel, text } of breaking) output.write(`breaking  ${channel}: ${text}\n`);
  for (const { channel, text } of harmless) output.write(`harmless  ${channel}: ${text}\n`);
  output.write(
    changes.length === 0 ? 'Nothing changed.\n' : `${breaking.length} breaking, ${harmless.length} harmless\n`,
  );
  return breaking.length > 0 ? 1 : 0;
}
