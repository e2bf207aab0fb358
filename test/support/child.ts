import { spawn, type ChildProcess } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { within } from './within.js';

export interface ChildOptions {
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  readonly uid?: number;
  readonly gid?: number;
}

/** How a process ended: with an exit code, or by a signal. */
export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A child process of a test: collects its output and exit status, and cannot outlive the test run. */
export class Child {
  /** Standard output so far. */
  stdout = '';
  /** Standard error so far. */
  stderr = '';
  /** Resolves when the process has ended and all its output is read; never rejects. */
  readonly exited: Promise<Exit>;
  private readonly process: ChildProcess;
  private readonly grew = new EventEmitter();
  private running = true;

  constructor(
    readonly command: string,
    args: readonly string[],
    options: ChildOptions = {},
  ) {
    this.process = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
    this.collect('stdout');
    this.collect('stderr');
    const killWithUs = (): void => this.kill('SIGKILL');
    process.once('exit', killWithUs);
    this.exited = new Promise((resolve) => {
      const end = (exit: Exit): void => {
        if (!this.running) return;
        this.running = false;
        process.off('exit', killWithUs);
        resolve(exit);
      };
      this.process.once('error', (error) => {
        this.stderr += `${error.message}\n`;
        if (this.process.pid === undefined) end({ code: null, signal: null }); // the process did not start
      });
      this.process.once('close', (code, signal) => end({ code, signal }));
    });
  }

  get pid(): number | undefined {
    return this.process.pid;
  }

  /** Both outputs, for the message of a failure. */
  get output(): string {
    return `${this.stdout}${this.stderr}`;
  }

  /** Sends a signal; does nothing to a process that has ended. */
  kill(signal: NodeJS.Signals): void {
    if (this.running) this.process.kill(signal);
  }

  /** Resolves once the output contains the text. Rejects with the whole output if the process ends without it. */
  async said(text: string | RegExp, milliseconds = 20_000): Promise<void> {
    const holds = (): boolean => (typeof text === 'string' ? this.output.includes(text) : text.test(this.output));
    const watch = async (): Promise<void> => {
      while (!holds()) {
        if (!this.running) throw new Error(`${this.command} ended before it said ${String(text)}:\n${this.output}`);
        await Promise.race([once(this.grew, 'output'), this.exited]);
      }
    };
    await within(milliseconds, () => `${this.command} to say ${String(text)}; it said:\n${this.output}`, watch());
  }

  /** Sends a signal and waits until the process has ended. */
  async stop(signal: NodeJS.Signals = 'SIGTERM', milliseconds = 30_000): Promise<Exit> {
    this.kill(signal);
    return within(milliseconds, () => `${this.command} to end after ${signal}; it said:\n${this.output}`, this.exited);
  }

  private collect(name: 'stdout' | 'stderr'): void {
    const stream = this.process[name]!;
    stream.setEncoding('utf8');
    stream.on('data', (chunk: string) => {
      this[name] += chunk;
      this.grew.emit('output');
    });
  }
}
