import { FakeTransport } from '../../../test/support/fake-transport.js';
import { BatchJoiner } from './batch-joiner.js';
import { EventBatch, EventFrame } from './event-frame.js';
import { SendBuffer } from './send-buffer.js';

const MAX_BYTES = 100_000;
const CONGESTED = 16_385;

describe.each(['with a writer', 'without a writer'])('events with a conflation key, %s', (path) => {
  let transport: FakeTransport;
  let slow: number;
  let sendBuffer: SendBuffer;
  let written: string[];
  let probes: (() => void)[];

  beforeEach(() => {
    transport = new FakeTransport();
    transport.reads = false;
    [slow, written, probes] = [0, [], []];
    sendBuffer = new SendBuffer(transport, MAX_BYTES, () => (slow += 1));
    if (path === 'without a writer') return;
    transport.frameWriter = {
      get writableLength() {
        return transport.bufferedBytes;
      },
      write(bytes: Buffer, onWritten?: () => void) {
        if (bytes.length > 0) written.push(bytes.toString());
        if (onWritten !== undefined) probes.push(onWritten);
        transport.bufferedBytes += bytes.length;
        return true;
      },
    };
  });

  const frame = (text: string, conflate?: string): EventFrame =>
    new EventFrame(null, `"data":"${text}"}`, undefined, null, undefined, conflate === undefined ? {} : { conflate });
  const deliver = (topic: string, ...frames: EventFrame[]): EventBatch => {
    const batch = new EventBatch(frames, null, topic);
    sendBuffer.collect(batch);
    sendBuffer.writeCollected(sendBuffer.frameWriter, new BatchJoiner());
    return batch;
  };
  /** The client has read everything that was sent. */
  const drain = (): void => {
    transport.drain(0);
    for (const probe of probes.splice(0)) probe();
  };
  const sent = (): string[] =>
    [...written, ...transport.sent].flatMap((text) =>
      [...text.matchAll(/"data":"([\w ]+)"/g)].map(([, data]) => data!),
    );
  const congest = (): void => {
    sendBuffer.send('x'.repeat(CONGESTED));
    transport.sent.length = 0;
  };

  it('are written at once while the client reads', () => {
    deliver('cursors', frame('a1', 'a'), frame('a2', 'a'));
    expect(sent()).toEqual(['a1', 'a2']);
  });

  it('wait while the client does not read: only the newest of each key, in order', () => {
    congest();
    const batch = deliver('cursors', frame('a1', 'a'), frame('b1', 'b'), frame('a2', 'a'));
    deliver('cursors', frame('c1', 'c'), frame('b2', 'b'));
    expect([sent(), batch.delivered]).toEqual([[], 3]);
    drain();
    expect(sent()).toEqual(['a2', 'c1', 'b2']);
    drain();
    deliver('cursors', frame('a3', 'a'));
    expect(sent()).toEqual(['a2', 'c1', 'b2', 'a3']);
  });

  it('use bounded memory, however many are emitted', () => {
    congest();
    for (let count = 0; count < 10_000; count += 1) deliver('cursors', frame(`v${count}`, `key ${count % 10}`));
    expect(sendBuffer.bufferedBytes).toBeLessThan(CONGESTED + 3_000);
    expect(slow).toBe(0);
    drain();
    expect(sent()).toEqual(Array.from({ length: 10 }, (_, key) => `v${9_990 + key}`));
    expect(sendBuffer.bufferedBytes).toBeLessThan(3_000);
  });

  it('count toward the limit of the send buffer', () => {
    congest();
    for (let count = 0; slow === 0 && count < 10_000; count += 1)
      deliver('cursors', frame('x'.repeat(500), `${count}`));
    expect(slow).toBe(1);
    expect(sendBuffer.bufferedBytes).toBeGreaterThan(MAX_BYTES);
    expect(sendBuffer.bufferedBytes).toBeLessThan(MAX_BYTES + 2_000);
  });

  it('are not overtaken by an event of their channel, and do not wait for other channels', () => {
    congest();
    deliver('cursors', frame('a1', 'a'));
    deliver('others', frame('o1'));
    expect(sent()).toEqual(['o1']);
    deliver('cursors', frame('plain'), frame('a2', 'a'));
    expect(sent()).toEqual(['o1', 'a1', 'plain']);
    drain();
    expect(sent()).toEqual(['o1', 'a1', 'plain', 'a2']);
  });

  it('of one turn for several channels are held by channel', () => {
    congest();
    sendBuffer.collect(new EventBatch([frame('a1', 'k')], null, 'one'));
    sendBuffer.collect(new EventBatch([frame('b1', 'k')], null, 'two'));
    sendBuffer.writeCollected(sendBuffer.frameWriter, new BatchJoiner());
    deliver('one', frame('a2', 'k'));
    drain();
    expect(sent()).toEqual(['a2', 'b1']);
  });

  it('are dropped when the subscription ends', () => {
    congest();
    deliver('cursors', frame('a1', 'a'));
    expect([sendBuffer.dropHeld('cursors'), sendBuffer.dropHeld('cursors'), sendBuffer.dropHeld('none')]).toEqual([
      true,
      false,
      false,
    ]);
    drain();
    expect(sent()).toEqual([]);
  });

  it('are sent before the connection closes', () => {
    congest();
    deliver('cursors', frame('a1', 'a'));
    sendBuffer.close(1012, 'restarting');
    expect(sent()).toEqual(['a1']);
    expect(transport.closes).toHaveLength(1);
    drain();
    expect(sent()).toEqual(['a1']);
  });
});
