import { Counters } from '../observability/counters.js';
import { StreamActivity } from './stream-activity.js';

describe('the activity of streams', () => {
  it('is counted by pattern, and in total', () => {
    const counters = new Counters();
    const activity = new StreamActivity(counters, ['logs:{id}', 'chats:{id}']);
    expect([...counters.streamBytes]).toEqual([
      ['logs:{id}', 0],
      ['chats:{id}', 0],
    ]);
    activity.appended('logs:{id}', 5);
    activity.appended('logs:{id}', 7);
    activity.ended('logs:{id}', 'done');
    activity.ended('chats:{id}', 'cancelled');
    expect([counters.streamAppends, Object.fromEntries(counters.streamsEnded)]).toEqual([
      2,
      { done: 1, failed: 0, cancelled: 1 },
    ]);
    const ended = (counts: readonly number[]) =>
      ['done', 'failed', 'cancelled'].map((label, index) => ({ label, count: counts[index] }));
    expect([[...activity.patterns], activity.report()]).toEqual([
      ['logs:{id}', 'chats:{id}'],
      [
        { pattern: 'logs:{id}', bytes: 12, ended: ended([1, 0, 0]) },
        { pattern: 'chats:{id}', bytes: 0, ended: ended([0, 0, 1]) },
      ],
    ]);
  });

  it('measures how long it takes to cancel a stream', async () => {
    const counters = new Counters();
    const measured: unknown[] = [];
    Object.assign(counters, {
      measurements: { streamCancelled: (outcome: string, seconds: number) => measured.push(outcome, seconds >= 0) },
    });
    const activity = new StreamActivity(counters, []);
    expect(await activity.cancelling(() => Promise.resolve('not_found'))).toBe('not_found');
    expect(measured).toEqual(['not_found', true]);
  });
});
