import { jest } from '@jest/globals';
import { ConflictException, Logger } from '@nestjs/common';
import { of, throwError } from 'rxjs';
import { recordLog } from '../../../test/support/log-lines.js';
import { principalOf } from '../../../test/support/offline-connection.js';
import type { Principal } from '../auth/principal.js';
import { MemoryCallStore } from '../backends/memory/memory.call-store.js';
import type { ChannelPolicyService } from '../channels/channel-policy.service.js';
import { ResolvedRealtimeOptions } from '../options/realtime-options.js';
import { currentTenant } from '../tenants/current-tenant.js';
import { RealtimeClock } from '../timing/realtime-clock.js';
import { CallJournal } from './call-journal.js';
import type { CallOutcome } from './call-outcome.js';
import type { CallRecords } from './call-records.js';
import { CallRunner, type LoadedCommand } from './call-runner.js';
import { CommandOutput } from './command-output.js';
import type { CommandOptions } from './decorators.js';
import type { CallOrigin, RunningCall } from './running-call.js';

type Handle = (call: RunningCall) => unknown;

const ANN = principalOf('ann');

describe('CallRunner', () => {
  let runs: number;
  let recorded: string[];
  let options: ResolvedRealtimeOptions;
  let journal: CallJournal;
  let runner: CallRunner;
  /** Replaces the runner by one with the current options. */
  let start: () => void;
  const commands = new Map<string, LoadedCommand>();

  /** Adds a command. */
  const command = (name: string, handle: Handle, settings: CommandOptions = {}): void => {
    const invoke = (call: RunningCall): unknown => {
      runs += 1;
      return handle(call);
    };
    const output = new CommandOutput(undefined, false, 1_000);
    const validate = (data: unknown): unknown => data;
    commands.set(name, { name, options: settings, invoke, output, validate } as unknown as LoadedCommand);
  };

  const originOf = (caller: Principal | null, connectionId: string | null = 'c1', address = '::1'): CallOrigin => ({
    ...{ caller, connectionId, address, countedAs: address, isSubscribed: () => false },
  });

  /** Sends a call, and returns its outcome: the result, or the code of the refusal. */
  const send = (name: string, { callId = '1', origin = originOf(ANN), data = null, bytes = 1 } = {}) =>
    new Promise<string>((resolve) => {
      const end = ({ json, error }: CallOutcome): void => resolve(error?.code ?? json ?? '');
      runner.start(origin, { name, callId, data, bytes }, { end, progress: () => undefined });
    });

  beforeEach(() => {
    [runs, recorded] = [0, []];
    commands.clear();
    options = new ResolvedRealtimeOptions();
    const records: Pick<CallRecords, 'begin'> = {
      begin: (call) => ({
        span: null,
        end: ({ error }) => recorded.push(`${error?.code ?? 'succeeded'}${call.isRepetition ? ' again' : ''}`),
      }),
    };
    journal = new CallJournal(new MemoryCallStore(), options.commands);
    start = () => {
      const policy = {} as ChannelPolicyService;
      runner = new CallRunner(commands, journal, policy, options, new RealtimeClock(), records as CallRecords);
    };
    start();
  });
  afterEach(() => {
    for (const call of runner.running.values()) call.abort('interrupted');
    journal.close();
    jest.useRealTimers();
    Logger.overrideLogger(true);
  });

  it('refuses what it does not know, and calls that are too large for their command', async () => {
    command('small', () => 1, { maxBytes: 10 });
    command('usual', () => 1);
    await expect(send('toString')).rejects.toMatchObject({ code: 'unknown_command' });
    await expect(send('small', { bytes: 11 })).rejects.toMatchObject({ code: 'too_large' });
    await expect(send('small', { bytes: 10 })).resolves.toBe('"data":1');
    const most = options.maxFrameBytes;
    await expect(send('usual', { callId: '2', bytes: most + 1 })).rejects.toMatchObject({ code: 'too_large' });
    await expect(send('usual', { callId: '3', bytes: most })).resolves.toBe('"data":1');
  });

  it('refuses clients without a user unless the command allows them', async () => {
    command('closed', () => 1);
    command('open', () => 1, { anonymous: true });
    const guest = { ...ANN, guest: 'link' };
    for (const caller of [null, guest]) {
      await expect(send('closed', { origin: originOf(caller) })).rejects.toMatchObject({ code: 'forbidden' });
      await expect(send('open', { origin: originOf(caller) })).resolves.toBe('"data":1');
    }
  });

  it.each<[string, Handle, string]>([
    ['a value', () => ({ a: 1 }), '"data":{"a":1}'],
    ['nothing', () => undefined, '"data":null'],
    ['a promise', async () => 2, '"data":2'],
    ['the last value of an observable', () => of(1, 2, 3), '"data":3'],
    ['an observable in a promise', async () => of(4), '"data":4'],
  ])('answers with %s', async (_what, handle, expected) => {
    command('any', handle);
    expect(await send('any')).toBe(expected);
  });

  it('answers failures with their code, and hides those of the server', async () => {
    const lines = recordLog();
    command('taken', () => Promise.reject(new ConflictException()));
    command('broken', () => {
      throw new Error('secret');
    });
    command('observable', () => throwError(() => new Error('secret')));
    command('large', () => 'x'.repeat(1_000));
    expect(await send('taken')).toBe('conflict');
    expect(lines).toEqual([]);
    expect(await send('broken', { callId: '2' })).toBe('internal');
    expect(lines.join('\n')).toContain('command=broken user=ann');
    expect(await send('observable', { callId: '3' })).toBe('internal');
    expect(await send('large', { callId: '4' })).toBe('too_large');
  });

  describe('runs a call once', () => {
    beforeEach(() => command('count', () => runs));

    it('for the same user and id, also on another connection', async () => {
      expect(await send('count')).toBe('"data":1');
      expect(await send('count', { origin: originOf(ANN, 'c2') })).toBe('"data":1');
      expect(await send('count', { origin: originOf(ANN, null) })).toBe('"data":1');
      expect(await send('count', { callId: '2' })).toBe('"data":2');
      expect(recorded).toEqual(['succeeded', 'succeeded again', 'succeeded again', 'succeeded']);
    });

    it('for each user, and for each tenant in which an administrator acts', async () => {
      const boss = { ...principalOf('boss', { tenant: 'acme' }), homeTenant: null };
      for (const caller of [ANN, principalOf('bob'), boss, { ...boss, tenant: 'globex' }]) {
        await send('count', { origin: originOf(caller) });
      }
      expect(runs).toBe(4);
    });

    it('on the connection of a client without a user, and never over HTTP', async () => {
      command('open', () => runs, { anonymous: true });
      const sendFrom = (connectionId: string | null) => send('open', { origin: originOf(null, connectionId) });
      expect([await sendFrom('c1'), await sendFrom('c1'), await sendFrom('c2')]).toEqual([
        '"data":1',
        '"data":1',
        '"data":2',
      ]);
      expect([await sendFrom(null), await sendFrom(null)]).toEqual(['"data":3', '"data":4']);
    });

    it('unless the command may run again', async () => {
      command('read', () => runs, { once: false });
      expect([await send('read'), await send('read')]).toEqual(['"data":1', '"data":2']);
    });

    it('and not at all if it was cancelled before the store answered', async () => {
      const outcome = send('count');
      [...runner.running.values()][0]!.abort('cancelled');
      expect(await outcome).toBe('cancelled');
      expect(runs).toBe(0);
    });
  });

  describe('joins a repetition to the call that runs', () => {
    let release: () => void;
    let first: Promise<string>;

    beforeEach(() => {
      command('slow', () => new Promise<string>((resolve) => (release = () => resolve('done'))), { once: false });
      first = send('slow');
    });

    it('which answers all of them', async () => {
      const second = send('slow');
      release();
      expect([await first, await second, runs]).toEqual(['"data":"done"', '"data":"done"', 1]);
      expect(runner.running.size).toBe(0);
    });

    it('unless it names another command', async () => {
      command('other', () => 1);
      await expect(send('other')).rejects.toMatchObject({ code: 'conflict' });
      release();
      await first;
    });

    it('up to a limit', async () => {
      const joined = Array.from({ length: options.commands.maxRunning - 1 }, () => send('slow'));
      await expect(send('slow')).rejects.toMatchObject({ code: 'rate_limited' });
      release();
      expect(new Set(await Promise.all([first, ...joined]))).toEqual(new Set(['"data":"done"']));
    });

    it('and frees its place when it ends', async () => {
      for (let count = 0; count < 2 * options.commands.maxRunning; count += 1) {
        const outcome = send('slow', { callId: `s${count}` });
        release();
        expect(await outcome).toBe('"data":"done"');
      }
    });
  });

  it('limits the running calls of a connection, and over HTTP those of an address', async () => {
    options.commands.maxRunning = 1;
    options.commands.maxRunningPerUser = 1;
    command('wait', () => new Promise(() => undefined), { once: false, anonymous: true });
    const begin = (callId: string, connectionId: string | null, address: string): string => {
      try {
        const origin = originOf(null, connectionId, address);
        const request = { name: 'wait', callId, data: null, bytes: 1 };
        runner.start(origin, request, { end: () => undefined, progress: () => undefined });
        return 'begun';
      } catch (error) {
        return (error as { code: string }).code;
      }
    };
    runner = new CallRunner(commands, journal, {} as ChannelPolicyService, options, new RealtimeClock(), {
      begin: () => ({ span: null, end: () => undefined }),
    } as unknown as CallRecords);
    expect([begin('1', 'c1', '::1'), begin('2', 'c1', '::1'), begin('3', 'c2', '::1')]).toEqual([
      'begun',
      'rate_limited',
      'begun',
    ]);
    expect([begin('4', null, '::1'), begin('5', null, '::1'), begin('6', null, '::2')]).toEqual([
      'begun',
      'rate_limited',
      'begun',
    ]);
  });

  it('ends a call after the time limit of its command, and aborts its signal', async () => {
    jest.useFakeTimers();
    let signal: AbortSignal | null = null;
    const wait: Handle = (call) => {
      ({ signal } = call);
      return new Promise(() => undefined);
    };
    command('short', wait, { once: false, timeoutMs: 50 });
    command('usual', wait, { once: false });
    const [short, usual] = [send('short'), send('usual', { callId: '2' })];
    jest.advanceTimersByTime(49);
    expect(runner.running.size).toBe(2);
    jest.advanceTimersByTime(1);
    expect(await short).toBe('timeout');
    jest.advanceTimersByTime(options.commands.timeoutMs - 51);
    expect(runner.running.size).toBe(1);
    expect((signal as AbortSignal | null)?.aborted).toBe(false);
    jest.advanceTimersByTime(1);
    expect(await usual).toBe('timeout');
    expect((signal as AbortSignal | null)?.aborted).toBe(true);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('is silent about work that stops because its call was cancelled', async () => {
    const lines = recordLog();
    let failed: Promise<unknown> = Promise.resolve();
    command('abortable', ({ signal }) => {
      failed = new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)));
      return failed;
    });
    const outcome = send('abortable');
    while (runs === 0) await Promise.resolve();
    [...runner.running.values()][0]!.abort('cancelled');
    expect(await outcome).toBe('cancelled');
    await expect(failed).rejects.toThrow('aborted');
    await new Promise(setImmediate);
    expect(lines).toEqual([]);
  });

  it('runs a handler in the tenant of its caller', async () => {
    command('tenant', () => currentTenant(), { once: false });
    const ofAcme = originOf(principalOf('ann', { tenant: 'acme' }));
    expect(await send('tenant', { origin: ofAcme })).toBe('"data":"acme"');
  });

  it('waits for running calls, up to a time limit', async () => {
    jest.useFakeTimers();
    command('wait', () => new Promise(() => undefined), { once: false });
    await runner.settled(1_000);
    const outcome = send('wait');
    let isOver = false;
    const first = runner.settled(1_000).then(() => (isOver = true));
    await jest.advanceTimersByTimeAsync(999);
    expect(isOver).toBe(false);
    await jest.advanceTimersByTimeAsync(1);
    await first;
    const second = runner.settled(1_000);
    [...runner.running.values()][0]!.abort('interrupted');
    await second;
    expect(await outcome).toBe('interrupted');
  });
});
