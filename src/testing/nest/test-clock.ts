import type { ConnectionRegistry, RealtimeClock } from '../../realtime/index.js';
import { soon } from './signal.js';

/** `90s`, `15m`, `8h`, or a number of milliseconds. */
export type Duration = `${number}${'ms' | 's' | 'm' | 'h' | 'd'}` | number;

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
/** Time for a real client to answer a heartbeat, in milliseconds. */
const PATIENCE_MS = 1_000;

/**
 * Clock of one application that tests can advance: tokens expire, heartbeats become due, and silent connections are
 * closed, without waiting. Timers of the test runner, the system clock and other applications are not affected.
 * @hideconstructor
 */
export class TestClock {
  constructor(
    private readonly clock: RealtimeClock,
    private readonly registry: ConnectionRegistry,
    private readonly heartbeatMs: number,
    private readonly isSilent: (connectionId: string) => boolean,
  ) {}

  /** Current time of the application. */
  get now(): Date {
    return new Date(this.clock.wall());
  }

  /**
   * Advances the clock. Live clients answer the heartbeats that become due. When this resolves, the server has ended
   * everything that has expired by then. Wait for the result with `client.next('error')` or `client.whenClosed()`.
   * @param by such as `8h`, or milliseconds
   */
  async advance(by: Duration): Promise<void> {
    let left = millisecondsOf(by);
    // Two heartbeats are enough to detect silent clients. More would make no difference.
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
    `${JSON.stringify(duration)} is not a duration: write "90s", "15m", "8h", or milliseconds above 0`,
  );
}
