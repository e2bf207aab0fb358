import type { Position } from '../../protocol/index.js';
import type { ReadResult } from '../broker/broker.js';
import type { ChannelStream } from './channel-stream.js';
import { SharedReads } from './shared-reads.js';

const LIMITS = { maxEvents: 10, maxBytes: 1_000 };
const AT: Position = { epoch: 'a', offset: 1 };

describe('SharedReads', () => {
  let answers: { resolve(result: ReadResult): void; reject(error: Error): void }[];
  let reads: SharedReads;

  beforeEach(() => {
    answers = [];
    const read = () => new Promise<ReadResult>((resolve, reject) => void answers.push({ resolve, reject }));
    reads = new SharedReads({ read }, LIMITS);
  });

  const stream = (topic: string): ChannelStream =>
    ({
      ...{ topic, fields: null, position: { epoch: 'a', offset: 3 } },
      ...{ recentAfter: () => null, isDisplaced: () => false },
    }) as unknown as ChannelStream;
  const answer = (offset: number): ReadResult => ({ ok: true, events: [], top: { epoch: 'a', offset } });

  it('reads once from the broker for all clients at the same position of a channel', async () => {
    const both = Promise.all([reads.after(stream('a'), AT), reads.after(stream('a'), AT)]);
    void reads.after(stream('a'), { epoch: 'a', offset: 2 });
    void reads.after(stream('b'), AT);
    expect(answers).toHaveLength(3);
    answers.at(0)!.resolve(answer(3));
    expect(await both).toEqual([expect.objectContaining({ ok: true }), expect.objectContaining({ ok: true })]);
  });

  it('reads again after a read completed: a later client may have missed more', async () => {
    const first = reads.after(stream('a'), AT);
    answers.at(0)!.resolve(answer(3));
    await first;
    const second = reads.after(stream('a'), AT);
    answers.at(1)!.resolve(answer(4));
    expect((await second).top.offset).toBe(4);
  });

  it('reads again after a failed read', async () => {
    const first = reads.after(stream('a'), AT);
    answers.at(0)!.reject(new Error('no answer'));
    await expect(first).rejects.toThrow('no answer');
    const second = reads.after(stream('a'), AT);
    answers.at(1)!.resolve(answer(3));
    expect((await second).ok).toBe(true);
  });
});
