import { jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { recordLog } from '../../../test/support/log-lines.js';
import { MemoryCallStore } from '../backends/memory/memory.call-store.js';
import { CommandLimitOptions } from '../options/command-options.js';
import { CallJournal } from './call-journal.js';
import { encodeOutcome, type CallOutcome } from './call-outcome.js';
import type { CallState } from './call-store.js';
import { RunningCall } from './running-call.js';

const KEY = { tenant: null, owner: 'ann', id: '1' };
const ORIGIN = { caller: null, connectionId: 'c1', address: '::1', countedAs: '::1', isSubscribed: () => false };

/** A store that answers as a test wants. */
class ScriptedStore extends MemoryCallStore {
  state: CallState | Error | null = null;
  finished: boolean | Error | null = null;
  renewed: boolean | Error = true;
  renewals = 0;

  override async begin(...args: Parameters<MemoryCallStore['begin']>): Promise<CallState> {
    if (this.state instanceof Error) throw this.state;
    return this.state ?? super.begin(...args);
  }

  override async finish(...args: Parameters<MemoryCallStore['finish']>): Promise<boolean> {
    if (this.finished instanceof Error) throw this.finished;
    return this.finished ?? super.finish(...args);
  }

  override async renew(): Promise<boolean> {
    this.renewals += 1;
    if (this.renewed instanceof Error) throw this.renewed;
    return this.renewed;
  }
}

describe('CallJournal', () => {
  let store: ScriptedStore;
  let journal: CallJournal;
  let runs: number;
  let handle: (call: RunningCall) => void;
  const options = Object.assign(new CommandLimitOptions(), { leaseMs: 3_000 });

  /** Runs a call. Returns its outcome as a client sees it. */
  const run = async (): Promise<{ code: string | undefined; call: RunningCall }> => {
    const call = new RunningCall('1', 'rename', ORIGIN, 'ann', '1 ann', null, () => null);
    const outcome = new Promise<CallOutcome>((end) => call.join({ end, progress: () => undefined }));
    await journal.run(call, KEY, () => {
      runs += 1;
      handle(call);
    });
    const { json, error } = await outcome;
    return { code: error?.code ?? json, call };
  };

  /** Runs a call until a test ends it. */
  const holdCall = async (): Promise<RunningCall> => {
    let call: RunningCall | null = null;
    handle = (running) => (call = running);
    void run();
    while (call === null) await Promise.resolve();
    return call;
  };

  beforeEach(() => {
    runs = 0;
    handle = (call) => call.decide({ json: '"data":1' });
    store = new ScriptedStore();
    journal = new CallJournal(store, options);
  });
  afterEach(() => {
    journal.close();
    jest.useRealTimers();
    Logger.overrideLogger(true);
  });

  it.each<[string, CallState, string, boolean]>([
    ['runs elsewhere', { state: 'running' }, 'in_progress', true],
    ['cannot be kept', { state: 'full' }, 'rate_limited', false],
    ['was interrupted', { state: 'ended', outcome: null }, 'interrupted', true],
    ['has an outcome that cannot be read', { state: 'ended', outcome: '{}' }, 'interrupted', true],
    ['has ended', { state: 'ended', outcome: encodeOutcome({ json: '"data":7' }, 'rename') }, '"data":7', true],
  ])('never runs a call that %s', async (_what, state, expected, isRepetition) => {
    store.state = state;
    const { code, call } = await run();
    expect([code, call.isRepetition, runs]).toEqual([expected, isRepetition, 0]);
  });

  it('refuses a call as unavailable while the store does not answer, without running it', async () => {
    const lines = recordLog();
    store.state = new Error('down');
    expect((await run()).code).toBe('unavailable');
    expect([lines.length, runs]).toEqual([1, 0]);
  });

  it('answers although the outcome could not be stored', async () => {
    const lines = recordLog();
    store.finished = new Error('down');
    expect((await run()).code).toBe('"data":1');
    expect(lines.join()).toContain('The outcome of a call could not be stored');
  });

  it('answers interrupted if the call has ended elsewhere with an unknown outcome', async () => {
    store.finished = false;
    expect((await run()).code).toBe('interrupted');
  });

  it('renews the leases of running calls three times in their time, and stops afterwards', async () => {
    jest.useFakeTimers();
    const call = await holdCall();
    await jest.advanceTimersByTimeAsync(999);
    expect(store.renewals).toBe(0);
    await jest.advanceTimersByTimeAsync(2_001);
    expect(store.renewals).toBe(3);
    call.decide({ json: '"data":1' });
    await jest.advanceTimersByTimeAsync(1_000);
    expect([store.renewals, jest.getTimerCount()]).toEqual([3, 0]);
    const again = new RunningCall('2', 'rename', ORIGIN, 'ann', '2 ann', null, () => null);
    await journal.run(again, { ...KEY, id: '2' }, () => undefined);
    await jest.advanceTimersByTimeAsync(1_000);
    expect(store.renewals).toBe(4);
    journal.close();
    expect(jest.getTimerCount()).toBe(0);
  });

  it('interrupts a call whose lease was lost', async () => {
    jest.useFakeTimers();
    const call = await holdCall();
    store.renewed = new Error('down');
    const lines = recordLog();
    await jest.advanceTimersByTimeAsync(1_000);
    expect(call.decided).toBeNull();
    expect(lines.join()).toContain('The lease of a call could not be renewed: Error: down');
    store.renewed = false;
    await jest.advanceTimersByTimeAsync(1_000);
    expect(call.decided?.error?.code).toBe('interrupted');
  });

  it('keeps a call longer than clients repeat it', async () => {
    let now = 0;
    store = new ScriptedStore(() => now);
    journal = new CallJournal(store, options);
    await run();
    now = options.windowMs + 59_999;
    expect((await run()).call.isRepetition).toBe(true);
    now = options.windowMs + 60_000;
    expect((await run()).call.isRepetition).toBe(false);
    expect(runs).toBe(2);
  });
});
