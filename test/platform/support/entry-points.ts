import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';

/** The output and the exit code of an entry point. */
export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs entry points of the build that end soon, such as a refused start, one after the other in one process. A process
 * for each run takes two seconds of CPU to load the same modules.
 */
export class EntryPoints {
  private readonly process: ChildProcess;

  constructor() {
    if (!existsSync('dist/main.js')) throw new Error('dist/main.js is missing: run "npm run build" first');
    this.process = fork(resolve('test/platform/support/entry-points.mjs'), {
      execArgv: ['--liftoff-only'],
      stdio: 'inherit',
    });
  }

  /** @param env all environment variables of the run */
  async run(file: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<Outcome> {
    const ended = new AbortController();
    const { signal } = ended;
    try {
      const outcome = once(this.process, 'message', { signal });
      const exit = once(this.process, 'exit', { signal }).then(([code]): never => {
        throw new Error(`${file} ended the process (code ${code})`);
      });
      this.process.send({ file: resolve(file), args, env });
      const [message] = (await Promise.race([outcome, exit])) as [Outcome];
      return message;
    } finally {
      ended.abort();
    }
  }

  async stop(): Promise<void> {
    if (!this.process.connected) return;
    const exit = once(this.process, 'exit');
    this.process.disconnect();
    await exit;
  }
}
