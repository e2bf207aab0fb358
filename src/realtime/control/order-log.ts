import { Injectable } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { eventBody } from '../../protocol/index.js';
import { RedisBridge } from '../bridge/redis-bridge.service.js';
import { Broker, type HistoryWindow } from '../broker/broker.js';
import { SafeLogger } from '../observability/safe-logger.js';
import { Confirmations } from './confirmations.js';
import { readOrder, type Order } from './order.js';

/** The channels on which instances tell each other what to do, and that it was done; no client can name them. */
const ORDERS = '$ctl';
const CONFIRMATIONS = '$ctl-done';
/** An instance that was cut off carries out what it missed: so much is kept. */
const HISTORY: HistoryWindow = { size: 1_000, ttlMs: 3_600_000 };
const PUBLISH_TIMEOUT_MS = 10_000;
/** How long an instance may take to confirm before it counts as cut off, in milliseconds. */
const CONFIRM_MS = 2_000;

/** Who carries orders out. */
export interface OrderTaker {
  carryOut(order: Order): Promise<void>;
  /** Orders were missed and cannot be had any more. */
  missed(): void;
}

/** The log of orders that all instances follow, each carrying them out and saying so. */
@Injectable()
export class OrderLog {
  private readonly logger = new SafeLogger('Realtime');
  private readonly confirmations = new Confirmations();
  /** This instance, to those who wait. */
  private readonly self = randomUUID();

  constructor(
    private readonly broker: Broker,
    private readonly bridge: RedisBridge,
  ) {}

  /** Begins to carry out orders; there is one taker. */
  follow(taker: OrderTaker): void {
    this.bridge.follow(CONFIRMATIONS, null, {
      event: (data) => this.confirmed(data),
      reset: () => undefined,
    });
    this.bridge.follow(ORDERS, HISTORY, {
      event: (data) => this.take(data, taker),
      reset: () => taker.missed(),
    });
  }

  /**
   * Gives an order to every instance. Resolves once all that can be reached have carried it out.
   * @throws RealtimeUnavailableError when it could not be given
   */
  async give(order: Order): Promise<void> {
    const id = randomUUID();
    this.confirmations.expect(id);
    try {
      await this.publish(ORDERS, { ...order, id }, HISTORY, PUBLISH_TIMEOUT_MS);
      // Counted after it was given: whoever heard it and still listens is among them.
      const instances = await this.broker.listeners(ORDERS);
      const missing = await this.confirmations.missing(id, instances, CONFIRM_MS);
      if (missing > 0) {
        this.logger.warn(
          `${missing} of ${instances} instances did not confirm the order ${order.do} within ${CONFIRM_MS} ms: they carry it out when they hear of it`,
        );
      }
    } finally {
      this.confirmations.end(id);
    }
  }

  private async take(data: unknown, taker: OrderTaker): Promise<void> {
    const { order, id } = readOrder(data);
    await taker.carryOut(order);
    if (id === null) return;
    // Whoever waits for it says so itself when it does not come.
    await this.publish(CONFIRMATIONS, { order: id, instance: this.self }, null, CONFIRM_MS).catch(() => undefined);
  }

  private confirmed(data: unknown): void {
    const { order, instance } = (data ?? {}) as { order?: unknown; instance?: unknown };
    if (typeof order !== 'string' || typeof instance !== 'string') throw new Error('it confirms nothing');
    this.confirmations.confirm(order, instance);
  }

  private async publish(
    channel: string,
    data: object,
    history: HistoryWindow | null,
    timeoutMs: number,
  ): Promise<void> {
    const body = eventBody(channel, JSON.stringify(data), new Date().toISOString());
    await this.broker.publish({ channel, body, history, timeoutMs });
  }
}
