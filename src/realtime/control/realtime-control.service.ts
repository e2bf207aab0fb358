import { Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { eventBody } from '../../protocol/index.js';
import { RedisBridge } from '../bridge/redis-bridge.service.js';
import { Broker, type HistoryWindow } from '../broker/broker.js';
import { ChannelPolicyService } from '../channels/channel-policy.service.js';
import type { Connection } from '../connections/connection.js';
import { ConnectionRegistry } from '../connections/connection-registry.js';
import { judgeAnew } from './judge-anew.js';

/** The channel on which instances tell each other what to do; no client can name it. */
const CONTROL_CHANNEL = '$ctl';
/** An instance that was cut off applies what it missed: so much is kept. */
const CONTROL_HISTORY: HistoryWindow = { size: 1_000, ttlMs: 3_600_000 };
const PUBLISH_TIMEOUT_MS = 10_000;

/** What one instance tells all, itself included. */
type Order =
  | { readonly do: 'disconnect_user'; readonly userId: string }
  | { readonly do: 'disconnect_session'; readonly jti: string }
  | { readonly do: 'disconnect_connection'; readonly connectionId: string }
  | { readonly do: 'judge_user'; readonly userId: string };

/**
 * Ends connections, and has rights judged anew, on every instance: each method resolves once the order is in the log that
 * all instances follow, and they carry it out within a second. An instance that was cut off does so when it is back.
 */
@Injectable()
export class RealtimeControl implements OnApplicationBootstrap {
  private readonly logger = new Logger('Realtime');

  constructor(
    private readonly broker: Broker,
    private readonly bridge: RedisBridge,
    private readonly registry: ConnectionRegistry,
    private readonly policy: ChannelPolicyService,
  ) {}

  onApplicationBootstrap(): void {
    this.bridge.follow(CONTROL_CHANNEL, CONTROL_HISTORY, {
      event: (data) => this.carryOut(data as Order),
      // Redis lost the log of orders, or this instance was away for longer than they are kept.
      reset: () => void this.judgeAll(),
    });
  }

  /** Closes every connection of a user with 4403. @throws RealtimeUnavailableError */
  disconnectUser(userId: string): Promise<void> {
    return this.tell({ do: 'disconnect_user', userId });
  }

  /** Closes every connection whose token has this `jti` with 4403. @throws RealtimeUnavailableError */
  disconnectSession(jti: string): Promise<void> {
    return this.tell({ do: 'disconnect_session', jti });
  }

  /** Closes one connection with 4403. @throws RealtimeUnavailableError */
  disconnectConnection(connectionId: string): Promise<void> {
    return this.tell({ do: 'disconnect_connection', connectionId });
  }

  /** Has every subscription of a user judged anew; those that it may no longer have end with `access_revoked`. @throws RealtimeUnavailableError */
  judgeUser(userId: string): Promise<void> {
    return this.tell({ do: 'judge_user', userId });
  }

  private async tell(order: Order): Promise<void> {
    const body = eventBody(CONTROL_CHANNEL, JSON.stringify(order), new Date().toISOString());
    await this.broker.publish({
      channel: CONTROL_CHANNEL,
      body,
      history: CONTROL_HISTORY,
      timeoutMs: PUBLISH_TIMEOUT_MS,
    });
  }

  private async carryOut(order: Order): Promise<void> {
    const concerned = [...this.concernedBy(order)];
    if (order.do !== 'judge_user') {
      for (const connection of concerned) connection.close('accessRevoked');
      return;
    }
    await this.judge(concerned);
  }

  /** What was ordered meanwhile is not known: nobody keeps a subscription that the policies do not grant now. */
  private async judgeAll(): Promise<void> {
    this.logger.warn('Orders of other instances may have been missed: every subscription is judged anew');
    await this.judge([...this.registry.all()]);
  }

  private async judge(connections: readonly Connection[]): Promise<void> {
    for (const connection of connections) {
      await judgeAnew({ policy: this.policy, bridge: this.bridge }, connection).catch((error: unknown) =>
        this.logger.error(`Connection ${connection.id} could not be judged anew`, error),
      );
    }
  }

  private concernedBy(order: Order): Iterable<Connection> {
    switch (order.do) {
      case 'disconnect_user':
      case 'judge_user':
        return this.registry.ofUser(order.userId);
      case 'disconnect_session':
        return [...this.registry.all()].filter(({ principal }) => principal?.jti === order.jti);
      case 'disconnect_connection': {
        const connection = this.registry.get(order.connectionId);
        return connection === undefined ? [] : [connection];
      }
    }
  }
}
