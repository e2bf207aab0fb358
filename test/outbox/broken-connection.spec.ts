import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import pg from 'pg';
import { pgOutboxDatabase } from '../../src/realtime/publishing/outbox/outbox-database.js';

/** Encodes a message of Postgres: its type, its length, its body. */
function message(type: string, body: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeInt32BE(body.length + 4);
  return Buffer.concat([Buffer.from(type), length, body]);
}

const AUTHENTICATED = message('R', Buffer.alloc(4));
const READY = message('Z', Buffer.from('I'));
const ENDED = message('E', Buffer.from('SFATAL\0C57P01\0Mterminating connection due to administrator command\0\0'));

describe('a connection that Postgres closes as soon as it is open', () => {
  it('fails the transaction and the LISTEN, but does not end the process', async () => {
    // The server writes all of it at once: no code runs between "ready" and the end.
    const server = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.once('data', () => socket.end(Buffer.concat([AUTHENTICATED, READY, ENDED])));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const pool = new pg.Pool({
      host: '127.0.0.1',
      port: (server.address() as AddressInfo).port,
      user: 'u',
      database: 'd',
      ssl: false,
    });
    pool.on('error', () => undefined);
    const database = pgOutboxDatabase(pool);
    try {
      await expect(database.transaction(async () => 'never')).rejects.toThrow('connection error');
      const stop = await database.listen!('events', () => undefined);
      await stop();
    } finally {
      await pool.end();
      server.close();
    }
  });
});
