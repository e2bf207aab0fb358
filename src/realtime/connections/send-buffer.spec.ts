import { FakeTransport } from '../../../test/support/fake-transport.js';
import { SendBuffer, type Waiter } from './send-buffer.js';

class FakeWaiter implements Waiter {
  heldBytes = 7;
  ended = false;
}

describe('SendBuffer', () => {
  let transport: FakeTransport;
  let slow: number;
  let sendBuffer: SendBuffer;

  beforeEach(() => {
    transport = new FakeTransport();
    transport.reads = false;
    slow = 0;
    sendBuffer = new SendBuffer(transport, 100, () => (slow += 1));
  });

  const isSettled = async (promise: Promise<unknown>): Promise<boolean> => {
    const pending = Symbol('pending');
    await new Promise(setImmediate);
    return (await Promise.race([promise, Promise.resolve(pending)])) !== pending;
  };

  it('sends strings and bytes', () => {
    expect(sendBuffer.send('a')).toBe(true);
    expect(sendBuffer.send(Buffer.from('b'))).toBe(true);
    expect(transport.sent).toEqual(['a', 'b']);
    expect(sendBuffer.bufferedBytes).toBe(2);
  });

  it('queues up to its limit and the frame that exceeds it, then reports a slow client and queues no more', () => {
    expect(sendBuffer.send('x'.repeat(100))).toBe(true);
    expect(sendBuffer.send('x'.repeat(1_000))).toBe(true);
    expect(slow).toBe(0);
    expect(sendBuffer.send('x')).toBe(false);
    expect(slow).toBe(1);
    expect(transport.sent).toHaveLength(2);
  });

  it('sends nothing over a transport that is not open', () => {
    transport.isOpen = false;
    expect(sendBuffer.send('a')).toBe(false);
    expect(transport.sent).toEqual([]);
  });

  it('closes once, and queues nothing afterwards', () => {
    sendBuffer.close(4501, 'why');
    sendBuffer.close(1000, 'again');
    expect(transport.closes).toEqual([[4501, 'why']]);
    expect(sendBuffer.send('a')).toBe(false);
  });

  it('is below the replay limit up to a quarter of its limit', async () => {
    transport.bufferedBytes = 25;
    expect(sendBuffer.isBelowReplayLimit).toBe(true);
    expect(await sendBuffer.whenBelowReplayLimit(new FakeWaiter())).toBe(true);
    transport.bufferedBytes = 26;
    expect(sendBuffer.isBelowReplayLimit).toBe(false);
  });

  it('notifies all waiting replays once it is below the replay limit, not earlier', async () => {
    sendBuffer.send('x'.repeat(60));
    sendBuffer.send('x'.repeat(30));
    const [one, other] = [
      sendBuffer.whenBelowReplayLimit(new FakeWaiter()),
      sendBuffer.whenBelowReplayLimit(new FakeWaiter()),
    ];
    transport.drain(30);
    expect(await isSettled(one)).toBe(false);
    transport.drain(0);
    expect(await Promise.all([one, other])).toEqual([true, true]);
  });

  it('counts the bytes of waiting replays until they continue', async () => {
    sendBuffer.send('x'.repeat(60));
    const waiting = [
      sendBuffer.whenBelowReplayLimit(new FakeWaiter()),
      sendBuffer.whenBelowReplayLimit(new FakeWaiter()),
    ];
    expect(sendBuffer.bufferedBytes).toBe(60 + 7 + 7);
    transport.drain(0);
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
