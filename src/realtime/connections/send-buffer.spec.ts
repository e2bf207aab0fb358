import { SendBuffer, type SendBufferSocket, type Waiter } from './send-buffer.js';

/** A socket whose buffer is emptied by the test. */
class FakeSocket implements SendBufferSocket {
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

class FakeWaiter implements Waiter {
  heldBytes = 7;
  ended = false;
}

describe('SendBuffer', () => {
  let socket: FakeSocket;
  let slow: number;
  let sendBuffer: SendBuffer;

  beforeEach(() => {
    socket = new FakeSocket();
    slow = 0;
    sendBuffer = new SendBuffer(socket, 100, () => (slow += 1));
  });

  const isSettled = async (promise: Promise<unknown>): Promise<boolean> => {
    const pending = Symbol('pending');
    await new Promise(setImmediate);
    return (await Promise.race([promise, Promise.resolve(pending)])) !== pending;
  };

  it('sends strings and bytes as text frames', () => {
    expect(sendBuffer.send('a')).toBe(true);
    expect(sendBuffer.send(Buffer.from('b'))).toBe(true);
    expect(socket.sent.map(({ options }) => options)).toEqual(Array(2).fill({ binary: false, compress: false }));
    expect(sendBuffer.bufferedBytes).toBe(2);
  });

  it('queues up to its limit and the frame that exceeds it, then reports a slow client and queues no more', () => {
    expect(sendBuffer.send('x'.repeat(100))).toBe(true);
    expect(sendBuffer.send('x'.repeat(1_000))).toBe(true);
    expect(slow).toBe(0);
    expect(sendBuffer.send('x')).toBe(false);
    expect(slow).toBe(1);
    expect(socket.sent).toHaveLength(2);
  });

  it('sends nothing to a socket that is not open', () => {
    socket.readyState = 2;
    expect(sendBuffer.send('a')).toBe(false);
    expect(socket.sent).toEqual([]);
  });

  it('closes once, and queues nothing afterwards', () => {
    sendBuffer.close(4501, 'why');
    sendBuffer.close(1000, 'again');
    expect(socket.closedWith).toEqual([4501, 'why']);
    expect(sendBuffer.send('a')).toBe(false);
  });

  it('is below the replay limit up to a quarter of its limit', async () => {
    socket.bufferedAmount = 25;
    expect(sendBuffer.isBelowReplayLimit).toBe(true);
    expect(await sendBuffer.whenBelowReplayLimit(new FakeWaiter())).toBe(true);
    socket.bufferedAmount = 26;
    expect(sendBuffer.isBelowReplayLimit).toBe(false);
  });

  it('notifies all waiting replays once it is below the replay limit, not earlier', async () => {
    sendBuffer.send('x'.repeat(60));
    sendBuffer.send('x'.repeat(30));
    const [one, other] = [
      sendBuffer.whenBelowReplayLimit(new FakeWaiter()),
      sendBuffer.whenBelowReplayLimit(new FakeWaiter()),
    ];
    socket.drainTo(30);
    expect(await isSettled(one)).toBe(false);
    socket.drainTo(0);
    expect(await Promise.all([one, other])).toEqual([true, true]);
  });

  it('counts the bytes of waiting replays until they continue', async () => {
    sendBuffer.send('x'.repeat(60));
    const waiting = [
      sendBuffer.whenBelowReplayLimit(new FakeWaiter()),
      sendBuffer.whenBelowReplayLimit(new FakeWaiter()),
    ];
    expect(sendBuffer.bufferedBytes).toBe(60 + 7 + 7);
    socket.drainTo(0);
    await Promise.all(waiting);
    expect(sendBuffer.bufferedBytes).toBe(0);
  });

  it('releases a replay that has ended, even above the replay limit', async () => {
    sendBuffer.send('x'.repeat(60));
    const [ended, other] = [new FakeWaiter(), new FakeWaiter()];
    const [waitingOne, waitingOther] = [sendBuffer.whenBelowReplayLimit(ended), sendBuffer.whenBelowReplayLimit(other)];
    ended.ended = true;
    sendBuffer.forget(ended);
    expect(await waitingOne).toBe(true);
    expect(await isSettled(waitingOther)).toBe(false);
    expect(sendBuffer.bufferedBytes).toBe(60 + 7);
    sendBuffer.forget(ended); // it is not waiting any more
  });

  it.each(['close', 'end'] as const)('notifies all waiting replays when the connection ends: %s', async (how) => {
    sendBuffer.send('x'.repeat(60));
    const waiting = sendBuffer.whenBelowReplayLimit(new FakeWaiter());
    if (how === 'close') sendBuffer.close(1000, '');
    else sendBuffer.end();
    expect(await waiting).toBe(false);
    expect(await sendBuffer.whenBelowReplayLimit(new FakeWaiter())).toBe(false);
  });
});
