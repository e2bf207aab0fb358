import { Client } from 'pg';
import * as runner from 'node:test';
import { describeBackend } from 'nestjs-realtime/testing/backend';
import { postgresBackend } from './postgres.backend.js';
import { SCHEMA } from './schema.js';

const url = process.env['POSTGRES_URL'] ?? 'postgres://localhost/postgres';

async function run(...statements: readonly string[]): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  for (const statement of statements) await client.query(statement);
  await client.end();
}

runner.before(() => run(SCHEMA));
// Each test begins with an empty store.
runner.beforeEach(() => run('TRUNCATE rt_instances, rt_revocations, rt_presence, rt_tickets'));

describeBackend('postgresBackend', { create: postgresBackend(url), runner });
