/** The queue is full. The message is sent to the client. */
export class BusyError extends Error {
  override readonly name = 'BusyError';
}

/** Runs a limited number of jobs at a time and queues a limited number more, which bounds the delay under a flood. */
export class HashingQueue {
  private running = 0;
  private readonly waiting: (() => void)[] = [];

  constructor(
    private readonly maxRunning: number,
    private readonly maxWaiting: number,
  ) {}

  /** @throws BusyError if the queue is full */
  async run<T>(job: () => Promise<T>): Promise<T> {
    if (this.running >= this.maxRunning) {
      if (this.waiting.length >= this.maxWaiting) throw new BusyError('Too many sign-ins at the moment: try again');
      await new Promise<void>((resolve) => this.waiting.push(resolve)); // takes the slot of the job that ends
    } else this.running += 1;
    try {
      return await job();
    } finally {
      const next = this.waiting.shift();
      if (next === undefined) this.running -= 1;
      else next();
    }
  }
}
