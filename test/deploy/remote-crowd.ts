import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import type { Crowd, Outcome } from './crowd.js';

/** A call of a method of the crowd in the other process. */
export interface Call {
  readonly id: number;
  readonly method: keyof Crowd;
  readonly argument: number;
}

export interface Answer {
  readonly id: number;
  readonly result?: unknown;
  readonly problem?: string;
}

/** Clients in another process, so that the clients of a large crowd do not wait for each other. */
export class RemoteCrowd implements Crowd {
  private readonly process: ChildProcess;
  private readonly waiting = new Map<number, { done: (result: unknown) => void; failed: (error: Error) => void }>();
  private calls = 0;

  constructor(url: string, name: string, count: number, patienceMs: number) {
    this.process = fork(resolve('test/deploy/crowd-process.ts'), [url, name, String(count), String(patienceMs)], {
      execArgv: ['--import', 'tsx'],
    });
    this.process.on('message', ({ id, result, problem }: Answer) => {
      const call = this.waiting.get(id);
      this.waiting.delete(id);
      if (problem === undefined) call?.done(result);
      else call?.failed(new Error(problem));
    });
    this.process.once('exit', (code) => {
      for (const { failed } of this.waiting.values()) failed(new Error(`the crowd ${name} ended with ${code}`));
    });
  }

  connect(): Promise<void> {
    return this.call('connect');
  }

  ready(): Promise<void> {
    return this.call('ready');
  }

  downtimesSince(since: number): Promise<readonly number[]> {
    return this.call('downtimesSince', since);
  }

  outcome(published: number): Promise<Outcome> {
    return this.call('outcome', published);
  }

  async close(): Promise<void> {
    if (this.process.exitCode !== null) return;
    this.process.kill('SIGKILL');
    await once(this.process, 'exit');
  }

  private call<T>(method: keyof Crowd, argument = 0): Promise<T> {
    const id = (this.calls += 1);
    return new Promise<T>((done, failed) => {
      this.waiting.set(id, { done: done as (result: unknown) => void, failed });
      this.process.send({ id, method, argument } satisfies Call);
    });
  }
}
