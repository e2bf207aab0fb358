import { jest } from '@jest/globals';
import { LogLimiter } from './log-limiter.js';

describe('LogLimiter', () => {
  let lines: string[];
  let log: LogLimiter;
  const write = (line: unknown): void => void lines.push(String(line));

  beforeEach(() => {
    jest.useFakeTimers({ now: 0 });
    lines = [];
    log = new LogLimiter({ log: write, warn: write, error: write, debug: write });
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  it('logs one line of a kind in ten seconds, and the next line has the number of suppressed ones', () => {
    for (let n = 1; n <= 4; n += 1) log.warn('bad frames', `Bad frame ${n}`);
    expect(lines).toEqual(['Bad frame 1']);
    jest.advanceTimersByTime(9_999);
    log.warn('bad frames', 'Bad frame 5');
    expect(lines).toEqual(['Bad frame 1']);
    jest.advanceTimersByTime(1);
    log.warn('bad frames', 'Bad frame 6');
    expect(lines).toEqual(['Bad frame 1', 'Bad frame 6 (and 4 more before this)']);
    jest.advanceTimersByTime(10_000);
    log.warn('bad frames', 'Bad frame 7');
    expect(lines.at(-1)).toBe('Bad frame 7');
  });

  it('limits each kind separately, on every level', () => {
    log.log('one', 'first');
    log.error('two', 'second', new Error('why'));
    log.debug('three', 'third');
    expect(lines).toEqual(['first', 'second', 'third']);
  });

  it('does not build a line that is not logged', () => {
    const sentence = jest.fn(() => 'made');
    log.warn('kind', sentence);
    log.warn('kind', sentence);
    expect(sentence).toHaveBeenCalledTimes(1);
  });

  it('remembers a limited number of kinds', () => {
    for (let kind = 0; kind < 1_001; kind += 1) log.warn(`kind ${kind}`, 'line');
    expect(lines).toHaveLength(1_001);
    log.warn('kind 0', 'forgotten, so it is logged again');
    expect(lines).toHaveLength(1_002);
    log.warn('kind 1000', 'remembered');
    expect(lines).toHaveLength(1_002);
  });
});
