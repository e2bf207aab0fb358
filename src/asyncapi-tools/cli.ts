#!/usr/bin/env node
import { runCommand } from './command.js';
import { STANDARD_OUTPUT } from './standard-output.js';
import { documentText } from './write-document.js';

const tool = { name: 'nestjs-realtime-asyncapi', documentText };
process.exitCode = await runCommand(tool, process.argv.slice(2), STANDARD_OUTPUT);
