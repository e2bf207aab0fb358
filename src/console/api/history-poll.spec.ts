import { jest } from '@jest/globals';
import { ApiError } from './api.js';
import { EVERY_MS, HistoryPoll, type Polled } from './history-poll.js';

/** The API, which answers when the test says so. */
class SlowApi {
  readonly asked: string[] = [];
  private readonly waiting: ((answer: unknown) => void)[] = [];

  get<T>(path: string, _query: object = {}, signal?: AbortSignal): Promise<T> {
    this.asked.push(path);
    return new Promise((resolve, reject) => {
      this.waiting.push((answer) => (answer instanceof Error ? reject(answer) : resolve(answer as T)));
      signal?.addEventListener('abort', () => reject(new Error('aborted')));
    });
  }

  async answer(answer: unknown): Promise<void> {
    this.waiting.shift()?.(answer);
    for (let turn = 0; turn < 5; turn += 1) await Promise.resolve();
  }
}

const STATS = { instances: [], unanswered: [] };
const PAST = { instances: [], unanswered: [] };

describe('the poll of the metrics', () => {
  let api: SlowApi;
  let isHidden: boolean;
  let shown: Polled[];
  let poll: HistoryPoll;

  beforeEach(() => {
    jest.useFakeTimers();
    api = new SlowApi();
    isHidden = false;
    shown = [];
    poll = new HistoryPoll(
      api,
      () => isHidden,
      (polled) => shown.push(polled),
    );
  });
  afterEach(() => {
    poll.stop();
    jest.useRealTimers();
  });

  it('loads the past once, and then the metrics every second', async () => {
    poll.poll();
    await api.answer(STATS);
    await api.answer(PAST);
    jest.advanceTimersByTime(EVERY_MS - 1);
    expect(api.asked).toEqual(['stats', 'stats/history']);
    jest.advanceTimersByTime(1);
    await api.answer(STATS);
    jest.advanceTimersByTime(EVERY_MS);
    expect(api.asked).toEqual(['stats', 'stats/history', 'stats', 'stats']);
    expect(shown.at(-1)?.history.snapshots).toHaveLength(2);
  });

  it('does not start a request while one runs', async () => {
    poll.poll();
    poll.poll();
    jest.advanceTimersByTime(10 * EVERY_MS);
    expect(api.asked).toEqual(['stats']);
  });

  it('reports a failure, keeps what it has, and loads the past with the next success', async () => {
    poll.poll();
    await api.answer(STATS);
    await api.answer(new ApiError(503, 'Not now'));
    expect([shown.at(-1)?.problem, shown.at(-1)?.history.snapshots.length]).toEqual(['Not now', 1]);
    jest.advanceTimersByTime(EVERY_MS);
    await api.answer(STATS);
    await api.answer(PAST);
    expect(api.asked).toEqual(['stats', 'stats/history', 'stats', 'stats/history']);
    expect(shown.at(-1)?.problem).toBeNull();
  });

  it('asks for nothing while the page is hidden, and at once when it is shown', async () => {
    poll.poll();
    await api.answer(STATS);
    await api.answer(PAST);
    isHidden = true;
    poll.poll();
    jest.advanceTimersByTime(10 * EVERY_MS);
    expect(api.asked).toHaveLength(2);
    isHidden = false;
    poll.poll();
    expect(api.asked).toHaveLength(3);
  });

  it('shows nothing and asks for nothing after it was stopped', async () => {
    poll.poll();
    poll.stop();
    await api.answer(STATS);
    poll.poll();
    jest.advanceTimersByTime(10 * EVERY_MS);
    expect([api.asked, shown]).toEqual([['stats'], []]);
  });
});
