import { StreamEndedError } from '../../realtime/index.js';
import type { Deployment, OpenStatus } from './deployment.js';
import { runDeployment, type LogWriter, type RunHost, type RunOptions } from './run-deployment.js';

const CHANNEL = 'deployments:4f2a91c0:log';

/** A log in memory. */
class FakeLog implements LogWriter {
  readonly channel = CHANNEL;
  readonly lines: string[] = [];
  ended: unknown = null;
  private readonly controller = new AbortController();

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  /** Ends it from outside, with the reason of a `StreamEndedError`. */
  lose(reason: string): void {
    this.ended ??= reason;
    const state = reason === 'cancelled' ? 'cancelled' : 'failed';
    this.controller.abort(new StreamEndedError(CHANNEL, state, reason));
  }

  async write(line: string): Promise<void> {
    if (this.signal.aborted) throw this.signal.reason;
    this.lines.push(line);
  }

  async flush(): Promise<void> {
    if (this.signal.aborted) throw this.signal.reason;
  }

  async end(result?: unknown) {
    if (this.ended === 'cancelled') return 'cancelled' as const;
    if (this.ended !== null) return 'failed' as const;
    this.ended = result;
    return 'done' as const;
  }

  async fail(reason: string) {
    this.ended ??= reason;
    return 'failed' as const;
  }
}

describe('the run of a deployment', () => {
  const deployment: Deployment = {
    ...{ id: '4f2a91c0', appId: 'a', appName: 'shop', status: 'started', reason: null },
    ...{ startedBy: 'u1', startedAt: new Date(), endedAt: null },
  };
  let log: FakeLog;
  let stopping: AbortController;
  let stored: (string | null)[];
  /** Called with each status that is stored. */
  let onAdvance: (status: OpenStatus) => void;
  let host: RunHost;

  beforeEach(() => {
    log = new FakeLog();
    stopping = new AbortController();
    stored = [];
    onAdvance = () => undefined;
    host = {
      ...{ stepMs: 0, stopping: stopping.signal },
      cancelLog: async () => log.lose('cancelled'),
      store: {
        advance: async (_id, status) => {
          onAdvance(status);
          return { ...deployment, status };
        },
        end: async (_id, reason) => {
          stored.push(reason);
          return null;
        },
      },
    };
  });

  async function run(options: Partial<RunOptions> = {}, from = deployment): Promise<string[]> {
    const statuses: string[] = [];
    for await (const { status } of runDeployment(host, from, log, { fail: false, ...options })) statuses.push(status);
    return statuses;
  }

  it('writes a log, and ends with the exit code 0', async () => {
    expect(await run()).toEqual(['started', 'building', 'deploying']);
    expect(log.lines[0]).toBe('Deploying shop at 4f2a91c\n');
    expect(log.lines.at(-1)).toBe('✓ shop is running\n');
    expect([log.lines.length, log.ended, stored]).toEqual([13, { exitCode: 0 }, [null]]);
  });

  it('ends with the exit code 1 if the new version does not work', async () => {
    await run({ fail: true });
    expect(log.lines.at(-1)).toBe('✗ The health check of the new version did not answer\n');
    expect([log.ended, stored]).toEqual([{ exitCode: 1 }, ['The health check of the new version did not answer']]);
  });

  it('continues after the last step', async () => {
    expect(await run({ isContinued: true }, { ...deployment, status: 'deploying' })).toEqual(['deploying']);
    expect(log.lines.slice(0, 2)).toEqual([
      '⟳ The server that ran this deployment was stopped. Another one continues.\n',
      'Starting 2 replicas\n',
    ]);
    expect([log.ended, stored]).toEqual([{ exitCode: 0 }, [null]]);
  });

  it('stops when the log is cancelled', async () => {
    onAdvance = () => log.lose('cancelled');
    expect(await run()).toEqual(['started', 'building']);
    expect([log.ended, stored]).toEqual(['cancelled', ['Cancelled']]);
  });

  it('cancels the log when the caller cancels', async () => {
    const caller = new AbortController();
    onAdvance = () => caller.abort();
    await run({ cancelled: caller.signal });
    expect([log.ended, stored]).toEqual(['cancelled', ['Cancelled']]);
  });

  it('cancels the log when the iteration stops early', async () => {
    for await (const _ of runDeployment(host, deployment, log, { fail: false })) break;
    expect([log.ended, stored]).toEqual(['cancelled', ['Cancelled']]);
  });

  it('is cancelled if the log is cancelled in the last moment', async () => {
    log.end = async () => {
      log.lose('cancelled');
      return 'cancelled';
    };
    await run();
    expect(stored).toEqual(['Cancelled']);
  });

  it('leaves the log to the shutdown of the instance', async () => {
    onAdvance = () => stopping.abort();
    await run();
    expect(log.lines.at(-1)).toBe('✗ The server that ran the deployment was stopped\n');
    expect([log.ended, stored]).toEqual([null, ['The server that ran the deployment was stopped']]);
  });

  it('leaves the deployment to the instance that has taken over its log', async () => {
    onAdvance = () => log.lose('fenced');
    await run();
    expect(stored).toEqual([]);
  });

  it('fails if the log is lost', async () => {
    onAdvance = () => log.lose('lost');
    await run();
    expect(stored).toEqual(['The log of the deployment was lost']);
  });

  it('ends the log, and stores nothing, if the deployment was ended elsewhere or cannot be stored', async () => {
    host = { ...host, store: { ...host.store, advance: async () => null } };
    await run();
    expect([log.ended, stored]).toEqual(['The deployment could not be continued', []]);
    log = new FakeLog();
    host = { ...host, store: { ...host.store, advance: () => Promise.reject(new Error('the database is down')) } };
    await expect(run()).rejects.toThrow('the database is down');
    expect([log.ended, stored]).toEqual(['The deployment could not be continued', []]);
  });
});
