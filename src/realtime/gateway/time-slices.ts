/** Steps of a request that are taken in one turn of the event loop. */
const STEPS_PER_TURN = 32;

/** Steps that take this long together are enough for one turn, too, in milliseconds. */
const MAX_TURN_MS = 10;

/** Lets other connections have their turn while a large request is carried out. */
export class TimeSlices {
  private steps = 0;
  private begun = performance.now();

  /** Call it before each step. Returns a promise if the event loop has to turn first. */
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
