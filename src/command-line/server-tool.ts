import { documentText } from '../asyncapi-tools/write-document.js';
import { check } from './check/check.js';
import { asyncapiCommand, DOCUMENT_COMMANDS, DOCUMENT_NOTES } from './documents.js';
import { SERVER_NOTES } from './live-options.js';
import { publish } from './publish.js';
import type { Tool } from './run-command.js';
import { tail } from './tail.js';
import { whoami } from './whoami.js';

/** The command of the server's package. */
export const SERVER_TOOL: Tool = {
  name: 'nestjs-realtime',
  commands: [tail, publish, whoami, check, asyncapiCommand(documentText), ...DOCUMENT_COMMANDS],
  notes: `${SERVER_NOTES}\n${DOCUMENT_NOTES}`,
};
