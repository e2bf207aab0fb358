/** Number of steps of a request in one turn of the event loop. */
const STEPS_PER_TURN = 32;

/** Maximum time of the steps in one turn, in milliseconds. */
const MAX_TURN_MS = 10;

/** Yields to the event loop while a large request is processed, so that other connections are served. */
export class TimeSlices {
  private steps = 0;
  private begun = performance.now();

  /** Call it before each step. Returns a promise if the step has to wait for the next turn. */
  next(): Promise<void> | undefined {
    this.steps += 1;
    if (this.steps < STEPS_PER_TURN && performance.now() - this.begun < MAX_TURN_MS) return undefined;
    return this.yield();
  }

  private async yield(): Promise<void> {
    await new Promise(setImmediate);
    this.steps = 0;
    this.begun = performance.now();
  }
}
