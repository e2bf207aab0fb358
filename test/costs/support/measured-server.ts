import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { within } from '../../support/within.js';
import type { TestOptions } from '../../realtime/support/realtime-app.js';

/** Resources that the server process has used so far. */
export interface Sample {
  /** CPU time before and after taking this sample, in microseconds. */
  readonly usedUntilNow: number;
  readonly usedAfter: number;
  /** Memory that is reachable, in bytes. */
  readonly held: number;
  /** Handshakes by outcome, and frames by type. */
  readonly handshakes: Readonly<Record<string, number>>;
  readonly frames: Readonly<Record<string, number>>;
}

interface Started {
  readonly ports: Readonly<Record<string, number>>;
  readonly routes: readonly string[];
}

/** The built module in a dedicated process, once for each set of options. */
export class MeasuredServer {
  private constructor(
    private readonly child: ChildProcess,
    /** Name of an application → its port. */
    readonly ports: Started['ports'],
    /** The REST routes of the application `main`. */
    readonly routes: Started['routes'],
  ) {}

  static async start(apps: Readonly<Record<string, TestOptions>>): Promise<MeasuredServer> {
    if (!existsSync('dist/realtime/index.js')) throw new Error('dist is missing: run "npm run build" first');
    const script = resolve('test/costs/support/serve-measured.mjs');
    const child = fork(script, [JSON.stringify(apps)], {
      execArgv: ['--no-flush-bytecode', '--expose-gc', '--single-threaded-gc'],
    });
    const { ports, routes } = await next<Started>(child);
    return new MeasuredServer(child, ports, routes);
  }

  /** Waits until at most `open` client sockets are left, then collects garbage and measures. */
  sample(open: number): Promise<Sample> {
    return within(30_000, `only ${open} sockets`, this.ask<Sample>({ question: 'sample', open }));
  }

  /** Blocks the event loop of the server for this time. Resolves afterwards. */
  async block(ms: number): Promise<void> {
    await this.ask({ question: 'block', ms });
  }

  async stop(): Promise<void> {
    if (!this.child.connected) return;
    const gone = once(this.child, 'exit');
    this.child.disconnect();
    await gone;
  }

  private ask<T>(question: object): Promise<T> {
    const answer = next<T>(this.child);
    this.child.send(question);
    return answer;
  }
}

/** Resolves with the next message of the child. Rejects if the child ends without one. */
function next<T>(child: ChildProcess): Promise<T> {
  return new Promise((settle, reject) => {
    const ended = (): void => reject(new Error('The process of the server has ended'));
    child.once('exit', ended);
    child.once('message', (message) => {
      child.off('exit', ended);
      settle(message as T);
    });
  });
}
