#!/usr/bin/env node
import { runTool } from './run-command.js';
import { SERVER_TOOL } from './server-tool.js';
import { standardTerminal } from './standard-terminal.js';

process.exitCode = await runTool(SERVER_TOOL, process.argv.slice(2), standardTerminal());
