import { Injectable } from '@nestjs/common';

/**
 * Publishes what is left before an ending application closes its connections. Nest calls shutdown hooks in the order of
 * modules, which the application decides, so a hook alone could run too late.
 */
@Injectable()
export class FinalEvents {
  private readonly tasks: (() => Promise<void>)[] = [];

  /** @param task publishes events; it never rejects, and has its own time limit */
  add(task: () => Promise<void>): void {
    this.tasks.push(task);
  }

  /** Runs all tasks. */
  async publish(): Promise<void> {
    await Promise.all(this.tasks.map((task) => task()));
  }
}
