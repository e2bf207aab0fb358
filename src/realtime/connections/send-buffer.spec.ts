import { FakeTransport } from '../../../test/support/fake-transport.js';
import { BatchJoiner } from './batch-joiner.js';
import { EventBatch, EventFrame } from './event-frame.js';
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

  it('notifies a waiting replay even if live events, which have no callback, are sent after it', async () => {
    const callbacks: (() => void)[] = [];
    const write = (_bytes: Buffer, onWritten: () => void): boolean => callbacks.push(onWritten) > 0;
    transport.frameWriter = { write, writableLength: 0 };
    transport.bufferedBytes = 60;
    const waiting = sendBuffer.whenBelowReplayLimit(new FakeWaiter());
    void sendBuffer.whenBelowReplayLimit(new FakeWaiter());
    expect(callbacks).toHaveLength(1);
    // The bytes before the empty write have left, and live events wait behind it.
    transport.bufferedBytes = 50;
    callbacks.shift()?.();
    expect(await isSettled(waiting)).toBe(false);
    transport.bufferedBytes = 0;
    callbacks.shift()?.();
    expect(await waiting).toBe(true);
    expect(callbacks).toHaveLength(0);
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

  describe('with events', () => {
    /** Bytes written to the writer of the transport. */
    let written: Buffer[];
    let called: (() => void)[];
    let writableLength: number;
    const frame = (data: string): EventFrame => new EventFrame(null, `"data":"${data}"}`);
    const large = frame('x'.repeat(2_000));

    beforeEach(() => {
      [written, called, writableLength] = [[], [], 0];
      transport.frameWriter = {
        get writableLength() {
          return writableLength;
        },
        write(bytes: Buffer, onSent?: () => void) {
          written.push(bytes);
          if (onSent) called.push(onSent);
          return true;
        },
      };
    });

    const collect = (...batches: EventBatch[]): boolean[] => batches.map((batch) => sendBuffer.collect(batch));
    const write = (): void => sendBuffer.writeCollected(sendBuffer.frameWriter, new BatchJoiner());

    it('asks for a write for the first batch of a turn only, and joins all of them in order', () => {
      const batches = ['1', '2', '3'].map((data) => new EventBatch([frame(data)]));
      expect(collect(...batches)).toEqual([true, false, false]);
      expect(written).toEqual([]);
      write();
      expect(written).toEqual([Buffer.concat(batches.map(({ wire }) => wire))]);
      expect(batches.map(({ delivered }) => delivered)).toEqual([1, 1, 1]);
      write();
      expect(written).toHaveLength(1);
      expect(collect(new EventBatch([frame('4')]))).toEqual([true]);
    });

    it('writes a single batch, compressed for clients that read it', () => {
      transport.sharedForm = 'deflated';
      const batch = new EventBatch([large, large]);
      collect(batch);
      write();
      expect(written).toEqual([batch.deflated]);
      expect(batch.delivered).toBe(2);
      transport.sharedForm = 'wire';
      collect(batch);
      write();
      expect(written.at(-1)).toBe(batch.wire);
    });

    it('sends collected events one by one, in order, without a writer', () => {
      transport.frameWriter = null;
      const batches = [new EventBatch([frame('1'), frame('2')]), new EventBatch([frame('3')])];
      sendBuffer = new SendBuffer(transport, 1_000, () => (slow += 1));
      collect(...batches);
      write();
      expect(transport.sent.map((text) => (JSON.parse(text) as { data: string }).data)).toEqual(['1', '2', '3']);
      expect(batches.map(({ delivered }) => delivered)).toEqual([2, 1]);
    });

    it('counts only events that were queued', () => {
      transport.frameWriter = null;
      transport.bufferedBytes = 101;
      const batch = new EventBatch([frame('1')]);
      collect(batch);
      write();
      expect([batch.delivered, transport.sent, slow]).toEqual([0, [], 1]);
    });

    it('reports a slow client instead of a write beyond the limit', () => {
      const batch = new EventBatch([frame('1')]);
      writableLength = 100;
      collect(batch);
      write();
      expect([written.length, slow, batch.delivered]).toEqual([1, 0, 1]);
      transport.bufferedBytes = writableLength = 101;
      collect(batch);
      write();
      expect([written.length, slow, batch.delivered]).toEqual([1, 1, 1]);
    });

    it.each([
      ['a frame', () => sendBuffer.send('after')],
      ['an event of a replay', () => sendBuffer.sendEvent(frame('after'), 't')],
      ['a pong', () => sendBuffer.pong(Buffer.alloc(0))],
      ['the end', () => sendBuffer.close(1000, 'after')],
    ])('writes collected events before %s', (_what, follow) => {
      const batch = new EventBatch([frame('before')]);
      collect(batch);
      follow();
      expect(written[0]).toBe(batch.wire);
      expect(batch.delivered).toBe(1);
    });

    it('writes an event of a replay, compressed for clients that read it', () => {
      expect(sendBuffer.sendEvent(large, 't')).toBe(true);
      transport.sharedForm = 'deflated';
      expect(sendBuffer.sendEvent(large, 't')).toBe(true);
      expect(written).toEqual([large.wire, large.deflated]);
      transport.frameWriter = null;
      expect(sendBuffer.sendEvent(frame('1'), 't')).toBe(true);
      expect(transport.sent).toEqual(['{"type":"event","data":"1"}']);
      transport.bufferedBytes = 101;
      expect([sendBuffer.sendEvent(frame('2'), 't'), slow]).toEqual([false, 1]);
    });

    it('wakes a replay when a direct write has left, although that write does not call back', async () => {
      transport.bufferedBytes = 50;
      const waiting = sendBuffer.whenBelowReplayLimit(new FakeWaiter());
      expect(written).toEqual([Buffer.alloc(0)]);
      transport.bufferedBytes = 0;
      for (const onSent of called) onSent();
      expect(await waiting).toBe(true);
    });

    it('drops collected events of a connection that ended, and collects no more', () => {
      const batch = new EventBatch([frame('1')]);
      collect(batch);
      sendBuffer.end();
      write();
      expect(collect(batch)).toEqual([false]);
      expect([written, batch.delivered]).toEqual([[], 0]);
    });
  });

  it('answers a ping unless the client is too slow or closing', () => {
    const pongs: string[] = [];
    transport.pong = (data?: Buffer) => void pongs.push(String(data));
    sendBuffer.pong(Buffer.from('1'));
    transport.bufferedBytes = 101;
    sendBuffer.pong(Buffer.from('2'));
    transport.bufferedBytes = 0;
    sendBuffer.close(1000, '');
    sendBuffer.pong(Buffer.from('3'));
    expect([pongs, slow]).toEqual([['1'], 1]);
  });
});
