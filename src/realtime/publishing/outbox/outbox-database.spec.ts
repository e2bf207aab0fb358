import { EventEmitter } from 'node:events';
import { pgListen, type PgClient, type PgPool } from './outbox-database.js';

/** A connection of a pool that throws if it is released twice, like that of `pg`. */
class PooledConnection extends EventEmitter {
  released = false;

  async query(): Promise<void> {}

  release(): void {
    if (this.released) throw new Error('Release called on client which has already been released to the pool.');
    this.released = true;
  }
}

it('releases its connection once if the server ends it at the same time', async () => {
  const connection = new PooledConnection();
  const pool: Pick<PgPool, 'connect'> = {
    connect: (callback) => callback(undefined, connection as unknown as PgClient),
  };
  const stop = await pgListen(pool as PgPool, 'events', () => undefined);
  await stop();
  expect(connection.released).toBe(true);
  expect(() =>
    connection.emit('error', new Error('terminating connection due to administrator command')),
  ).not.toThrow();
});
