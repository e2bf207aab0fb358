import { PassThrough } from 'node:stream';
import { RejectedSockets } from './rejected-sockets.js';

describe('RejectedSockets', () => {
  it('limits open sockets per address and in total, and does not count closed ones', async () => {
    const rejected = new RejectedSockets({ maxConnections: 1_000, maxConnectionsPerAddress: 10 });
    const first = new PassThrough();
    const sockets = [first, ...Array.from({ length: 19 }, () => new PassThrough())];
    for (const socket of sockets) expect(rejected.hold(socket, 'a')).toBe(true);
    expect(rejected.hold(new PassThrough(), 'a')).toBe(false);
    for (let index = 0; index < 80; index += 1) expect(rejected.hold(new PassThrough(), `b${index}`)).toBe(true);
    expect(rejected.hold(new PassThrough(), 'c')).toBe(false);
    const closed = new Promise((resolve) => first.once('close', resolve));
    first.destroy();
    await closed;
    expect(rejected.hold(new PassThrough(), 'a')).toBe(true);
  });
});
