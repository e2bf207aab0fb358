import { runSafely, safely } from '../observability/run-safely.js';

/** Interval at which changed states are stored, in milliseconds. */
const ADVANCE_MS = 15_000;

/** Stores changed states before the events that they lack leave the history: after some events, and after some time. */
export class Advances {
  private readonly changed = new Set<string>();
  private readonly running = new Set<string>();
  private readonly timer: NodeJS.Timeout;

  /** @param advance brings the stored state of a topic up to date */
  constructor(private readonly advance: (topic: string) => Promise<void>) {
    this.timer = setInterval(
      safely('Storing states', () => {
        for (const topic of this.changed) this.start(topic);
      }),
      ADVANCE_MS,
    ).unref();
  }

  /** @param isDue true if many events have changed it */
  onEvent(topic: string, isDue: boolean): void {
    this.changed.add(topic);
    if (isDue) this.start(topic);
  }

  close(): void {
    clearInterval(this.timer);
    this.changed.clear();
  }

  private start(topic: string): void {
    if (this.running.has(topic)) return;
    this.changed.delete(topic);
    this.running.add(topic);
    runSafely('Storing a state', async () => {
      try {
        await this.advance(topic);
      } finally {
        this.running.delete(topic);
      }
    });
  }
}
