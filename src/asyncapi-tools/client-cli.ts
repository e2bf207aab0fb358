#!/usr/bin/env node
import { runCommand } from './command.js';
import { STANDARD_OUTPUT } from './standard-output.js';

process.exitCode = await runCommand({ name: 'nestjs-realtime-client' }, process.argv.slice(2), STANDARD_OUTPUT);
