// A process that changes the database and emits through the outbox as fast as it can until it is killed. As `observer`
// it only serves subscribers. Arguments: its role, the options as JSON. `Build` bundles it.
import 'reflect-metadata';
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { NestFactory } from '@nestjs/core';
import { pgOutboxDatabase, RealtimeModule, RealtimeOutbox, RealtimeOutboxModule } from 'nestjs-realtime';
import pg from 'pg';

const [role, json] = process.argv.slice(2);
const { secret, redis, postgres, channels, batchSize } = JSON.parse(json);

const pool = new pg.Pool({ connectionString: postgres, max: 12 });
pool.on('error', () => undefined);
// Postgres can close a new connection before `change` has added its error listener.
pool.on('connect', (client) => client.on('error', () => undefined));
let committed = 0;
const quit = new Error('rolled back on purpose');

class RootModule {}

const root = {
  module: RootModule,
  imports: [
    RealtimeModule.forRoot({
      jwt: { secret },
      redis: { url: redis },
      channels: channels.map((name) => ({ name, access: 'authenticated', history: { size: 20_000 } })),
      recoveryMaxEvents: 20_000,
      recoveryMaxBytes: 64_000_000,
    }),
    RealtimeOutboxModule.forRoot({ database: pgOutboxDatabase(pool), relay: role !== 'observer', batchSize }),
  ],
};

if (role === 'observer') {
  const app = await NestFactory.create(root, { logger: ['error', 'warn'] });
  await app.listen(0, '127.0.0.1');
  process.stdout.write(`listening on ${app.getHttpServer().address().port}\n`);
} else {
  const app = await NestFactory.createApplicationContext(root, { logger: ['error', 'warn'] });
  const outbox = app.get(RealtimeOutbox);
  let writing = true;
  const lanes = role === 'relay' ? [] : [1, 2, 3, 4].map(() => write(outbox, () => writing));
  const stopped = new Promise((resolve) => process.once('SIGTERM', resolve));
  process.stdout.write('working\n');
  await stopped;
  writing = false;
  await Promise.all(lanes);
  await app.close();
  await pool.end();
}

async function write(outbox, goesOn) {
  while (goesOn()) {
    try {
      await change(outbox, channels[Math.floor(Math.random() * channels.length)]);
    } catch (error) {
      if (error !== quit) await delay(50); // the database is unavailable
    }
  }
}

/** Increments the counter of the channel. Its row is locked until the commit, so changes are strictly ordered. */
async function change(outbox, channel) {
  const client = await pool.connect();
  let broken = false;
  const ignore = () => (broken = true);
  client.on('error', ignore);
  try {
    await client.query('begin');
    const { rows } = await client.query('update counters set n = n + 1 where channel = $1 returning n', [channel]);
    const event = { channel, n: rows[0].n, token: randomUUID() };
    await client.query('insert into changes values ($1, $2, $3)', [channel, event.n, event.token]);
    await outbox.emit(client, channel, event);
    if (Math.random() < 0.2) throw quit;
    await client.query('commit');
    committed += 1;
    process.stdout.write(`committed ${committed}\n`);
  } catch (error) {
    await client.query('rollback').catch(ignore);
    throw error;
  } finally {
    if (!broken) client.off('error', ignore);
    client.release(broken);
  }
}
