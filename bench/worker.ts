import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';

interface Reply {
  readonly id: number;
  readonly result?: unknown;
  readonly error?: string;
}

interface Call {
  readonly id: number;
  readonly name: string;
  readonly args: unknown;
}

/** Time limit of a call, in milliseconds. */
const CALL_MS = 120_000;

/** Calls that a process of the benchmark handles. */
export type Handlers = Readonly<Record<string, (args: never) => unknown>>;

type Asked<H, K extends keyof H> = H[K] extends (args: infer A) => infer R ? { args: A; result: Awaited<R> } : never;

/** A child process of the benchmark: the server under test, or its load. It ends with its parent. */
export class Worker<H> {
  private readonly child: ChildProcess;
  private readonly waiting = new Map<number, (reply: Reply) => void>();
  private calls = 0;

  /** @param script path relative to this file @param nodeArgs flags of Node */
  constructor(script: string, args: readonly string[] = [], nodeArgs: readonly string[] = []) {
    this.child = fork(fileURLToPath(new URL(script, import.meta.url)), args, {
      execArgv: ['--import', 'tsx', ...nodeArgs],
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    this.child.on('message', (reply: Reply) => this.waiting.get(reply.id)?.(reply));
    this.child.once('exit', (code, signal) => {
      const error = `${script} ended: ${code ?? signal}`;
      for (const [id, settle] of this.waiting) settle({ id, error });
    });
  }

  get pid(): number {
    return this.child.pid!;
  }

  call<K extends keyof H & string>(name: K, args: Asked<H, K>['args']): Promise<Asked<H, K>['result']> {
    const id = (this.calls += 1);
    return new Promise<never>((resolve, reject) => {
      const timer = setTimeout(() => settle({ id, error: `${name} took longer than ${CALL_MS} ms` }), CALL_MS);
      const settle = (reply: Reply): void => {
        clearTimeout(timer);
        this.waiting.delete(id);
        if (reply.error === undefined) resolve(reply.result as never);
        else reject(new Error(`${name}: ${reply.error}`));
      };
      this.waiting.set(id, settle);
      const call: Call = { id, name, args };
      this.child.send(call, (error) => error && settle({ id, error: error.message }));
    });
  }

  async stop(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const gone = new Promise((resolve) => void this.child.once('exit', resolve));
    // It exits when its parent disconnects, and writes its profile if profiling is on.
    this.child.disconnect();
    const timer = setTimeout(() => this.child.kill('SIGKILL'), 10_000);
    await gone;
    clearTimeout(timer);
  }
}

/** The other end: handles the calls of the parent concurrently. */
export function answerCalls(handlers: Handlers): void {
  process.on('disconnect', () => process.exit());
  process.on('message', ({ id, name, args }: Call) => {
    const answer = (reply: Reply): void => void process.send!(reply);
    Promise.resolve()
      .then(() => handlers[name]!(args as never))
      .then(
        (result) => answer({ id, result }),
        (error: unknown) => answer({ id, error: error instanceof Error ? (error.stack ?? error.message) : 'failed' }),
      );
  });
}
