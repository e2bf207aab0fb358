import { CLOCK_LEEWAY_MS, QuestionLog } from './question-log.js';

const WINDOW = { size: 2, ttlMs: 60_000 };
const question = (id: string, at = Date.now()): { id: string; at: number; from: string; message: null } => ({
  ...{ id, at, from: 'n', message: null },
});

describe('QuestionLog', () => {
  it('takes each question once, live or from the log', () => {
    const log = new QuestionLog(WINDOW);
    expect([log.take(question('a'), false), log.take(question('a'), true)]).toEqual([true, false]);
    expect([log.take(question('b'), true), log.take(question('b'), false)]).toEqual([true, false]);
  });

  it('skips questions of the log from before this instance started, but takes them live', () => {
    const log = new QuestionLog(WINDOW);
    log.addPast(question('a'));
    expect([log.take(question('a'), true), log.take(question('a'), false)]).toEqual([false, true]);
  });

  it('skips a question that is older than this instance, and refuses one of the future', () => {
    const log = new QuestionLog(WINDOW);
    const now = Date.now();
    expect(log.take(question('old', now - CLOCK_LEEWAY_MS - 1_000), false)).toBe(false);
    expect(() => log.take(question('late', now + CLOCK_LEEWAY_MS + 10_000), false)).toThrow('check the clocks');
  });

  it('remembers at least as many questions as the log keeps', () => {
    const log = new QuestionLog(WINDOW);
    for (const id of ['a', 'b', 'c', 'd']) log.take(question(id), false);
    expect(['a', 'b', 'c', 'd'].map((id) => log.take(question(id), true))).toEqual([false, false, false, false]);
  });
});
