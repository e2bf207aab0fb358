import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { parseArgs } from 'node:util';
import { userChannel } from '../realtime/index.js';
import { TokenModule } from './auth/token.module.js';
import { TokenService } from './auth/token.service.js';
import { StartError } from './config/start-error.js';
import { DURATION_FORM, parseDuration } from './config/variables.js';
import { explain } from './start/explain.js';

const USAGE = 'Usage: npm run --silent token -- --user ID [--role ROLE] [--email EMAIL] [--expires 1h]';

/** Parsed command line. */
interface TokenRequest {
  readonly id: string;
  readonly role: string;
  readonly email: string | null;
  readonly lifetimeMs?: number;
}

function read(): TokenRequest {
  const { values } = parse();
  const { user: id, role = 'user', email = null, expires } = values;
  if (id === undefined || userChannel(id) === null) throw new StartError(`--user must be the id of a user.\n${USAGE}`);
  if (role === '') throw new StartError(`--role must not be empty.\n${USAGE}`);
  if (expires === undefined) return { id, role, email };
  const lifetimeMs = parseDuration(expires);
  if (lifetimeMs === null) throw new StartError(`--expires must be ${DURATION_FORM}.\n${USAGE}`);
  return { id, role, email, lifetimeMs };
}

function parse() {
  const text = { type: 'string' } as const;
  try {
    return parseArgs({ options: { user: text, role: text, email: text, expires: text } });
  } catch (error) {
    throw new StartError(`${(error as Error).message}\n${USAGE}`, { cause: error });
  }
}

/** Prints a token, signed with the keys of the platform that starts in the same directory and environment. */
async function printToken(): Promise<void> {
  const { lifetimeMs, ...holder } = read();
  const app = await NestFactory.createApplicationContext(TokenModule, { logger: false, abortOnError: false });
  process.stdout.write(`${app.get(TokenService).issue(holder, lifetimeMs).token}\n`);
  await app.close();
}

try {
  await printToken();
} catch (error) {
  process.stderr.write(`${explain(error)}\n`);
  process.exitCode = 1;
}
