import { jest } from '@jest/globals';
import { Advances } from './advances.js';

const INTERVAL_MS = 15_000;

describe('Advances', () => {
  let advanced: string[];
  let answer: () => void;
  let advances: Advances;

  beforeEach(() => {
    jest.useFakeTimers();
    advanced = [];
    advances = new Advances((topic) => {
      advanced.push(topic);
      return new Promise((resolve) => (answer = resolve));
    });
  });
  afterEach(() => {
    advances.close();
    jest.useRealTimers();
  });

  it('stores a state at once after many events', () => {
    advances.onEvent('a', false);
    expect(advanced).toEqual([]);
    advances.onEvent('a', true);
    expect(advanced).toEqual(['a']);
  });

  it('stores a changed state after some time, once', async () => {
    advances.onEvent('a', false);
    advances.onEvent('a', false);
    await jest.advanceTimersByTimeAsync(INTERVAL_MS);
    answer();
    await jest.advanceTimersByTimeAsync(INTERVAL_MS);
    expect(advanced).toEqual(['a']);
  });

  it('does not store a state that is being stored, and stores its later events afterwards', async () => {
    advances.onEvent('a', true);
    advances.onEvent('a', true);
    advances.onEvent('b', true);
    expect(advanced).toEqual(['a', 'b']);
    await jest.advanceTimersByTimeAsync(INTERVAL_MS);
    expect(advanced).toEqual(['a', 'b']);
    advances.close();
  });

  it('stores what changed meanwhile with the next interval', async () => {
    advances.onEvent('a', true);
    advances.onEvent('a', false);
    answer();
    await jest.advanceTimersByTimeAsync(INTERVAL_MS);
    expect(advanced).toEqual(['a', 'a']);
  });

  it('continues after a failure', async () => {
    advances.close();
    let fails = true;
    advances = new Advances((topic) => {
      advanced.push(topic);
      return fails ? Promise.reject(new Error('down')) : Promise.resolve();
    });
    advances.onEvent('a', true);
    await jest.advanceTimersByTimeAsync(0);
    fails = false;
    advances.onEvent('a', true);
    expect(advanced).toEqual(['a', 'a']);
  });

  it('stores nothing after it was closed', async () => {
    advances.onEvent('a', false);
    advances.close();
    await jest.advanceTimersByTimeAsync(INTERVAL_MS);
    expect([advanced, jest.getTimerCount()]).toEqual([[], 0]);
  });
});
