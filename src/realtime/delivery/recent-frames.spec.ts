import { eventBody } from '../../protocol/index.js';
import { EventFrame } from '../connections/event-frame.js';
import { RecentFrames } from './recent-frames.js';

const frameAt = (offset: number, bytes = 1): EventFrame =>
  new EventFrame({ epoch: 'e', offset }, eventBody('c', `"${'x'.repeat(bytes)}"`, '2026-01-01T12:00:00.000Z'));

describe('RecentFrames', () => {
  let recent: RecentFrames;
  beforeEach(() => void (recent = new RecentFrames()));

  const offsetsOf = (count: number, maxBytes = Infinity) =>
    recent.last(count, maxBytes)?.map(({ position }) => position!.offset) ?? null;

  it('returns the last frames, and null if it has fewer', () => {
    expect([recent.averageBytes, offsetsOf(1)]).toEqual([null, null]);
    for (const offset of [1, 2, 3]) recent.keep(frameAt(offset));
    expect([offsetsOf(2), offsetsOf(3), offsetsOf(4)]).toEqual([[2, 3], [1, 2, 3], null]);
  });

  it('returns null if the frames exceed the given bytes', () => {
    const frame = frameAt(1);
    recent.keep(frame);
    const { length } = frame.bytes;
    expect([offsetsOf(1, length), offsetsOf(1, length - 1)]).toEqual([[1], null]);
  });

  it('knows the average size of the frames', () => {
    const frames = [frameAt(1, 10), frameAt(2, 30)];
    for (const frame of frames) recent.keep(frame);
    expect(recent.averageBytes).toBe((frames[0]!.wire.length + frames[1]!.wire.length) / 2);
  });

  it('keeps at most 64 frames, and at most 256 KiB', () => {
    for (let offset = 1; offset <= 65; offset += 1) recent.keep(frameAt(offset));
    expect([offsetsOf(64)?.[0], offsetsOf(65)]).toEqual([2, null]);
    recent.keep(frameAt(66, 200_000));
    recent.keep(frameAt(67, 100_000));
    expect([offsetsOf(1), offsetsOf(2)]).toEqual([[67], null]);
  });

  it('starts over after it was notified to forget', () => {
    recent.keep(frameAt(1, 1_000));
    recent.forget();
    expect([recent.averageBytes, offsetsOf(1)]).toEqual([null, null]);
    const frame = frameAt(2);
    recent.keep(frame);
    expect(recent.averageBytes).toBe(frame.wire.length);
  });
});
