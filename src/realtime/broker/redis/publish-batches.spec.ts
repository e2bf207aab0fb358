import { MAX_BATCH_BYTES, MAX_BATCH_EVENTS, PublishBatches } from './publish-batches.js';
import type { Outcome, QueuedEvent } from './publish-queue.js';

describe('PublishBatches', () => {
  let sent: string[][];
  let batches: PublishBatches<string>;

  beforeEach(() => {
    sent = [];
    batches = new PublishBatches(async (entries) => {
      sent.push(entries.map(({ event }) => event));
      return entries.map(({ event }): Outcome => ({ kind: 'refused', why: event }));
    });
  });

  const entry = (event: string, channel = 'a', bytes = 1): QueuedEvent<string> => {
    return { event, channel, bytes, deadline: 0, retry: false };
  };
  const many = (count: number): string[] => Array.from({ length: count }, (_, index) => String(index));

  it('sends what was added to a channel together, in order, and nothing before it is closed', async () => {
    const outcomes = Promise.all(['1', '2', '3'].map((event) => batches.add(entry(event))));
    expect(sent).toEqual([]);
    batches.closeAll();
    expect(sent).toEqual([['1', '2', '3']]);
    expect(await outcomes).toEqual(['1', '2', '3'].map((why) => ({ kind: 'refused', why })));
    batches.closeAll();
    expect(sent).toHaveLength(1);
  });

  it('keeps channels apart', () => {
    for (const [event, channel] of ['1a', '2b', '3a'].map((name) => [name, name.charAt(1)] as const)) {
      void batches.add(entry(event, channel));
    }
    batches.close('b');
    expect(sent).toEqual([['2b']]);
    batches.closeAll();
    expect(sent).toEqual([['2b'], ['1a', '3a']]);
  });

  it('sends a full batch at once', () => {
    for (const event of many(MAX_BATCH_EVENTS + 1)) void batches.add(entry(event));
    expect(sent).toEqual([many(MAX_BATCH_EVENTS)]);
    batches.closeAll();
    expect(sent[1]).toEqual([String(MAX_BATCH_EVENTS)]);
  });

  it('bounds the bytes, and takes one event of any size', () => {
    for (const event of ['1', '2', '3']) void batches.add(entry(event, 'a', MAX_BATCH_BYTES / 2));
    void batches.add(entry('large', 'a', MAX_BATCH_BYTES * 4));
    batches.closeAll();
    expect(sent).toEqual([['1', '2'], ['3'], ['large']]);
  });
});
