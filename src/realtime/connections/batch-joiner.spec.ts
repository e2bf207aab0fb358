import { BatchJoiner } from './batch-joiner.js';
import { EventBatch, EventFrame } from './event-frame.js';

const frame = (text: string): EventFrame => new EventFrame(null, `"data":"${text}"}`);
const bytesOf = ({ frames }: EventBatch): number => frames.reduce((sum, { wire }) => sum + wire.length, 0);

describe('BatchJoiner', () => {
  it('joins batches in order, and counts the deliveries of each', () => {
    const [one, other] = [new EventBatch([frame('1'), frame('2')]), new EventBatch([frame('3')])];
    const joined = new BatchJoiner().join([one, other]);
    expect(joined).toHaveLength(1);
    expect(joined[0]?.wire).toEqual(Buffer.concat([one.wire, other.wire]));
    joined[0]?.countDelivered(3);
    expect([one.delivered, other.delivered]).toEqual([2, 1]);
  });

  it('returns the last result for the same batches, so that their bytes exist once', () => {
    const joiner = new BatchJoiner();
    const [one, other, third] = ['1', '2', '3'].map((text) => new EventBatch([frame(text)])) as [
      EventBatch,
      EventBatch,
      EventBatch,
    ];
    const joined = joiner.join([one, other]);
    expect(joiner.join([one, other])).toBe(joined);
    expect(joiner.join([one, third])[0]?.frames).toHaveLength(2);
    expect(joiner.join([one, third])).not.toBe(joined);
    expect(joiner.join([one, third, other])[0]?.frames).toHaveLength(3);
    expect(joiner.join([one])[0]?.frames).toHaveLength(1);
  });

  it('joins up to 64 KB, and leaves more as it is', () => {
    const small = new EventBatch([frame('x')]);
    const rest = 65_536 - bytesOf(small);
    const large = (bytes: number): EventBatch => {
      const batch = new EventBatch([frame('x'.repeat(bytes - 31))]);
      return new EventBatch([frame('x'.repeat(bytes - 31 + bytes - bytesOf(batch)))]);
    };
    const fitting = [small, large(rest)];
    expect(fitting.reduce((sum, batch) => sum + bytesOf(batch), 0)).toBe(65_536);
    expect(new BatchJoiner().join(fitting)).toHaveLength(1);
    const tooLarge = [small, large(rest + 1)];
    expect(new BatchJoiner().join(tooLarge)).toBe(tooLarge);
  });
});
