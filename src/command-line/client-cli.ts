#!/usr/bin/env node
import { DOCUMENT_COMMANDS, DOCUMENT_NOTES } from './documents.js';
import { LIVE_COMMANDS } from './live-commands.js';
import { SERVER_NOTES } from './live-options.js';
import { runTool } from './run-command.js';
import { standardTerminal } from './standard-terminal.js';

const tool = {
  name: 'nestjs-realtime-client',
  commands: [...LIVE_COMMANDS, ...DOCUMENT_COMMANDS],
  elsewhere: { asyncapi: 'asyncapi needs the server: run nestjs-realtime asyncapi, of the package nestjs-realtime' },
  notes: `${SERVER_NOTES}\n${DOCUMENT_NOTES}`,
};
process.exitCode = await runTool(tool, process.argv.slice(2), standardTerminal());
