import { documentText } from '../asyncapi-tools/write-document.js';
import { asyncapiCommand, DOCUMENT_COMMANDS, DOCUMENT_NOTES } from './documents.js';
import { LIVE_COMMANDS } from './live-commands.js';
import { SERVER_NOTES } from './live-options.js';
import type { Tool } from './run-command.js';

/** The command of the server's package. */
export const SERVER_TOOL: Tool = {
  name: 'nestjs-realtime',
  commands: [...LIVE_COMMANDS, asyncapiCommand(documentText), ...DOCUMENT_COMMANDS],
  notes: `${SERVER_NOTES}\n${DOCUMENT_NOTES}`,
};
