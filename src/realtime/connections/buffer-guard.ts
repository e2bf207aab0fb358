import type { Counters } from '../observability/counters.js';
import type { Connection } from './connection.js';

/**
 * Limits the bytes that wait for all connections together. Above the limit, it closes the connections with the largest buffers
 * first: an open connection is closed as a slow consumer, and a connection that is already closing is terminated.
 */
export class BufferGuard {
  /** Waiting bytes of the connections that were sampled in this round. */
  private sampled = 0;

  constructor(
    private readonly connections: { all(): Iterable<Connection> },
    private readonly counters: Pick<Counters, 'slowConsumersClosed' | 'buffersOverflowed' | 'byTenant'>,
    private readonly maxBytes: number,
  ) {}

  sample({ sendBuffer }: Pick<Connection, 'sendBuffer'>): void {
    this.sampled += sendBuffer.bufferedBytes;
  }

  /** Call it after all connections were sampled. The exact total is computed only if the samples exceed the limit. */
  endRound(): void {
    const { sampled } = this;
    this.sampled = 0;
    if (sampled > this.maxBytes) this.check();
  }

  check(): void {
    let total = 0;
    for (const { sendBuffer } of this.connections.all()) total += sendBuffer.bufferedBytes;
    if (total <= this.maxBytes) return;
    this.counters.buffersOverflowed += 1;
    const worstFirst = [...this.connections.all()]
      .map((connection) => ({ connection, bytes: connection.sendBuffer.bufferedBytes }))
      .sort((a, b) => b.bytes - a.bytes);
    for (const { connection, bytes } of worstFirst) {
      if (total <= this.maxBytes) return;
      total -= bytes;
      if (connection.closing) connection.transport.terminate();
      else {
        this.counters.slowConsumersClosed += 1;
        this.counters.byTenant.add(connection.principal?.tenant ?? null, 'slowConsumersClosed');
        connection.close('slowConsumer');
      }
    }
  }
}
