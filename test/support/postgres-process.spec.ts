import { Client } from 'pg';
import { PostgresProcess } from './postgres-process.js';

it('PostgresProcess starts an empty server, and ends it with a client still connected', async () => {
  const postgres = await PostgresProcess.start();
  const client = new Client(postgres.url);
  client.on('error', () => undefined); // the end of the server is an error to the client
  await client.connect();
  const { rows } = await client.query<{ answer: number }>('SELECT 40 + 2 AS answer');
  expect(rows).toEqual([{ answer: 42 }]);
  await postgres.stop();
  await expect(new Client(postgres.url).connect()).rejects.toThrow('ECONNREFUSED');
});
