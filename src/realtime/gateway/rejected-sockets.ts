import { safely } from '../observability/run-safely.js';
import type { ResolvedRealtimeOptions } from '../options/realtime-options.js';

type Limits = Pick<ResolvedRealtimeOptions, 'maxConnections' | 'maxConnectionsPerAddress'>;

/**
 * Counts sockets that were upgraded only to send an `error` and a close. Each stays open until its client closes it too,
 * for at most `closeTimeoutMs`. They take no connection slot, so they have separate limits: a tenth of those of
 * connections.
 */
export class RejectedSockets {
  private open = 0;
  private readonly openFrom = new Map<string, number>();
  private readonly max: number;
  private readonly maxPerAddress: number;

  constructor({ maxConnections, maxConnectionsPerAddress }: Limits) {
    this.max = Math.max(100, Math.ceil(maxConnections / 10));
    this.maxPerAddress = Math.max(20, Math.ceil(maxConnectionsPerAddress / 10));
  }

  /** Counts the socket until it is closed. @returns false if too many are open; the socket should not be upgraded then */
  hold(socket: Pick<NodeJS.EventEmitter, 'once'>, address: string): boolean {
    const openHere = this.openFrom.get(address) ?? 0;
    if (this.open >= this.max || openHere >= this.maxPerAddress) return false;
    this.open += 1;
    this.openFrom.set(address, openHere + 1);
    socket.once(
      'close',
      safely('The end of a refused socket', () => this.release(address)),
    );
    return true;
  }

  private release(address: string): void {
    this.open -= 1;
    const rest = this.openFrom.get(address)! - 1;
    if (rest === 0) this.openFrom.delete(address);
    else this.openFrom.set(address, rest);
  }
}
