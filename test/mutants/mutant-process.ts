import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';

/** Mutants of one process: their modules stay in its memory. */
const MUTANTS_PER_PROCESS = 60;

const ARGS = ['--ci', '--config', 'test/mutants/runner/jest.config.cjs', '--silent', '--runTestsByPath'];

/** Runs specs against mutants in a Jest process, which is replaced after a mutant that hangs or ends it. */
export class MutantProcess {
  private child: ChildProcess | null = null;
  private mutants = 0;

  /**
   * @param specs all specs that can be run
   * @param limitMs time limit of a spec: a mutant that loops forever counts as detected
   */
  constructor(
    private readonly specs: readonly string[],
    private readonly limitMs = 60_000,
  ) {}

  /**
   * Runs specs against one mutant, until one fails.
   * @returns true if one failed, or did not end
   */
  async detects(mutant: Readonly<Record<string, string>>, specs: readonly string[]): Promise<boolean> {
    this.mutants += 1;
    if (this.mutants > MUTANTS_PER_PROCESS) await this.stop();
    const child = (this.child ??= await this.start());
    child.send({ query: new URLSearchParams(mutant).toString(), specs: specs.map((spec) => resolve(spec)) });
    const reply = await replyOf(child, this.limitMs);
    if (reply === null) await this.stop();
    return reply?.failed !== null;
  }

  async stop(): Promise<void> {
    const { child } = this;
    this.child = null;
    if (child?.exitCode === null && child.signalCode === null) {
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
  }

  private async start(): Promise<ChildProcess> {
    this.mutants = 0;
    const child = fork('node_modules/jest/bin/jest.js', [...ARGS, ...this.specs], { stdio: 'ignore' });
    if ((await replyOf(child, 60_000)) === null) throw new Error('Jest did not start');
    return child;
  }
}

interface Reply {
  /** The first spec that failed. */
  readonly failed: string | null;
}

/** Resolves with the next reply of a process; with `null` if it ends before, or if its next message takes too long. */
function replyOf(child: ChildProcess, ms: number): Promise<Reply | null> {
  return new Promise((settle) => {
    const end = (reply: Reply | null): void => {
      clearTimeout(timer);
      child.removeAllListeners();
      settle(reply);
    };
    const timer = setTimeout(end, ms, null);
    child.on('message', (message) => (message === 'next' ? timer.refresh() : end(message as Reply)));
    child.once('exit', () => end(null));
  });
}
