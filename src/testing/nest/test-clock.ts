import type { ConnectionRegistry, RealtimeClock } from '../../realtime/index.js';
import { soon } from './signal.js';

/** `90s`, `15m`, `8h`, or a number of milliseconds. */
export type Duration = `${number}${'ms' | 's' | 'm' | 'h' | 'd'}` | number;

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
/** How long a client that is not the test's may take to answer a heartbeat, in milliseconds. */
const PATIENCE_MS = 1_000;

/**
 * The time of one application, which a test turns ahead: tokens end, heartbeats are due, peers that are silent are closed,
 * and nobody waits. Timers of the test runner, the system's clock and other applications go on as they are.
 * @hideconstructor
 */
export class TestClock {
  constructor(
    private readonly clock: RealtimeClock,
    private readonly registry: ConnectionRegistry,
    private readonly heartbeatMs: number,
    private readonly isSilent: (connectionId: string) => boolean,
  ) {}

  /** What time it is for the application. */
  get now(): Date {
    return new Date(this.clock.wall());
  }

  /**
   * Advances the clock. Live clients answer the heartbeats that are due meanwhile; when this resolves, the server has
   * ended what is over by then: wait for what it says with `client.next('error')` or `client.whenClosed()`.
   * @param by such as `8h`, or milliseconds
   */
  async advance(by: Duration): Promise<void> {
    let left = millisecondsOf(by);
    // Two heartbeats find out who is silent: of those that follow nobody could tell the difference.
    for (const stepMs of [this.heartbeatMs, this.heartbeatMs, left]) {
      const byMs = Math.min(stepMs, left);
      left -= byMs;
      this.clock.advance(byMs);
      await soon(() => this.isAnswered(), PATIENCE_MS);
      if (left === 0) return;
    }
  }

  private isAnswered(): boolean {
    for (const { id, alive, closing } of this.registry.all()) {
      if (!alive && !closing && !this.isSilent(id)) return false;
    }
    return true;
  }
}

function millisecondsOf(duration: Duration): number {
  const [, amount, unit] = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(String(duration)) ?? [];
  const milliseconds = typeof duration === 'number' ? duration : Number(amount) * (UNITS[unit ?? ''] ?? NaN);
  if (milliseconds > 0) return milliseconds;
  throw new RangeError(
    `${JSON.stringify(duration)} is no time to go ahead by: write "90s", "15m", "8h", or milliseconds`,
  );
}
