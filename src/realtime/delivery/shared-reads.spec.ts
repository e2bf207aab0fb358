import type { Position } from '../../protocol/index.js';
import type { HistoryPage, ReadLimits, ReadResult } from '../broker/broker.js';
import type { ChannelStream } from './channel-stream.js';
import { SharedReads } from './shared-reads.js';

const LIMITS = { maxEvents: 10, maxBytes: 1_000 };
const AT: Position = { epoch: 'a', offset: 1 };

describe('SharedReads', () => {
  let answers: { resolve(result: ReadResult): void; reject(error: Error): void }[];
  let reads: SharedReads;
  /** Sizes of the pages that were read. */
  let pages: number[];

  beforeEach(() => {
    answers = [];
    const read = () => new Promise<ReadResult>((resolve, reject) => void answers.push({ resolve, reject }));
    const page = async (_topic: string, _before: unknown, { maxEvents }: ReadLimits): Promise<HistoryPage> => {
      pages.push(maxEvents);
      return {
        events: [{ position: { epoch: 'a', offset: 3 }, body: '' }],
        top: { epoch: 'a', offset: 3 },
        more: true,
      };
    };
    pages = [];
    reads = new SharedReads({ read, page }, LIMITS);
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

  it('reads the last events once for all clients that want the same number at the same time', async () => {
    const same = Promise.all([reads.last(stream('a'), 5), reads.last(stream('a'), 5)]);
    await Promise.all([same, reads.last(stream('a'), 6), reads.last(stream('b'), 5)]);
    expect(pages).toEqual([5, 6, 5]);
    const { frames, from, top } = await reads.last(stream('a'), 5);
    expect(pages).toHaveLength(4);
    expect([frames.length, from.offset, top.offset]).toEqual([1, 2, 3]);
  });
});
