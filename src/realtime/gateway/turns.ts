/** Steps of a request that are taken in one turn of the event loop. */
const STEPS_PER_TURN = 32;

/** Lets other connections have their turn while a large request is carried out. */
export class Turns {
  private steps = 0;

  /** Call it before each step. Returns a promise if the event loop has to turn first. */
  next(): Promise<void> | undefined {
    this.steps += 1;
    return this.steps % STEPS_PER_TURN === 0 ? new Promise(setImmediate) : undefined;
  }
}
