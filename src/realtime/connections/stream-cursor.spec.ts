import type { Position, Unstamped } from '../../protocol/index.js';
import { EventBatch, EventFrame } from './event-frame.js';
import { BatchJoiner } from './batch-joiner.js';
import { cursorBytes, StreamCursor } from './stream-cursor.js';

const at = (offset: number): Position => ({ epoch: 'e', offset });
const frame = (offset: number | null): EventFrame =>
  new EventFrame(
    offset === null ? null : at(offset),
    '"channel":"c","data":null,"timestamp":"2026-01-01T00:00:00.000Z"}',
  );
const batch = (topic: string, ...offsets: (number | null)[]): EventBatch =>
  new EventBatch(offsets.map(frame), null, topic);
const subscribed = (channel: string, lastEventId?: string): Unstamped => ({
  type: 'subscribed',
  channel,
  ...(lastEventId !== undefined && { lastEventId }),
});

/** A cursor whose client has received it. */
function cursorOf(named: readonly string[], positions: Readonly<Record<string, string>>): StreamCursor {
  const cursor = new StreamCursor(named, null);
  for (const [channel, position] of Object.entries(positions)) cursor.follow(subscribed(channel, position));
  cursor.takeChange();
  return cursor;
}

describe('a new cursor', () => {
  it('starts each channel with its next event, and has nothing to send', () => {
    const cursor = new StreamCursor(['a'], null);
    expect([cursor.takeStart('a'), cursor.hasMoved, cursor.takeChange()]).toEqual([undefined, false, null]);
  });

  it('takes the positions of subscriptions, and sends each change once', () => {
    const cursor = new StreamCursor(['a'], null);
    cursor.follow(subscribed('a', 'e-1'));
    expect([cursor.hasMoved, cursor.takeChange(), cursor.hasMoved, cursor.takeChange()]).toEqual([
      ...[true, 'e-1'],
      ...[false, null],
    ]);
    cursor.follow(subscribed('a', 'e-1'));
    expect(cursor.hasMoved).toBe(false);
  });

  it('takes the position of a resync', () => {
    const cursor = cursorOf(['a'], { a: 'e-9' });
    cursor.follow({ type: 'resync', channel: 'a', reason: 'unknown_epoch', lastEventId: 'f-2' });
    expect(cursor.takeChange()).toBe('f-2');
  });

  it('ignores channels that were not named', () => {
    const cursor = cursorOf(['a'], { a: 'e-1' });
    cursor.follow(subscribed('b', 'e-5'));
    cursor.followEvent('b', frame(6));
    expect(cursor.hasMoved).toBe(false);
  });

  it('has no position of a channel without history', () => {
    const cursor = new StreamCursor(['a'], null);
    cursor.follow(subscribed('a'));
    expect(cursor.takeBatch(batch('a', null))).toBe('block');
    expect(cursor.takeChange()).toBeNull();
  });
});

describe('a cursor of one channel', () => {
  it('moves with each batch that contains it, so that nothing has to follow', () => {
    const cursor = cursorOf(['a'], { a: 'e-1' });
    expect([cursor.takeBatch(batch('a', 2, 3)), cursor.hasMoved]).toEqual(['identified', false]);
    cursor.follow(subscribed('a', 'e-3')); // where it is already
    expect(cursor.hasMoved).toBe(false);
  });

  it('moves in its topic of any tenant', () => {
    const cursor = cursorOf(['a'], { a: 'e-1' });
    expect(cursor.takeBatch(batch('acme/a', 2))).toBe('identified');
    expect(cursor.takeBatch(batch('acme/b', 3))).toBe('block');
    expect(cursor.takeBatch(batch('acme/a', 4))).toBe('identified');
  });

  it('follows the batch if an earlier change has not been sent', () => {
    const cursor = cursorOf(['a'], { a: 'e-1' });
    cursor.follow(subscribed('a', 'e-2'));
    expect([cursor.takeBatch(batch('a', 3)), cursor.takeChange()]).toEqual(['block', 'e-3']);
  });

  it('stays if the last event has no position', () => {
    const cursor = cursorOf(['a'], { a: 'e-1' });
    expect([cursor.takeBatch(batch('a', 2, null)), cursor.takeChange()]).toEqual(['block', null]);
    cursor.followEvent('a', frame(null));
    expect(cursor.hasMoved).toBe(false);
  });

  it('is empty after the channel was unsubscribed, and follows no more events', () => {
    const cursor = cursorOf(['a'], { a: 'e-1' });
    cursor.follow({ type: 'unsubscribed', channel: 'a' });
    expect(cursor.takeChange()).toBe('');
    cursor.follow({ type: 'unsubscribed', channel: 'a' });
    expect([cursor.takeBatch(batch('a', 2)), cursor.takeChange()]).toEqual(['block', null]);
  });
});

describe('a cursor of several channels', () => {
  it('is a list, and follows the batches of each', () => {
    const cursor = cursorOf(['a', 'b'], { a: 'e-1', b: 'e-7' });
    expect(cursor.takeBatch(batch('a', 2))).toBe('block');
    expect(cursor.takeChange()).toBe('a=e-2,b=e-7');
    const [joined] = new BatchJoiner().join([batch('a', 3, 4), batch('b', 8)]);
    expect(cursor.takeBatch(joined!)).toBe('block');
    expect(cursor.takeChange()).toBe('a=e-4,b=e-8');
  });

  it('leaves out a channel that was unsubscribed', () => {
    const cursor = cursorOf(['a', 'b'], { a: 'e-1', b: 'e-7' });
    cursor.follow({ type: 'unsubscribed', channel: 'a' });
    expect(cursor.takeChange()).toBe('b=e-7');
  });

  it('has the channels of a wildcard, and never the form of one channel', () => {
    const cursor = new StreamCursor(['a:*'], null);
    for (const channel of ['a:1', 'b:1']) cursor.follow(subscribed(channel, 'e-1'));
    expect(cursor.takeChange()).toBe('a:1=e-1');
    expect([cursor.takeBatch(batch('a:1', 2)), cursor.takeChange()]).toEqual(['block', 'a:1=e-2']);
  });
});

describe('a cursor of an earlier stream', () => {
  it('starts one channel at its position, once', () => {
    const cursor = new StreamCursor(['a'], 'e-5');
    expect([cursor.takeStart('a'), cursor.takeStart('a')]).toEqual(['e-5', undefined]);
  });

  it('starts listed channels at their positions, and others with the next event', () => {
    const cursor = new StreamCursor(['a', 'b:*', 'c'], 'a=e-1,b:x=f-2,d=e-4');
    expect(['a', 'b:x', 'b:y', 'c', 'd'].map((channel) => cursor.takeStart(channel))).toEqual([
      ...['e-1', 'f-2'],
      ...[undefined, undefined, undefined],
    ]);
  });

  it('does not move while the client has not resumed: events of a subscription by the server come too early', () => {
    const cursor = new StreamCursor(['a'], 'e-5');
    cursor.follow(subscribed('a', 'e-9')); // by the server
    expect(cursor.takeBatch(batch('a', 10))).toBe('block');
    expect([cursor.takeChange(), cursor.takeStart('a')]).toEqual([null, 'e-5']);
    cursor.follow(subscribed('a', 'e-10'));
    expect(cursor.takeChange()).toBe('e-10');
    expect(cursor.takeBatch(batch('a', 11))).toBe('identified');
  });

  it.each(['nonsense', 'a', 'a=', 'a=e', '=e-1', 'a=e-1,', 'a=e-1;b=e-2', 'a=e-12345678901234567', 'a=e-1\nb=e-2', ''])(
    'that is %j resumes each channel at a position that is not kept',
    (received) => {
      const cursor = new StreamCursor(['a', 'b:*'], received);
      expect(['a', 'b:x', 'other'].map((channel) => cursor.takeStart(channel))).toEqual(['0-0', '0-0', undefined]);
      expect(['a', 'b:x'].map((channel) => cursor.takeStart(channel))).toEqual([undefined, undefined]);
    },
  );

  it.each(['a', 'a:*'])('that cannot be read does not move before %s has resumed', (named) => {
    const channel = named.replace('*', '1');
    const cursor = new StreamCursor([named], 'nonsense');
    cursor.follow(subscribed(channel, 'e-9')); // by the server
    cursor.followEvent(channel, frame(10));
    expect([cursor.takeChange(), cursor.takeStart(channel)]).toEqual([null, '0-0']);
  });

  it('that cannot be read keeps a channel unknown until it has resumed', () => {
    const cursor = new StreamCursor(['a', 'b'], 'nonsense');
    cursor.takeStart('a');
    cursor.follow(subscribed('a', 'e-3'));
    expect(cursor.takeChange()).toBe('a=e-3,b=0-0');
  });

  it('is not readable for several channels if it is the position of one', () => {
    expect(new StreamCursor(['a', 'b'], 'e-5').takeStart('a')).toBe('0-0');
  });

  it('that cannot be read is replaced by the position after the resume', () => {
    const cursor = new StreamCursor(['a'], 'nonsense');
    cursor.takeStart('a');
    cursor.follow(subscribed('a', 'e-3'));
    expect(cursor.takeChange()).toBe('e-3');
  });
});

describe('the size of a cursor', () => {
  it('covers the largest positions of its channels', () => {
    const channels = ['a', 'b'.repeat(64)];
    const largest = `${'f'.repeat(12)}-${Number.MAX_SAFE_INTEGER}`;
    const cursor = new StreamCursor(channels, null);
    for (const channel of channels) cursor.follow(subscribed(channel, largest));
    const sent = cursor.takeChange()!;
    expect(cursorBytes(channels)).toBeGreaterThanOrEqual(sent.length);
    expect(cursorBytes(channels) - sent.length).toBeLessThan(10);
  });
});
