import { EventEmitter } from 'node:events';
import { pgListen, type PgClient, type PgPool } from './outbox-database.js';

/** A connection of a pool that throws if it is released twice, like that of `pg`. */
class Lent extends EventEmitter {
  released = false;

  async query(): Promise<void> {}

  release(): void {
    if (this.released) throw new Error('Release called on client which has already been released to the pool.');
    this.released = true;
  }
}

it('releases its connection once if the server ends it at the same time', async () => {
  const lent = new Lent();
  const pool: Pick<PgPool, 'connect'> = { connect: (callback) => callback(undefined, lent as unknown as PgClient) };
  const stop = await pgListen(pool as PgPool, 'events', () => undefined);
  await stop();
  expect(lent.released).toBe(true);
  expect(() => lent.emit('error', new Error('terminating connection due to administrator command'))).not.toThrow();
});
