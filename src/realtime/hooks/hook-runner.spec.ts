import { Logger } from '@nestjs/common';
import { Counters } from '../observability/counters.js';
import { currentTenant } from '../tenants/current-tenant.js';
import type { FoundHook } from './find-hooks.js';
import { HookRunner } from './hook-runner.js';

const CLIENT = { connectionId: 'c', user: null, tenant: null };
const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

describe('calling hooks', () => {
  let counters: Counters;
  let calls: unknown[];

  beforeAll(() => Logger.overrideLogger(false));
  afterAll(() => Logger.overrideLogger(true));
  beforeEach(() => {
    counters = new Counters();
    calls = [];
  });

  const hook = (call: FoundHook['call'], event: FoundHook['event'] = 'connected'): FoundHook => ({
    ...{ event, name: 'Some.method', call },
    accepts: (channel) => channel === 'mine',
  });
  const runnerOf = (...hooks: FoundHook[]): HookRunner => new HookRunner(hooks, counters, 20);
  const outcomes = (): object => Object.fromEntries([...counters.hookCalls].filter(([, count]) => count > 0));

  it('calls them after the running work, in order', async () => {
    const runner = runnerOf(hook((payload) => calls.push(payload)));
    runner.later('connected', { ...CLIENT, connectionId: 'a' });
    runner.later('connected', { ...CLIENT, connectionId: 'b' });
    expect(calls).toEqual([]);
    await turn();
    expect(calls).toEqual([
      { ...CLIENT, connectionId: 'a' },
      { ...CLIENT, connectionId: 'b' },
    ]);
    expect(outcomes()).toEqual({ succeeded: 2 });
  });

  it('calls only those of the event and the channel', async () => {
    const runner = runnerOf(
      hook(() => calls.push('occupied'), 'occupied'),
      hook(() => calls.push('vacated'), 'vacated'),
    );
    await runner.now('occupied', { channel: 'other', tenant: null, sequence: 1 });
    await runner.now('vacated', { channel: 'mine', tenant: null, sequence: 1 });
    expect(calls).toEqual(['vacated']);
    expect([runner.has('occupied'), runner.has('online'), runner.hasFor('other', 'occupied', 'vacated')]).toEqual([
      ...[true, false, false],
    ]);
  });

  it('continues after hooks that throw, reject or hang', async () => {
    const runner = runnerOf(
      hook(() => {
        throw new Error('sync');
      }),
      hook(() => Promise.reject(new Error('async'))),
      hook(() => new Promise(() => undefined)),
      hook(() => calls.push('last')),
    );
    await runner.now('connected', CLIENT);
    expect([calls, outcomes()]).toEqual([['last'], { threw: 2, timed_out: 1, succeeded: 1 }]);
  });

  it('runs them in the tenant of the payload', async () => {
    const runner = runnerOf(hook(() => calls.push(currentTenant())));
    await runner.now('connected', { ...CLIENT, tenant: 'acme' });
    expect(calls).toEqual(['acme']);
  });

  it('bounds the calls that run and wait, and drops further ones about clients', async () => {
    let end: () => void = () => undefined;
    const running = new Promise<void>((resolve) => (end = resolve));
    const runner = new HookRunner([hook(() => (calls.push(0), running))], counters);
    for (let count = 0; count < 10_001; count += 1) runner.later('connected', CLIENT);
    expect(outcomes()).toEqual({ dropped: 1 });
    for (let count = 0; count < 50; count += 1) await turn();
    expect(calls).toHaveLength(100);
    end();
    while (calls.length < 10_000) await turn();
    await turn();
    expect(outcomes()).toEqual({ dropped: 1, succeeded: 10_000 });
  });

  it('starts a waiting call as soon as a running one ends', async () => {
    const ends: (() => void)[] = [];
    const runner = new HookRunner([hook(() => new Promise<void>((resolve) => void ends.push(resolve)))], counters);
    for (let count = 0; count < 103; count += 1) runner.later('connected', CLIENT);
    for (const [ended, started] of [100, 101, 102, 103].entries()) {
      while (ends.length < started) await turn();
      await turn();
      expect(ends).toHaveLength(started);
      ends[ended]!();
    }
  });

  it('yields to the event loop during long calls', async () => {
    const runner = runnerOf(
      hook(() => {
        const end = performance.now() + 6;
        while (performance.now() < end);
        calls.push('call');
      }),
    );
    for (let count = 0; count < 3; count += 1) runner.later('connected', CLIENT);
    for (let before = 0; before < 3; before = calls.length) {
      await turn();
      expect(calls.length - before).toBeLessThan(2);
    }
  });
});
