import type { Problem } from '../network-problem.js';
import { printable } from '../printable.js';
import type { Terminal } from '../terminal.js';

const WIDTH = 13;

/** Prints the steps of a check. */
export class Report {
  failures = 0;

  constructor(private readonly terminal: Terminal) {}

  passed(step: string, text: string): void {
    this.print('✔', step, text);
  }

  /** A step that can cause problems, but does not fail the check. */
  warned(step: string, { problem, advice }: Problem): void {
    this.print('!', step, problem, advice);
  }

  failed(step: string, { problem, advice }: Problem): void {
    this.failures += 1;
    this.print('✘', step, problem, advice);
  }

  private print(mark: string, step: string, text: string, advice: readonly string[] = []): void {
    const lines = [
      `${mark} ${step.padEnd(WIDTH)}${printable(text)}`,
      ...advice.map((line) => `${' '.repeat(WIDTH + 2)}${printable(line)}`),
    ];
    void this.terminal.write(`${lines.join('\n')}\n`);
  }
}
