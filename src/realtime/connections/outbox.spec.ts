import { Outbox, type OutboxSocket } from './outbox.js';

/** A socket whose buffer the test empties. */
class FakeSocket implements OutboxSocket {
  readonly OPEN = 1;
  readyState: 0 | 1 | 2 | 3 = 1;
  bufferedAmount = 0;
  readonly sent: { data: unknown; options: unknown }[] = [];
  closedWith: unknown[] | undefined;
  private callbacks: (() => void)[] = [];

  send(data: unknown, ...rest: unknown[]): void {
    const [options, callback] = rest;
    this.sent.push({ data, options });
    this.bufferedAmount += (data as { length: number }).length;
    this.callbacks.push(callback as () => void);
  }

  drainTo(bytes: number): void {
    this.bufferedAmount = bytes;
    this.callbacks.shift()?.();
  }

  close(...args: unknown[]): void {
    this.closedWith = args;
  }

  pong(): void {}
}

describe('Outbox', () => {
  let socket: FakeSocket;
  let slow: number;
  let outbox: Outbox;

  beforeEach(() => {
    socket = new FakeSocket();
    slow = 0;
    outbox = new Outbox(socket, 100, () => (slow += 1));
  });

  const isSettled = async (promise: Promise<unknown>): Promise<boolean> => {
    const pending = Symbol('pending');
    await new Promise(setImmediate);
    return (await Promise.race([promise, Promise.resolve(pending)])) !== pending;
  };

  it('sends text frames, bytes too', () => {
    expect(outbox.send('a')).toBe(true);
    expect(outbox.send(Buffer.from('b'))).toBe(true);
    expect(socket.sent.map(({ options }) => options)).toEqual(Array(2).fill({ binary: false, compress: false }));
    expect(outbox.bufferedBytes).toBe(2);
  });

  it('queues up to its bound and the frame that crosses it, then tells of a slow reader and queues no more', () => {
    expect(outbox.send('x'.repeat(100))).toBe(true);
    expect(outbox.send('x'.repeat(1_000))).toBe(true);
    expect(slow).toBe(0);
    expect(outbox.send('x')).toBe(false);
    expect(slow).toBe(1);
    expect(socket.sent).toHaveLength(2);
  });

  it('sends nothing to a socket that is not open', () => {
    socket.readyState = 2;
    expect(outbox.send('a')).toBe(false);
    expect(socket.sent).toEqual([]);
  });

  it('closes once, after which nothing is queued', () => {
    outbox.close(4501, 'why');
    outbox.close(1000, 'again');
    expect(socket.closedWith).toEqual([4501, 'why']);
    expect(outbox.send('a')).toBe(false);
  });

  it('has room up to a quarter of its bound', async () => {
    socket.bufferedAmount = 25;
    expect(outbox.hasRoom).toBe(true);
    expect(await outbox.room()).toBe(true);
    socket.bufferedAmount = 26;
    expect(outbox.hasRoom).toBe(false);
  });

  it('says to everyone who waits when there is room again, and not before', async () => {
    outbox.send('x'.repeat(60));
    outbox.send('x'.repeat(30));
    const [one, other] = [outbox.room(), outbox.room()];
    socket.drainTo(30);
    expect(await isSettled(one)).toBe(false);
    socket.drainTo(0);
    expect(await Promise.all([one, other])).toEqual([true, true]);
  });

  it.each(['close', 'end'] as const)('says to everyone who waits when it is over: %s', async (how) => {
    outbox.send('x'.repeat(60));
    const waiting = outbox.room();
    if (how === 'close') outbox.close(1000, '');
    else outbox.end();
    expect(await waiting).toBe(false);
    expect(await outbox.room()).toBe(false);
  });
});
