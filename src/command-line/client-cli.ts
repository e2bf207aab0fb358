#!/usr/bin/env node
import { DOCUMENT_COMMANDS, DOCUMENT_NOTES } from './documents.js';
import { runTool } from './run-command.js';
import { standardTerminal } from './standard-terminal.js';

/** Commands that need the server or `ws`. */
const OF_THE_SERVER = ['asyncapi', 'tail', 'publish', 'whoami', 'check'];

const tool = {
  name: 'nestjs-realtime-client',
  commands: DOCUMENT_COMMANDS,
  elsewhere: Object.fromEntries(
    OF_THE_SERVER.map((name) => [name, `${name} needs the server's package: run nestjs-realtime ${name}`]),
  ),
  notes: DOCUMENT_NOTES,
};
process.exitCode = await runTool(tool, process.argv.slice(2), standardTerminal());
