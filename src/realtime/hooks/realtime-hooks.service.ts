import { Injectable, type OnModuleInit } from '@nestjs/common';
import { DiscoveryService, MetadataScanner } from '@nestjs/core';
import type { Connection } from '../connections/connection.js';
import { ConnectionRegistry } from '../connections/connection-registry.js';
import type { Subscriber, Subscription } from '../connections/subscription.js';
import { Counters } from '../observability/counters.js';
import { safely } from '../observability/run-safely.js';
import { findHooks } from './find-hooks.js';
import { HookRunner } from './hook-runner.js';
import type { HookClient } from './on-realtime.js';

/** Finds the methods with `@OnRealtime`, and calls those about clients of this instance. */
@Injectable()
export class RealtimeHookService implements OnModuleInit {
  /** Without hooks until the application is initialised. */
  runner: HookRunner;

  constructor(
    private readonly discovery: DiscoveryService,
    private readonly registry: ConnectionRegistry,
    private readonly counters: Counters,
  ) {
    this.runner = new HookRunner([], counters);
  }

  /** @throws Error if a hook cannot be called */
  onModuleInit(): void {
    this.runner = new HookRunner(findHooks(this.discovery, new MetadataScanner()), this.counters);
    if (!this.runner.has('subscribed', 'unsubscribed')) return;
    this.registry.listen({
      began: ({ channel }, connection) => this.runner.later('subscribed', { ...clientOf(connection), channel }),
      ended: (subscription) => this.unsubscribed(subscription),
      resumed: () => undefined,
      identified: () => undefined,
    });
  }

  /** A client received `connected`. @param onEnd calls back with the close code when the connection has ended */
  connected(connection: Connection, onEnd: (callback: (code: number) => void) => void): void {
    const { runner } = this;
    runner.later('connected', clientOf(connection));
    if (!runner.has('disconnected')) return;
    // Other callbacks of the same turn end the subscriptions of the client first.
    onEnd((code) =>
      queueMicrotask(safely('A hook', () => runner.later('disconnected', { ...clientOf(connection), code }))),
    );
  }

  private unsubscribed({ connection, channel }: Subscription): void {
    const disconnected = connection.closing === true;
    this.runner.later('unsubscribed', { ...clientOf(connection as Subscriber & Connection), channel, disconnected });
  }
}

function clientOf({ id, principal }: Pick<Connection, 'id' | 'principal'>): HookClient {
  const user = principal === null || principal.guest !== undefined ? null : principal.user;
  return { connectionId: id, user, tenant: principal?.tenant ?? null };
}
