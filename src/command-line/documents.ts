import { readFile } from 'node:fs/promises';
import type { Change } from '../asyncapi-tools/changes.js';
import { compareContracts } from '../asyncapi-tools/compare.js';
import { readContract, type Contract } from '../asyncapi-tools/contract.js';
import { eventTypes } from '../asyncapi-tools/event-types.js';
import { ToolError } from '../asyncapi-tools/tool-error.js';
import type { DocumentOptions } from '../asyncapi-tools/write-document.js';
import { writeText } from '../asyncapi-tools/write-text.js';
import { DONE, REFUSED, withValues, type Command } from './command.js';
import type { Terminal } from './terminal.js';

const OUT = { out: { type: 'string', short: 'o' } } as const;

/**
 * The command that writes the document of an application.
 * @param documentText describes an application. Only the package of the server has it
 */
export function asyncapiCommand(documentText: (file: string, options: DocumentOptions) => Promise<string>): Command {
  return {
    name: 'asyncapi',
    usage: `asyncapi <module.js> [--out <file.json>] [--module <name>] [--title <text>] [--version <text>]
           [--host <host:port>] [--protocol ws|wss]
      Writes the AsyncAPI document of an application, from the built file that exports its root module (AppModule, if
      it exports several). The application is not started: it does not listen, and connects to no database or Redis.
      Its options are read, so it needs their environment variables. Without --out it prints the document.`,
    options: { ...OUT, ...withValues('module', 'title', 'version', 'host', 'protocol') },
    async run({ words, texts: { out, ...ofDocument } }, terminal) {
      const [file] = words;
      if (file === undefined || words.length > 1)
        throw new ToolError(`asyncapi takes the file of one module, not ${words.length}`);
      await writeOutput(await documentText(file, ofDocument), out, terminal);
      return DONE;
    },
  };
}

/** The commands that read documents. */
export const DOCUMENT_COMMANDS: readonly Command[] = [
  {
    name: 'types',
    usage: `types <document.json> [--out <file.ts>] [--no-augment]
      Writes TypeScript types of the events, for clients: the event map \`Events\`. It is also merged into the event map
      of nestjs-realtime-client, unless --no-augment is given. Without --out it prints the types.`,
    options: { ...OUT, 'no-augment': { type: 'boolean' } },
    async run({ words, texts, flags }, terminal) {
      const [file] = words;
      if (file === undefined || words.length > 1) throw new ToolError(`types takes one document, not ${words.length}`);
      const types = eventTypes(await read(file), { augment: !flags.has('no-augment') });
      await writeOutput(types, texts['out'], terminal);
      return DONE;
    },
  },
  {
    name: 'diff',
    usage: `diff <old.json> <new.json>
      Lists the changes for clients. The exit code is 1 if a change breaks them.`,
    options: {},
    async run({ words }, terminal) {
      const [older, newer] = words;
      if (older === undefined || newer === undefined || words.length > 2)
        throw new ToolError(`diff takes two documents, the older one first, not ${words.length}`);
      return printChanges(compareContracts(await read(older), await read(newer)), terminal);
    },
  },
];

/** Sentences of the help about these commands. */
export const DOCUMENT_NOTES = `types and diff read documents from \`asyncapi\` of nestjs-realtime, or from GET /realtime/asyncapi.json.
`;

async function writeOutput(text: string, out: string | undefined, terminal: Terminal): Promise<void> {
  if (out === undefined) await terminal.write(text);
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

function printChanges(changes: readonly Change[], terminal: Terminal): number {
  const breaking = changes.filter(({ breaks }) => breaks);
  const harmless = changes.filter(({ breaks }) => !breaks);
  for (const { channel, text } of breaking) void terminal.write(`breaking  ${channel}: ${text}\n`);
  for (const { channel, text } of harmless) void terminal.write(`harmless  ${channel}: ${text}\n`);
  void terminal.write(
    changes.length === 0 ? 'Nothing changed.\n' : `${breaking.length} breaking, ${harmless.length} harmless\n`,
  );
  return breaking.length > 0 ? REFUSED : DONE;
}
